//! The README's walk-through, walked: its commands are run in one shell, and what they print is
//! compared with what the README shows. `UPDATE_GOLDEN=1` writes what they print into the README.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    process::{signal_group, wait_until},
    stack::{folder, root, shared},
};

const README: &str = "README.md";
const CHAPTER: &str = "\n## A walk through the product\n";
/// Between the outputs of two blocks.
const MARK: &str = "=-=-= end of a block =-=-=";
const LIMIT: Duration = Duration::from_secs(120);

/// One piece of the chapter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Commands(String),
    Output(String),
}

/// The README before the chapter, the chapter's pieces, and what follows it.
fn chapter(readme: &str) -> (String, Vec<Piece>, String) {
    let (before, rest) = readme.split_once(CHAPTER).unwrap();
    let (chapter, after) = rest.split_once("\n## ").unwrap();
    let mut pieces = Vec::new();
    let mut rest = chapter;
    while let Some((words, fenced)) = rest.split_once("\n```") {
        let (kind, fenced) = fenced.split_once('\n').unwrap();
        let (inside, tail) = fenced.split_once("```\n").unwrap();
        pieces.push(Piece::Words(words.to_owned()));
        pieces.push(match kind {
            "bash" => Piece::Commands(inside.to_owned()),
            "text" => Piece::Output(inside.to_owned()),
            other => panic!("a block of {other} in the walk-through"),
        });
        rest = tail;
    }
    pieces.push(Piece::Words(rest.to_owned()));
    (before.to_owned(), pieces, after.to_owned())
}

/// Runs commands in one shell that stops at the first that fails; what they print.
fn run(commands: &str) -> String {
    let folder = folder();
    let (script, said) = (folder.path().join("walk.sh"), folder.path().join("output"));
    std::fs::write(&script, format!("set -eu -o pipefail\n{commands}")).unwrap();
    let log = File::create(&said).unwrap();
    let mut shell = Command::new("bash")
        .arg(&script)
        .current_dir(root())
        .env("STACK_DIR", shared().folder())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap();
    let end = Instant::now() + LIMIT;
    let status = loop {
        match shell.try_wait().unwrap() {
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(50)),
            status => break status,
        }
    };
    if status.is_none() {
        signal_group(shell.id(), Signal::KILL);
        let _dead = shell.wait();
    }
    let said = std::fs::read_to_string(said).unwrap();
    let how = status.map_or_else(|| format!("not within {LIMIT:?}"), |status| status.to_string());
    assert!(
        status.is_some_and(|status| status.success()),
        "the walk ended: {how}; it said:\n{said}"
    );
    said
}

/// Runs blocks of commands in one shell; the output of each.
fn walk(blocks: &[&String]) -> Vec<String> {
    let marked: Vec<String> =
        blocks.iter().map(|block| format!("{block}printf '%s\\n' '{MARK}'\n")).collect();
    let said = run(&marked.concat());
    let mut outputs: Vec<String> = said.split(&format!("{MARK}\n")).map(str::to_owned).collect();
    assert_eq!(outputs.pop().as_deref(), Some(""));
    outputs
}

/// What differs from run to run, made the same: ids, days, instants that are not a slot's.
fn normal(output: &str) -> String {
    let lines = output.lines().map(|line| {
        let member = line.trim_start().split(':').next().unwrap_or_default();
        let passing = ["\"createdAt\"", "\"holdExpiresAt\"", "\"requestId\"", "\"at\""];
        if passing.contains(&member) {
            return member.to_owned();
        }
        let mut out = String::new();
        let mut word = String::new();
        for c in line.chars().chain(['\n']) {
            if c.is_ascii_alphanumeric() || "_-:.+".contains(c) {
                word.push(c);
            } else {
                out.push_str(&same(&std::mem::take(&mut word)));
                out.push(c);
            }
        }
        out.trim_end().to_owned()
    });
    lines.map(|line| line + "\n").collect()
}

fn same(word: &str) -> String {
    let ids = ["hos_", "acc_", "pat_", "slt_", "apt_", "imp_", "order_", "pay_"];
    if let Some(kind) = ids.iter().find(|kind| word.starts_with(**kind)) {
        return format!("{kind}…");
    }
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.strip_prefix("0000-00-00") {
        Some(_) => format!("day{}", word.get(10..).unwrap_or_default()),
        None => word.to_owned(),
    }
}

#[test]
fn the_walk_through_of_the_readme_is_true() {
    let text = std::fs::read_to_string(root().join(README)).unwrap();
    let (before, pieces, after) = chapter(&text);
    let blocks: Vec<&String> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Commands(commands) => Some(commands),
            _ => None,
        })
        .collect();
    assert!(blocks.len() > 10, "{} blocks", blocks.len());
    let mut outputs = walk(&blocks).into_iter();

    let mut fresh = vec![before, CHAPTER.to_owned()];
    for piece in pieces.iter().filter(|piece| !matches!(piece, Piece::Output(_))) {
        match piece {
            Piece::Commands(commands) => {
                fresh.push(format!("\n```bash\n{commands}```\n"));
                let output = outputs.next().unwrap();
                if !output.is_empty() {
                    fresh.push(format!("\n```text\n{output}```\n"));
                }
            }
            // The words between commands and their output are none.
            Piece::Words(words) => fresh.push(words.clone()),
            Piece::Output(_) => {}
        }
    }
    fresh.push(format!("\n## {after}"));
    let fresh = fresh.concat();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join(README), &fresh).unwrap();
        return;
    }
    let (_, fresh, _) = chapter(&fresh);
    let told = |piece: &Piece| match piece {
        Piece::Output(output) => Piece::Output(normal(output)),
        other => other.clone(),
    };
    for (shown, now) in pieces.iter().zip(&fresh) {
        assert_eq!(told(shown), told(now), "the README's, then the stack's");
    }
    assert_eq!(pieces.len(), fresh.len());
}

/// `make run` prints a short walk of its own.
#[test]
fn what_the_stack_tells_people_to_paste_works() {
    let (file, mut said) = (shared().folder().join("output.log"), String::new());
    wait_until("the stack has said all", LIMIT, || {
        said = std::fs::read_to_string(&file).unwrap();
        said.contains("README.md has the whole story")
    });
    let (_, rest) = said.split_once("\nLog in as a patient, look for a slot, book it:\n").unwrap();
    let (commands, _) = rest.split_once("\nThe doctor's log-in").unwrap();
    let printed = run(commands);
    assert!(printed.contains("\"status\": \"held\"") && printed.contains("\"items\""), "{printed}");
}

#[test]
fn what_differs_between_runs_is_left_out_of_the_comparison() {
    let one = "{\n  \"id\": \"apt_01m82m0bxr\",\n  \"createdAt\": \"2026-11-23T03:23:38.013+05:30\"\n}\n[\"2026-11-25T10:00:00+05:30\"]\n";
    let two = "{\n  \"id\": \"apt_01zzzz\",\n  \"createdAt\": \"x\"\n}\n[\"2027-01-02T10:00:00+05:30\"]\n";
    assert_eq!(normal(one), normal(two));
    assert_ne!(normal("10:00"), normal("10:15"));
    assert_ne!(normal("2026-11-25T10:00:00+05:30"), normal("2026-11-25T10:15:00+05:30"));
}
