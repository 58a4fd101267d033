//! `insert URI DATABASE LIST ROWS ID`: enters the documents of so many rows, under ids from `ID` on,
//! and nothing else. It begins when a line comes, says so when it is done, and stays until it is
//! ended, so that it can be measured.

use mongodb::{Database, bson::Document};
use reference::{HOSPITAL, Row};
use std::{
    error::Error,
    io::{Write as _, stdin, stdout},
};

/// Rows of a command, as the function writes them.
const BATCH: usize = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, database, list, rows, id] = arguments.as_slice() else {
        return Err("insert URI DATABASE LIST ROWS ID".into());
    };
    let client = mongodb::Client::with_uri_str(uri).await?;
    stdin().read_line(&mut String::new())?;
    insert(&client.database(database), list, rows.parse()?, id.parse()?).await?;
    writeln!(stdout(), "done")?;
    std::future::pending().await
}

async fn insert(
    database: &Database,
    list: &str,
    rows: usize,
    id: usize,
) -> mongodb::error::Result<()> {
    for first in (0..rows).step_by(BATCH) {
        let numbers = first..rows.min(first + BATCH);
        let batch: Vec<(usize, Row)> = numbers.map(|n| (n, Row::new(list, n))).collect();
        let accounts = batch.iter().filter(|(number, _)| Row::has_account(*number));
        let accounts: Vec<Document> =
            accounts.map(|(number, row)| row.account(HOSPITAL, id + number)).collect();
        let patients: Vec<Document> =
            batch.iter().map(|(number, row)| row.patient(HOSPITAL, id + number)).collect();
        for (collection, documents) in [("accounts", accounts), ("patients", patients)] {
            database
                .collection::<Document>(collection)
                .insert_many(documents)
                .ordered(false)
                .await?;
        }
    }
    Ok(())
}
