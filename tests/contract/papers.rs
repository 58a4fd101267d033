//! What people read and copy from: true, complete, and free of any one machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    environment::asked,
    files::{below, ends, read, sources},
};

/// The variables of `.env.example` with the comment above each.
fn example() -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut comment = String::new();
    for line in read(".env.example").lines() {
        if let Some(words) = line.strip_prefix('#') {
            comment.push_str(words);
        } else if let Some((name, _)) = line.split_once('=') {
            assert!(
                variables.insert(name.to_owned(), std::mem::take(&mut comment)).is_none(),
                "{name} stands twice"
            );
        } else {
            assert!(line.is_empty(), "{line}");
            comment.clear();
        }
    }
    variables
}

/// The variables the local stack itself reads, as its sources name them.
fn of_the_stack() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources("local/src").iter().filter(|source| !source.path.ends_with("tests.rs")) {
        let production = source.code.split("#[cfg(test)]").next().unwrap_or_default();
        let dense = production.replace(char::is_whitespace, "");
        for call in ["value(\"", "unless_off(\"", ".get(\"", ".pair(\""] {
            for rest in dense.split(call).skip(1) {
                let arguments = rest.split(')').next().unwrap_or_default();
                let names = arguments.split('"').filter(|part| is_variable(part));
                found.extend(names.map(str::to_owned));
            }
        }
    }
    found.remove("PATH");
    found
}

fn is_variable(text: &str) -> bool {
    text.len() > 2
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[test]
fn the_example_lists_every_variable_and_says_what_it_does() {
    let mut expected: BTreeSet<String> = asked().into_values().flatten().collect();
    let stack = of_the_stack();
    assert!(
        stack.contains("PORT") && stack.contains("STACK_DIR") && stack.contains("RAZORPAY_KEY_ID"),
        "{stack:?}"
    );
    expected.extend(stack);
    let example = example();
    assert_eq!(example.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (name, comment) in example {
        assert!(comment.trim().len() > 10, "{name} has no word of what it does");
    }
}

#[test]
fn the_example_is_read_by_a_shell() {
    let script = "set -aeu; . ./.env.example; env -0";
    let run = std::process::Command::new("bash")
        .args(["-c", script])
        .current_dir(crate::files::root())
        .env_clear()
        .output();
    let output = run.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let set: BTreeSet<&str> =
        text.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    for name in example().keys() {
        assert!(set.contains(name.as_str()), "{name}");
    }
}

#[test]
fn the_two_commands_are_in_the_readme_and_the_makefile() {
    let (readme, makefile) = (read("README.md"), read("Makefile"));
    for target in ["run", "test"] {
        let told = readme.lines().any(|line| line.split(' ').take(2).eq(["make", target]));
        assert!(told, "{target}");
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "{target}");
    }
    // Whatever a paper tells people to type is there.
    for paper in ["README.md", "docs/ARCHITECTURE.md", "docs/OPERATIONS.md", "events/README.md"] {
        for rest in read(paper).split("`make ").skip(1) {
            let target: String =
                rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
            assert!(makefile.contains(&format!("\n{target}:")), "{paper}: make {target}");
        }
    }
}

#[test]
fn the_papers_name_files_that_are_there() {
    let all = below("");
    for paper in all.iter().filter(|path| ends(path, "md")) {
        let folder = paper.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in read(paper).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let link = link.split('#').next().unwrap_or_default();
            let target = crate::files::root().join(folder).join(link);
            assert!(target.exists(), "{paper} links to {link}");
        }
    }
}

#[test]
fn every_test_the_security_table_names_is_there() {
    let mut named = 0;
    for word in read("docs/SECURITY.md").split('`') {
        let Some((file, test)) = word.split_once("::").filter(|_| !word.contains(' ')) else {
            continue;
        };
        let path =
            if file.contains('/') { file.to_owned() } else { format!("tests/api/{file}.rs") };
        assert!(read(&path).contains(&format!("fn {test}(")), "{word}");
        named += 1;
    }
    assert!(named > 50, "{named}");
}

#[test]
fn every_alarm_is_in_the_operations_manual() {
    let manual = read("docs/OPERATIONS.md");
    let mut count = 0;
    for source in crate::files::production() {
        for rest in source.code.split("alarm = \"").skip(1) {
            let alarm = rest.split('"').next().unwrap_or_default();
            assert!(manual.contains(&format!("`{alarm}`")), "{alarm}, of {}", source.path);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let homes = ["/root", "/home", "/Users", "/work"].map(|home| format!("{home}/"));
    for path in below("") {
        let Ok(text) = std::fs::read_to_string(crate::files::root().join(&path)) else {
            continue;
        };
        for home in &homes {
            let alone = |(at, _): (usize, &str)| {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                !before.is_some_and(|c| {
                    c.is_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | '}')
                })
            };
            let found = text.match_indices(home.as_str()).any(alone);
            assert!(!found, "{path} holds a path below {home}");
        }
    }
}
