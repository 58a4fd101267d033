//! The dashboard: it shows every function, and what each request waited for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    files::{names, production, read},
    operations::{functions, of_kind, texts},
};

/// What the dashboard shows.
fn widgets() -> Vec<Value> {
    let dashboard = of_kind("AWS::CloudWatch::Dashboard").remove("Dashboard").unwrap();
    let body = texts(&dashboard["DashboardBody"]).concat();
    let body: Value = serde_json::from_str(&body).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

#[test]
fn the_dashboard_is_one() {
    assert_eq!(of_kind("AWS::CloudWatch::Dashboard").len(), 1);
    let widgets = widgets();
    assert!(widgets.len() > 5);
    let mut places = BTreeSet::new();
    for widget in widgets {
        assert!(places.insert((widget["x"].as_i64(), widget["y"].as_i64())), "{widget}");
        assert!(widget["properties"]["title"].is_string(), "{widget}");
        // A name with a hyphen, as stages' stacks have, is only found in quotes.
        assert!(!widget.to_string().contains("{${AWS::StackName}"), "{widget}");
    }
}

/// The functions a graph of Lambda's metric has, row by row as the console reads them: `...` stands
/// for all of the row before but its end.
fn shown(metric: &str) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for widget in widgets() {
        let rows = widget["properties"]["metrics"].as_array().cloned().unwrap_or_default();
        let mut before: Vec<String> = Vec::new();
        for row in rows {
            // What is no text is how it looks.
            let own = row.as_array().unwrap().iter().filter_map(Value::as_str);
            let mut row: Vec<String> = own.map(str::to_owned).collect();
            if row.first().is_some_and(|first| first == "...") {
                let kept = before.len() - (row.len() - 1);
                row = [&before[..kept], &row[1..]].concat();
            }
            if let [namespace, name, dimension, function] = &row[..]
                && (namespace.as_str(), name.as_str()) == ("AWS/Lambda", metric)
            {
                assert_eq!(dimension, "FunctionName");
                let function = function.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
                assert!(shown.insert(function.unwrap().to_owned()), "{metric}: one stands twice");
            }
            before = row;
        }
    }
    shown
}

/// A search by the stack's name finds none of them: what is in quotes must be a name as a whole.
#[test]
fn the_dashboard_shows_each_function() {
    let all: BTreeSet<String> = functions().into_keys().collect();
    for metric in ["Errors", "Duration", "ConcurrentExecutions", "Throttles"] {
        assert_eq!(shown(metric), all, "{metric}");
    }
    for widget in widgets() {
        assert!(!widget.to_string().contains("SEARCH('{AWS/Lambda"), "{widget}");
    }
}

/// Who answered late, the line of each request says; the table has it by route, and the manual
/// explains it.
#[test]
fn the_dashboard_says_for_whom_requests_waited() {
    let query = |widget: &Value| widget["properties"]["query"].as_str().map(str::to_owned);
    let tables: Vec<String> = widgets().iter().filter_map(query).collect();
    let table = tables.iter().find(|query| query.contains(" by route")).unwrap();
    assert!(table.contains("filter message = \"answered\""), "{table}");
    let (manual, code) = (read("docs/OPERATIONS.md"), production());
    for of in ["mongodb", "upstash", "razorpay"] {
        let field = format!("{of}_ms");
        assert!(table.contains(&format!("pct({field}, 95) as {of}")), "{table}");
        assert!(code.iter().any(|source| names(&source.code, &field)), "nothing logs {field}");
        assert!(manual.contains(&format!("`{field}`")), "{field}");
    }
    assert!(tables.iter().any(|query| query.contains("by dependency, cause")), "{tables:?}");
}
