//! CloudFormation's functions, long (`Fn::Sub`) and short (`!Sub`), over parameters' defaults.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use super::{ACCOUNT, REGION};

/// Resolves what can be known before a deployment; a resource becomes its logical id.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: Option<&'a Yaml>,
    mappings: Option<&'a Yaml>,
}

/// `!Ref AWS::NoValue`: the member that has it is left out.
const NO_VALUE: &str = "\u{0}AWS::NoValue";

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Yaml) -> Self {
        let mut parameters = BTreeMap::from([
            ("AWS::Region".to_owned(), json!(REGION)),
            ("AWS::AccountId".to_owned(), json!(ACCOUNT)),
            ("AWS::Partition".to_owned(), json!("aws")),
            ("AWS::URLSuffix".to_owned(), json!("amazonaws.com")),
            ("AWS::StackName".to_owned(), json!("local")),
            ("AWS::NoValue".to_owned(), json!(NO_VALUE)),
        ]);
        let declared = document.get("Parameters").and_then(Yaml::as_mapping);
        for (name, parameter) in declared.into_iter().flatten() {
            if let Some(name) = name.as_str() {
                let default = parameter.get("Default").map_or(json!(""), plain);
                parameters.insert(name.to_owned(), default);
            }
        }
        let (conditions, mappings) = (document.get("Conditions"), document.get("Mappings"));
        Self { parameters, conditions, mappings }
    }

    /// The value with every function applied.
    pub(super) fn resolve(&self, value: &Yaml) -> Value {
        match value {
            Yaml::Tagged(tagged) => {
                let name = tagged.tag.to_string();
                self.apply(name.trim_start_matches('!'), &tagged.value)
            }
            Yaml::Sequence(items) => {
                items.iter().map(|item| self.resolve(item)).filter(|v| v != NO_VALUE).collect()
            }
            Yaml::Mapping(members) => {
                if let [(Yaml::String(key), argument)] =
                    members.iter().collect::<Vec<_>>().as_slice()
                {
                    if let Some(name) = key.strip_prefix("Fn::") {
                        return self.apply(name, argument);
                    }
                    if key == "Ref" {
                        return self.apply(key, argument);
                    }
                }
                let resolved = members.iter().filter_map(|(key, value)| {
                    let value = self.resolve(value);
                    (value != NO_VALUE).then(|| (text(&plain(key)), value))
                });
                Value::Object(resolved.collect::<Map<_, _>>())
            }
            other => plain(other),
        }
    }

    fn apply(&self, function: &str, argument: &Yaml) -> Value {
        if function == "If" {
            return self.choose(argument);
        }
        let value = self.resolve(argument);
        let items: &[Value] = value.as_array().map_or(&[], Vec::as_slice);
        match (function, items) {
            ("Ref", _) => self.reference(&text(&value)),
            ("Sub", [Value::String(pattern), Value::Object(own)]) => self.substitute(pattern, own),
            ("Sub", _) => self.substitute(&text(&value), &Map::new()),
            ("GetAtt", [_, ..]) => json!(items.iter().map(text).collect::<Vec<_>>().join(".")),
            ("Join", [separator, Value::Array(parts)]) => {
                json!(parts.iter().map(text).collect::<Vec<_>>().join(&text(separator)))
            }
            ("Split", [separator, whole]) => {
                text(whole).split(&text(separator)).map(|part| json!(part)).collect()
            }
            ("Select", [index, Value::Array(list)]) => {
                let index = text(index).parse().unwrap_or(usize::MAX);
                list.get(index).cloned().unwrap_or_default()
            }
            ("Equals", [left, right]) => json!(text(left) == text(right)),
            ("And", _) => json!(items.iter().all(|item| item == true)),
            ("Or", _) => json!(items.iter().any(|item| item == true)),
            ("Not", [only]) => json!(only != true),
            ("Condition", _) => json!(self.condition(&text(&value))),
            ("FindInMap", [map, first, second]) => self.find(map, first, second),
            _ => value,
        }
    }

    fn choose(&self, argument: &Yaml) -> Value {
        match argument.as_sequence().map(Vec::as_slice) {
            Some([condition, yes, no]) => {
                let holds = self.condition(&text(&plain(condition)));
                self.resolve(if holds { yes } else { no })
            }
            _ => Value::Null,
        }
    }

    fn condition(&self, name: &str) -> bool {
        let rule = self.conditions.and_then(|all| all.get(name));
        rule.is_some_and(|rule| self.resolve(rule) == true)
    }

    fn find(&self, map: &Value, first: &Value, second: &Value) -> Value {
        let step = |at: Option<&'a Yaml>, key: &Value| at.and_then(|at| at.get(text(key)));
        step(step(step(self.mappings, map), first), second).map_or(Value::Null, plain)
    }

    fn reference(&self, name: &str) -> Value {
        self.parameters.get(name).cloned().unwrap_or_else(|| json!(name))
    }

    fn substitute(&self, pattern: &str, own: &Map<String, Value>) -> Value {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            if let Some(literal) = name.strip_prefix('!') {
                out.extend(["${", literal, "}"]);
            } else {
                let value = own.get(name).cloned().unwrap_or_else(|| self.reference(name));
                out.push_str(&text(&value));
            }
            rest = tail;
        }
        out.push_str(rest);
        json!(out)
    }
}

/// A scalar as CloudFormation passes it on.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// YAML without functions.
fn plain(value: &Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => plain(&tagged.value),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(expression: &str) -> Value {
        let document: Yaml = serde_yaml_ng::from_str(&format!(
            "Parameters:\n  Stage: {{Type: String, Default: dev}}\n  Limit: {{Type: Number, Default: 5}}\n\
             Conditions:\n  IsDev: !Equals [!Ref Stage, dev]\n  NotDev: !Not [!Condition IsDev]\n\
             Mappings:\n  M: {{dev: {{Size: 7}}}}\nX: {expression}\n"
        ))
        .unwrap();
        let resolver = Resolver::new(&document);
        resolver.resolve(&document).get("X").cloned().unwrap_or_default()
    }

    #[test]
    fn functions_resolve_as_cloudformation_does() {
        for (expression, expected) in [
            ("!Ref Stage", json!("dev")),
            ("{Ref: Limit}", json!(5)),
            ("!Ref Bucket", json!("Bucket")),
            ("!Sub '${Stage}-${AWS::Region}-${!literal}'", json!("dev-ap-south-1-${literal}")),
            ("{'Fn::Sub': ['${A}/${Stage}', {A: x}]}", json!("x/dev")),
            ("!GetAtt Queue.Arn", json!("Queue.Arn")),
            ("{'Fn::GetAtt': [Queue, Arn]}", json!("Queue.Arn")),
            ("!Join ['-', [a, !Ref Stage]]", json!("a-dev")),
            ("!If [IsDev, 1, 2]", json!(1)),
            ("!If [NotDev, 1, 2]", json!(2)),
            ("{a: !If [NotDev, 1, !Ref 'AWS::NoValue'], b: 2}", json!({"b": 2})),
            ("!Select [1, !Split [',', 'a,b']]", json!("b")),
            ("!FindInMap [M, !Ref Stage, Size]", json!(7)),
        ] {
            assert_eq!(resolved(expression), expected, "{expression}");
        }
    }
}
