//! What can go wrong with the database, by what the caller can do about it.

use mongodb::error::{ErrorKind, WriteFailure};

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer: try again later.
    #[error("MongoDB is unavailable: {0}")]
    Unavailable(String),
    /// A unique index refused the write; its name.
    #[error("a unique index refused the write: {0}")]
    Duplicate(String),
    /// Another transaction was at the same documents: the whole of ours is tried again.
    #[error("another transaction was at the same documents")]
    Conflict,
    /// A document is not what we wrote, or belongs to another hospital.
    #[error("a stored document is not what we wrote: {0}")]
    Corrupt(String),
    /// A bug: the database refused what we asked.
    #[error("MongoDB refused: {0}")]
    Refused(String),
}

impl Error {
    /// Whether this unique index refused the write.
    pub fn is_duplicate_of(&self, index: &str) -> bool {
        matches!(self, Self::Duplicate(name) if name == index)
    }

    /// What a write error in the answer to a raw command means.
    pub(super) fn of_write(code: i32, message: &str) -> Self {
        of_code(code, message)
    }
}

impl From<mongodb::error::Error> for Error {
    fn from(error: mongodb::error::Error) -> Self {
        // Labels before codes: MongoDB's own retry rules are written in labels.
        // A server that was looked for in vain, for seconds, is not looked for again.
        let away = matches!(error.kind.as_ref(), ErrorKind::ServerSelection { .. });
        if error.contains_label("TransientTransactionError") && !away {
            return Self::Conflict;
        }
        match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(write)) => {
                of_code(write.code, &write.message)
            }
            ErrorKind::Command(command) => of_code(command.code, &command.message),
            ErrorKind::InsertMany(many) => {
                match many.write_errors.as_ref().and_then(|errors| errors.first()) {
                    Some(first) => of_code(first.code, &first.message),
                    None => Self::Refused(error.to_string()),
                }
            }
            ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Authentication { .. } => Self::Unavailable(error.to_string()),
            ErrorKind::BsonDeserialization(_)
            | ErrorKind::BsonSerialization(_)
            | ErrorKind::InvalidResponse { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<mongodb::bson::error::Error> for Error {
    fn from(error: mongodb::bson::error::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// Codes from `MongoDB`'s error list: 11000 and its kin are duplicates, 112 a write conflict, the
/// others those a primary gives while it steps down or shuts down.
fn of_code(code: i32, message: &str) -> Error {
    match code {
        11000 | 11001 | 12582 => Error::Duplicate(index_name(message)),
        112 | 251 => Error::Conflict,
        6 | 7 | 50 | 64 | 89 | 91 | 189 | 262 | 9001 | 10107 | 11600 | 11602 | 13435 | 13436 => {
            Error::Unavailable(format!("code {code}"))
        }
        _ => Error::Refused(format!("code {code}: {message}")),
    }
}

/// `E11000 duplicate key error collection: db.coll index: NAME dup key: {…}`: the name only, for
/// what follows is data.
fn index_name(message: &str) -> String {
    let after = message.split("index: ").nth(1).unwrap_or_default();
    after.split_whitespace().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_names_its_index_and_no_data() {
        let text = r#"E11000 duplicate key error collection: m.accounts index: account_email dup key: { hospitalId: "h", email: "asha@example.com" }"#;
        let error = of_code(11000, text);
        assert!(error.is_duplicate_of("account_email"));
        assert!(!error.to_string().contains("asha"));
    }
}
