"""Who sends the cases to a running stack, and what there is for them to end.

people.py FOLDER token ROLE       the API's address, and an access token
people.py FOLDER document         openapi.json, without the one key for every request
people.py FOLDER entered TOKEN    fails unless there is another hospital than the stack's own
people.py FOLDER with-ends TOKEN  the same, naming people and sessions made for this
people.py FOLDER ended TOKEN      fails unless all of those have ended
"""

import json
import sys
import urllib.error
import urllib.request

FOLDER, COMMAND, *GIVEN = sys.argv[1:]
STACK = json.load(open(f"{FOLDER}/stack/stack.json"))


def ask(method, path, token=None, body=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(STACK["api"] + path, sent, headers, method=method)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")


def log_in(role):
    if role == "admin":
        return ask("POST", "/login", body=STACK["admin"])["accessToken"]
    person = next(one for one in STACK["demo"]["people"] if one["role"] == role)
    key = {"email": person["email"], "password": person["password"]}
    return ask("POST", "/login", body=key | {"hospital": STACK["demo"]["hospital"]})["accessToken"]


def patient(token, name):
    body = {"name": "Asha Rao", "email": f"{name}@mail.example", "mobile": "+919876543210", "identifier": name}
    return ask("POST", "/create/patient", token, body)["accountId"]


def entered(token):
    assert len(ask("GET", "/hospitals", token)["items"]) > 1


def sessions(token):
    return [one["id"] for one in ask("GET", "/me/sessions", token)["items"] if not one["current"]]


def document():
    # A request under a key that was used is refused or replayed, whatever else is in it.
    whole = json.load(open("openapi.json"))
    del whole["components"]["parameters"]["IdempotencyKey"]["example"]
    return whole


def with_ends(token):
    log_in("hospital")
    whole = document()
    for path, method, ids in (
        ("/users/{id}", "delete", [patient(token, f"removed-{n}") for n in range(2)]),
        ("/users/{id}/block", "post", [patient(token, f"blocked-{n}") for n in range(2)]),
        ("/me/sessions/{id}", "delete", sessions(token)),
    ):
        parameters = whole["paths"][path][method]["parameters"]
        in_path = next(one for one in parameters if one.get("in") == "path")
        in_path["examples"] = {one: {"value": one} for one in ids}
    return whole


def ended(token):
    people = ask("GET", "/users?role=patient&limit=100", token)["items"]
    left = {one["email"].split("@")[0]: one["status"] for one in people}
    assert not any(name.startswith("removed-") for name in left), left
    # One who was blocked may be removed, too.
    assert all(left[name] == "blocked" for name in left if name.startswith("blocked-")), left
    assert not sessions(token)


if COMMAND == "token":
    print(STACK["api"], log_in(*GIVEN))
elif COMMAND == "document":
    print(json.dumps(document()))
elif COMMAND == "entered":
    entered(*GIVEN)
elif COMMAND == "with-ends":
    print(json.dumps(with_ends(*GIVEN)))
elif COMMAND == "ended":
    ended(*GIVEN)
