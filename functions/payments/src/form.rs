//! Which form of a document a client wants (RFC 9110, section 12.5.1).

use std::cmp::Ordering;

/// The forms a receipt has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/json`, unless something else is asked for.
    Json,
    /// `text/html`.
    Html,
    /// `application/pdf`.
    Pdf,
}

impl Form {
    /// The best liked one first where several are liked the same.
    const ALL: [Self; 3] = [Self::Json, Self::Html, Self::Pdf];

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Html => ("text", "html"),
            Self::Pdf => ("application", "pdf"),
        }
    }

    /// The form an `Accept` header likes best. Where it is missing, or likes none, JSON: the
    /// standard lets a server disregard the header rather than answer nothing.
    pub(crate) fn wanted(accept: Option<&str>) -> Self {
        let Some(accept) = accept else { return Self::Json };
        let liked = |form: &Self| weight(accept, form.media_type());
        let best = Self::ALL
            .into_iter()
            .rev()
            .max_by(|one, other| liked(one).partial_cmp(&liked(other)).unwrap_or(Ordering::Equal));
        best.filter(|form| liked(form) > 0.0).unwrap_or(Self::Json)
    }
}

/// How much a type is liked, 0 to 1: by the most exact range that covers it.
fn weight(accept: &str, (kind, subtype): (&str, &str)) -> f32 {
    let mut best = (0_u8, 0.0_f32);
    for part in accept.split(',') {
        let mut words = part.split(';').map(str::trim);
        let range = words.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match range.split_once('/') {
            Some((k, s)) if k == kind && s == subtype => 3,
            Some((k, "*")) if k == kind => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let quality = words.find_map(|word| word.strip_prefix("q=")).map(str::parse::<f32>);
        let quality = quality.and_then(Result::ok).unwrap_or(1.0).clamp(0.0, 1.0);
        if exactness >= best.0 {
            best = (exactness, quality);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_form_is_given() {
        for (accept, form) in [
            ("application/json", Form::Json),
            ("text/html", Form::Html),
            ("application/pdf", Form::Pdf),
            ("*/*", Form::Json),
            ("", Form::Json),
            ("text/plain", Form::Json),
            ("text/*", Form::Html),
            ("application/pdf, */*;q=0.1", Form::Pdf),
            ("Text/HTML; charset=utf-8", Form::Html),
            ("application/json;q=0.2, application/pdf; q=0.7", Form::Pdf),
            ("application/*, application/json;q=0", Form::Pdf),
            ("application/pdf;q=0", Form::Json),
            // What browsers send.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html),
        ] {
            assert_eq!(Form::wanted(Some(accept)), form, "{accept}");
        }
        assert_eq!(Form::wanted(None), Form::Json);
    }
}
