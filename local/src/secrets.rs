//! The stack's secrets, made once and kept with its data: with new ones every session would end
//! and the administrator's password would not fit.

use std::{
    collections::BTreeMap,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Secrets by name, in a file only its owner may read.
#[derive(Debug)]
pub struct Secrets {
    file: PathBuf,
    values: BTreeMap<String, String>,
}

impl Secrets {
    /// Opens the file of a stack, or begins a new one.
    ///
    /// # Errors
    /// When there is a file that is not ours.
    pub fn open(file: &Path) -> Result<Self> {
        let values = match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged: remove it", file.display()))?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { file: file.to_owned(), values })
    }

    /// The secret of this name, made with `make` the first time.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn get(&mut self, name: &str, make: fn() -> String) -> Result<String> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let value = make();
        self.values.insert(name.to_owned(), value.clone());
        self.save().with_context(|| format!("{} cannot be written", self.file.display()))?;
        Ok(value)
    }

    fn save(&self) -> Result<()> {
        let new = self.file.with_extension("new");
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(&self.values)?)?;
        std::fs::rename(new, &self.file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::chance;

    #[test]
    fn a_secret_stays_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        let first = Secrets::open(&file).unwrap().get("jwt", chance::secret).unwrap();
        let second = Secrets::open(&file).unwrap().get("jwt", chance::secret).unwrap();
        assert_eq!(first, second);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
