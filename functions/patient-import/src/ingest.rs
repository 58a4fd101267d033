//! One import, from its file to its report.

use crate::{
    PatientImport,
    csv::Encoding,
    decide::Context,
    error::{Error, Stop},
    find::Job,
    header::Columns,
    place::is_csv,
    problem::{MAX_FILE, Problem},
    report,
    seen::Seen,
    source::Source,
    stretch::Stretch,
    survey::Survey,
};
use sha2::{Digest as _, Sha256};
use shared::{
    models::{AuditResult, Id, Import, ImportStatus, Instant, Message, Notification, ReportFile},
    outbound::ObjectHead,
    store::Progress,
};

/// How far an invocation has brought an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// To its end.
    End,
    /// Some way; the rest is for another invocation.
    Checkpoint,
}

/// What is known of the file once it is opened.
#[derive(Debug, Default)]
struct Opened {
    encoding: Option<Encoding>,
    columns: Option<Columns>,
}

/// Runs an import to its end, or until the time is up. An error means that it is to run again, and
/// goes on from its last checkpoint then.
pub async fn ingest(
    function: &PatientImport,
    job: Job,
    time_is_up: Instant,
) -> Result<Reached, Error> {
    let mut opened = Opened::default();
    let problem = match read(function, &job, time_is_up, &mut opened).await {
        Ok(()) => None,
        Err(Stop::Problem(problem)) => Some(problem),
        Err(Stop::Time) => return Ok(Reached::Checkpoint),
        Err(Stop::Error(error)) => {
            // Whatever hinders the import may hinder the entry too; the first is what is told.
            if let Err(untold) = function.record(&job, AuditResult::Failed, None).await {
                tracing::error!(%untold, alarm = "audit-missing", import = %job.import.id, "an import that stopped is not in the audit trail");
            }
            return Err(error);
        }
    };
    end(function, job, problem, &opened).await?;
    Ok(Reached::End)
}

async fn read(
    function: &PatientImport,
    job: &Job,
    time_is_up: Instant,
    opened: &mut Opened,
) -> Result<(), Stop> {
    let object = function.bucket.read(&job.import.key, judge(job)?);
    let survey = Survey::of(&object).await?;
    opened.encoding = Some(survey.encoding);
    let mut source = Source::new(object, opened.encoding);
    let columns = opened.columns.insert(source.columns().await?);
    let context = Context::new(&job.import, &job.hospital.code, columns.clone());
    let today = job.hospital.time_zone.day(job.import.created_at);
    let begun_at = progress(job).await?.map_or(0, |progress| progress.stretches);
    let mut stretch = Stretch::of(function.stretch_rows);
    let (mut seen, mut number) = (Seen::among(survey.doubtful), 0);
    loop {
        let line = source.line(&context.columns, &mut seen, today).await?;
        let last = line.is_none();
        stretch.extend(line);
        if stretch.is_full() || (last && !stretch.is_empty()) {
            // What an earlier run has written is read again for what it has seen, and no more.
            if number >= begun_at {
                // One stretch at least, so that an import cannot go on for ever.
                if number > begun_at && function.clock.now() >= time_is_up {
                    return Err(Stop::Time);
                }
                let now = function.clock.now();
                stretch.write(&job.store, &context, number, job.import.dry_run, now).await?;
            }
            number += 1;
            stretch.clear();
        }
        if last {
            return Ok(());
        }
    }
}

/// Refuses what need not be read to be refused.
fn judge(job: &Job) -> Result<&ObjectHead, Problem> {
    if !is_csv(&job.import.key) {
        return Err(Problem::NotCsvName);
    }
    let head = job.head.as_ref().ok_or(Problem::Gone)?;
    if head.e_tag != job.e_tag {
        return Err(if job.fresh { Problem::Superseded } else { Problem::Replaced });
    }
    match head.size {
        0 => Err(Problem::Empty),
        1..=MAX_FILE => Ok(head),
        _ => Err(Problem::TooLarge),
    }
}

async fn progress(job: &Job) -> Result<Option<Progress>, Error> {
    Ok(job.store.import_progress(&[&job.import.id]).await?.into_iter().next())
}

/// Writes the report, and last of all how the import ended. A file that turned out to be none has
/// a summary alone; of one that was replaced on the way the rows so far are reported too.
async fn end(
    function: &PatientImport,
    job: Job,
    problem: Option<Problem>,
    opened: &Opened,
) -> Result<(), Error> {
    let code = problem.as_ref().map(Problem::code);
    let result = if problem.is_some() { AuditResult::Refused } else { AuditResult::Done };
    function.record(&job, result, code).await?;
    let (hospital, bucket) = (&job.hospital.id, &function.bucket);
    let rows = progress(&job).await?.map(|progress| progress.rows).unwrap_or_default();
    let status = if problem.is_some() { ImportStatus::Failed } else { ImportStatus::Done };
    let mut import = Import { status, rows, ..job.import };
    import.problem = problem.as_ref().map(ToString::to_string);
    if problem.is_none() || rows.total > 0 {
        // What was replaced between two invocations shows its header no more.
        let header = opened.columns.as_ref().map(|columns| columns.header.as_slice());
        let header = header.unwrap_or_default();
        report::write_rows(bucket, &job.store, hospital, &import, header).await?;
        import.reports.extend([ReportFile::Rejected, ReportFile::Updated]);
    }
    let now = function.clock.now();
    report::write_summary(bucket, hospital, &import, opened.encoding, problem.as_ref(), now)
        .await?;
    import.reports.push(ReportFile::Summary);
    job.store.end_import(&import, mail(&import, now).as_ref()).await?;
    shared::count!(
        imports = 1_u8,
        imports_failed = problem.is_some(),
        rows_imported = rows.total,
        rows_rejected = rows.rejected,
    );
    tracing::info!(
        %hospital,
        import = %import.id,
        problem = code,
        total = rows.total,
        created = rows.created,
        updated = rows.updated,
        unchanged = rows.unchanged,
        rejected = rows.rejected,
        "an import has ended"
    );
    Ok(())
}

/// The mail to whoever sent the file; what a hospital's system dropped has no sender. Its id is the
/// import's own, so that no second one can be entered.
fn mail(import: &Import, now: Instant) -> Option<Notification> {
    let to = import.uploaded_by.as_ref()?;
    let [bits @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        <[u8; 32]>::from(Sha256::digest(import.id.as_str()));
    let message = Message::Imported {
        file: import.file_name.clone(),
        rows: import.rows,
        trial: import.dry_run,
        failed: import.status == ImportStatus::Failed,
    };
    Some(Notification::new(Id::derived(u128::from_be_bytes(bits)), to, message, now))
}
