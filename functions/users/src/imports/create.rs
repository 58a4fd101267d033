//! `POST /patients/import`: a place to upload a file of patients to.

use super::key_of;
use crate::Users;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{FileName, Import, ImportId, ImportStatus, Issue, IssueCode, RowCounts},
    outbound::UploadForm,
    tenancy::{Grant, ImportPatients},
    web::{Body, Created, Error, Refusals, Result, Trail},
};
use utoipa::ToSchema;

/// How long the form is good for, in seconds.
const UPLOAD_SECONDS: i64 = 900;
/// The largest file, in bytes; `patient-import` reads no larger one.
const LARGEST: u64 = 100 << 20;

body! {
    /// A file that is to be uploaded.
    pub(crate) struct ImportWish {
        /// Its name; it must end in `.csv`.
        file_name: FileName = "fileName",
        /// Whether to report only and write nothing.
        dry_run: Option<bool> = "dryRun",
    }
}

/// Where to upload the file to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportCreated {
    /// The import; it waits for its file.
    import_id: ImportId,
    /// The form to send the file with, as its last field `file`; good for fifteen minutes.
    upload: UploadForm,
}

/// Makes a form that uploads one file of patients. The import starts when the file has come.
#[utoipa::path(
    post, path = "/patients/import", tag = "people", security(("bearer" = [])),
    request_body = ImportWish,
    responses((status = 201, description = "The form", body = ImportCreated), Refusals),
)]
pub(crate) async fn import_create(
    State(users): State<Users>,
    grant: Grant<ImportPatients>,
    trail: Trail,
    Body(wish): Body<ImportWish>,
) -> Result<Created<ImportCreated>> {
    let (tenant, now) = (grant.own_tenant()?, users.core.clock.now());
    let id: ImportId = users.core.entropy.id(now)?;
    let key = key_of(tenant.hospital(), &id, &wish.file_name).ok_or_else(|| {
        let issue = Issue::new(IssueCode::NotCsv, "must end in .csv");
        Error::field("fileName", issue)
    })?;
    let upload = users.links.upload_form(&key, "text/csv", 1..=LARGEST, UPLOAD_SECONDS, now);
    let import = Import {
        id: id.clone(),
        status: ImportStatus::Waiting,
        dry_run: wish.dry_run.unwrap_or_default(),
        file_name: wish.file_name,
        key,
        uploaded_by: Some(grant.account().clone()),
        object: None,
        rows: RowCounts::default(),
        problem: None,
        reports: Vec::new(),
        created_at: now,
    };
    users.core.store.of(&tenant).insert_import(&import).await?;
    trail.made(tenant.hospital(), &id);
    Ok(Created(ImportCreated { import_id: id, upload }))
}
