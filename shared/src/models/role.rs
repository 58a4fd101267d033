//! The four roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account is: `admin` runs the platform, `hospital` administers one hospital, `doctor`
/// treats its patients, `patient` acts for one or more of them.
// The route that makes the account gives it, never a body.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the platform; belongs to no hospital.
    Admin,
    /// Administers one hospital.
    Hospital,
    /// Treats patients of one hospital.
    Doctor,
    /// Acts for one or more patients of one hospital.
    Patient,
}

impl Role {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Hospital => "hospital",
            Self::Doctor => "doctor",
            Self::Patient => "patient",
        }
    }
}

impl super::Parse for Role {
    fn parse(text: &str) -> Result<Self, super::Issue> {
        [Self::Admin, Self::Hospital, Self::Doctor, Self::Patient]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| super::Issue::invalid("must be one of admin, hospital, doctor, patient"))
    }
}
