"""template.yaml as SAM hands it to CloudFormation: what neither `sam validate` nor cfn-lint look into.

An intrinsic in the wrong place takes the whole of the API's CORS rules with it.
"""

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

template = yaml_parse(open("template.yaml").read())
policies = {name: f"arn:aws:iam::aws:policy/{name}" for name in ("AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess")}
parameters = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
session = boto3.session.Session(region_name="ap-south-1")
functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
events = sum(event["Type"] == "HttpApi" for one in functions for event in one["Properties"].get("Events", {}).values())
for one in functions:
    one["Properties"]["CodeUri"] = "s3://bucket/key"
wanted = template["Resources"]["Api"]["Properties"]["CorsConfiguration"]
translated = Translator(policies, Parser(), boto_session=session).translate(template, parameters)

api = translated["Resources"]["Api"]["Properties"]
cors = api["Body"]["x-amazon-apigateway-cors"]
for ours, theirs in (
    ("AllowOrigins", "allowOrigins"),
    ("AllowMethods", "allowMethods"),
    ("AllowHeaders", "allowHeaders"),
    ("ExposeHeaders", "exposeHeaders"),
    ("MaxAge", "maxAge"),
):
    assert cors.get(theirs) == wanted[ours], f"{ours}: {cors.get(theirs)}"
routes = {(path, method) for path, methods in api["Body"]["paths"].items() for method in methods}
assert len(routes) == events, f"{len(routes)} of {events} routes"
print(f"template.yaml is translated: {len(routes)} routes, CORS for {len(cors['allowOrigins'])} origins at most")
