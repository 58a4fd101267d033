//! One Redis command, and those that this API does not offer.

use serde_json::Value;

/// Commands that would block the shared connection, change its mode for everybody, or stop the
/// server. Upstash's REST API has none of them either: each request stands alone.
const REFUSED: [&str; 47] = [
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT",
    "CLUSTER",
    "CONFIG",
    "DEBUG",
    "DISCARD",
    "EXEC",
    "FAILOVER",
    "HELLO",
    "MIGRATE",
    "MODULE",
    "MONITOR",
    "MOVE",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "REPLICAOF",
    "RESET",
    "SAVE",
    "SELECT",
    "SHUTDOWN",
    "SLAVEOF",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SWAPDB",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WAITAOF",
    "WATCH",
    "ASKING",
    "READONLY",
    "READWRITE",
];

/// A command's words, as bytes: a value need not be text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command(Vec<Vec<u8>>);

impl Command {
    /// From words that are already apart; without any there is nothing to run.
    pub(super) fn from_words(words: Vec<Vec<u8>>) -> Result<Self, String> {
        if words.first().is_none_or(Vec::is_empty) {
            return Err("ERR empty command".to_owned());
        }
        Ok(Self(words))
    }

    /// From a JSON array of strings, numbers and booleans.
    pub(super) fn from_json(value: Value) -> Result<Self, String> {
        let Value::Array(items) = value else {
            return Err("ERR failed to parse command: expected a JSON array".to_owned());
        };
        let words = items.into_iter().map(|item| match item {
            Value::String(text) => Ok(text.into_bytes()),
            Value::Number(_) | Value::Bool(_) => Ok(item.to_string().into_bytes()),
            _ => Err("ERR failed to parse command: an argument is not a string".to_owned()),
        });
        Self::from_words(words.collect::<Result<_, _>>()?)
    }

    /// One of our own, without arguments.
    pub(super) fn word(name: &str) -> Self {
        Self(vec![name.as_bytes().to_vec()])
    }

    /// The command as Redis takes it, unless it is one of those refused.
    pub(super) fn checked(mut self) -> Result<Self, String> {
        let name = self.0.first().map(|name| String::from_utf8_lossy(name).to_ascii_uppercase());
        let name = name.unwrap_or_default();
        if REFUSED.contains(&name.as_str()) || (name.starts_with("XREAD") && self.blocks()) {
            return Err(format!("ERR Command is not available: '{name}'"));
        }
        if matches!(name.as_str(), "EVAL" | "EVAL_RO") {
            self.drop_upstash_flag();
        }
        Ok(self)
    }

    /// Scripts of Upstash's own packages begin with `#!lua flags=allow-key-locking`, a flag that
    /// only Upstash knows and that changes nothing in what a script does.
    fn drop_upstash_flag(&mut self) {
        const FLAG: &str = " flags=allow-key-locking";
        if let Some(script) = self.0.get_mut(1) {
            let text = String::from_utf8_lossy(script);
            if let Some((head, rest)) = text.split_once('\n')
                && head.starts_with("#!lua")
                && head.contains(FLAG)
            {
                *script = format!("{}\n{rest}", head.replace(FLAG, "")).into_bytes();
            }
        }
    }

    /// XREAD and XREADGROUP wait only when told to, before the word STREAMS.
    fn blocks(&self) -> bool {
        self.0
            .iter()
            .take_while(|word| !word.eq_ignore_ascii_case(b"STREAMS"))
            .any(|word| word.eq_ignore_ascii_case(b"BLOCK"))
    }

    pub(super) fn words(&self) -> &[Vec<u8>] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_booleans_become_words() {
        let command = Command::from_json(json!(["SET", "a", 100, 1.5, true])).unwrap();
        let words: Vec<_> =
            command.words().iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(words, ["SET", "a", "100", "1.5", "true"]);
        assert!(Command::from_json(json!(["SET", "a", null])).is_err());
        assert!(Command::from_json(json!([])).is_err());
        assert!(Command::from_json(json!("GET a")).is_err());
    }

    #[test]
    fn upstashs_own_script_flag_is_dropped() {
        let script = "#!lua flags=allow-key-locking\nreturn 1";
        let command = Command::from_json(json!(["eval", script, 0])).unwrap().checked().unwrap();
        assert_eq!(command.words()[1], b"#!lua\nreturn 1");
    }

    #[test]
    fn what_blocks_is_refused_in_any_case() {
        let refused = |words: Value| Command::from_json(words).unwrap().checked().is_err();
        assert!(refused(json!(["subscribe", "a"])));
        assert!(refused(json!(["XREAD", "BLOCK", 0, "STREAMS", "s", "$"])));
        assert!(!refused(json!(["XREAD", "COUNT", 1, "STREAMS", "block", "0"])));
        assert!(!refused(json!(["EVALSHA", "abc", 0])));
    }
}
