//! Lists: which part of one is wanted, and the collection it comes in.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::problem::Problem;

/// Longest page of a list.
const PAGE: usize = 100;

/// Which part of a list: newest first, `from`/`to` on `created_at`, then `skip` and `count`.
#[derive(Debug)]
pub(super) struct Page {
    from: i64,
    to: i64,
    skip: usize,
    count: usize,
}

impl Page {
    /// Ten, unless asked for more; never more than a hundred.
    pub(super) fn parse(query: &HashMap<String, String>) -> Result<Self, Problem> {
        let number = |name: &str, default: i64| match query.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|number| *number >= 0)
                .ok_or_else(|| Problem::field(name, format!("The {name} must be an integer."))),
        };
        let count = usize::try_from(number("count", 10)?).unwrap_or(usize::MAX);
        if count > PAGE {
            return Err(Problem::field("count", "The count may not be greater than 100."));
        }
        if count == 0 {
            return Err(Problem::field("count", "The count must be at least 1."));
        }
        Ok(Self {
            from: number("from", 0)?,
            to: number("to", i64::MAX)?,
            skip: usize::try_from(number("skip", 0)?).unwrap_or(usize::MAX),
            count,
        })
    }

    /// The page as Razorpay's collection; the items come oldest first.
    pub(super) fn collect<'a, T: serde::Serialize + 'a>(
        &self,
        items: impl DoubleEndedIterator<Item = &'a T>,
        created_at: impl Fn(&T) -> i64,
    ) -> Vec<&'a T> {
        items
            .rev()
            .filter(|item| (self.from..=self.to).contains(&created_at(item)))
            .skip(self.skip)
            .take(self.count)
            .collect()
    }
}

/// `{entity: "collection", count, items}`.
pub(super) fn collection<T: serde::Serialize>(items: &[T]) -> Value {
    json!({ "entity": "collection", "count": items.len(), "items": items })
}
