//! Pages of a list: what was asked for, and where the next one begins.

use serde::{Deserialize, Serialize};

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// How many items, 1 to 100.
    pub limit: i64,
    /// After which item.
    pub after: Option<Place>,
}

/// An item's place in its list: the value it is sorted by, and its id where values are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the list is sorted by; 0 for lists in the order of their ids.
    pub key: i64,
    /// The item's id.
    pub id: String,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The last item's place, if there are more.
    pub next: Option<Place>,
}

impl<T> Page<T> {
    /// Makes a page of one item more than was asked for, which only tells that there is more.
    pub fn cut(mut items: Vec<T>, request: &PageRequest, place: impl Fn(&T) -> Place) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(1);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        Self { items, next }
    }

    /// The page with other items.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }
}
