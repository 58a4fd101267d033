//! Whose file lies at a key.

use shared::models::{FileName, HospitalCode, HospitalId, ImportId, Parse};

/// The folder of files to import.
const FOLDER: &str = "imports/";

/// What a key says. It is a claim: the hospital must be there, and an upload's record name the
/// same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `imports/{hospital}/{import}/{file}`: asked for through the API.
    Upload(HospitalId, ImportId),
    /// `imports/{hospital id or code}/…{file}`: dropped by the hospital's own systems. The
    /// bucket's policy lets each hospital write under its own prefix only.
    Drop(Owner),
}

/// The hospital a file is dropped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// By its id.
    Id(HospitalId),
    /// By its code.
    Code(HospitalCode),
}

impl Place {
    /// Reads a key; `None` for one that is no file to import.
    pub fn of(key: &str) -> Option<Self> {
        let (owner, rest) = key.strip_prefix(FOLDER)?.split_once('/')?;
        // A client of HTTP reads a path with dots as another one than was signed.
        let dots = rest.split('/').any(|segment| matches!(segment, "." | ".."));
        if rest.is_empty() || rest.ends_with('/') || dots {
            return None;
        }
        let id = HospitalId::parse(owner).ok();
        let import = rest.split_once('/').and_then(|(import, _)| ImportId::parse(import).ok());
        match (id, import) {
            (Some(hospital), Some(import)) => Some(Self::Upload(hospital, import)),
            (Some(hospital), None) => Some(Self::Drop(Owner::Id(hospital))),
            // The policy is about the prefix as written, so no other spelling of a code will do.
            (None, None) => {
                let code = HospitalCode::parse(owner).ok().filter(|code| code.as_str() == owner)?;
                Some(Self::Drop(Owner::Code(code)))
            }
            (None, Some(_)) => None,
        }
    }
}

/// The file's name in a key, as far as it can be shown.
pub fn file_name(key: &str) -> Option<FileName> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    FileName::parse(&shown).or_else(|_| FileName::parse("unnamed")).ok()
}

/// Whether a key's name ends in `.csv`.
pub fn is_csv(key: &str) -> bool {
    let ending = key.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::models::Id;

    #[test]
    fn keys_have_owners() {
        let (hospital, import): (HospitalId, ImportId) = (Id::derived(1), Id::derived(2));
        let upload = format!("imports/{hospital}/{import}/a.csv");
        assert_eq!(Place::of(&upload), Some(Place::Upload(hospital.clone(), import)));
        let dropped = Some(Place::Drop(Owner::Id(hospital.clone())));
        assert_eq!(Place::of(&format!("imports/{hospital}/a b.csv")), dropped);
        assert_eq!(Place::of(&format!("imports/{hospital}/2026/a.csv")), dropped);
        let code = HospitalCode::parse("sunrise").unwrap();
        assert_eq!(Place::of("imports/sunrise/a.csv"), Some(Place::Drop(Owner::Code(code))));
        for key in [
            "imports/a.csv",
            "imports//a.csv",
            "imports/Sunrise/a.csv",
            "imports/sunrise/",
            "other/sunrise/a.csv",
            "imports/sunrise/x/",
            "import-reports/sunrise/a.csv",
            "imports/../a.csv",
            "imports/sunrise/../hilltop/a.csv",
            "imports/sunrise/./a.csv",
            "",
        ] {
            assert_eq!(Place::of(key), None, "{key}");
        }
    }

    #[test]
    fn names_can_be_shown() {
        assert_eq!(file_name("imports/s/list.csv").unwrap().as_str(), "list.csv");
        assert_eq!(file_name("imports/s/.csv").unwrap().as_str(), "unnamed");
        assert!(
            is_csv("imports/s/LIST.CSV")
                && !is_csv("imports/s/list.csv.gz")
                && !is_csv("imports/s/csv")
        );
    }
}
