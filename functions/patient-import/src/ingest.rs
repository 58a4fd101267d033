//! One import, from its file to its report.

use crate::{
    PatientImport,
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
};
use shared::{
    models::{Import, ImportStatus},
    outbound::ObjectHead,
};

/// Runs an import to its end. An error means that it is to run again, and goes on from its last
/// checkpoint then.
pub async fn ingest(function: &PatientImport, job: Job) -> Result<(), Error> {
    let (problem, columns) = match read(function, &job).await {
        Ok(columns) => (None, Some(columns)),
        Err(Stop::Problem(problem)) => (Some(problem), None),
        Err(Stop::Error(error)) => return Err(error),
    };
    end(function, job, problem, columns).await
}

async fn read(function: &PatientImport, job: &Job) -> Result<Columns, Stop> {
    let head = judge(job)?;
    let mut done = job.store.import_progress(&job.import.id).await?.stretches;
    if done == 0 {
        let (source, _) = Source::open(function.bucket.read(&job.import.key, head)).await?;
        source.check().await?;
    }
    let (mut source, columns) = Source::open(function.bucket.read(&job.import.key, head)).await?;
    let context = Context {
        import: job.import.id.clone(),
        at: job.import.created_at,
        hospital: job.hospital.code.clone(),
        columns,
    };
    let today = job.hospital.time_zone.day(job.import.created_at);
    let (mut stretch, mut seen, mut number) = (Stretch::default(), Seen::default(), 0);
    loop {
        let line = source.line(&context.columns, &mut seen, today).await?;
        let last = line.is_none();
        stretch.extend(line);
        if stretch.is_full() || (last && !stretch.is_empty()) {
            if number >= done {
                stretch.write(&job.store, &context, number, job.import.dry_run).await?;
                done = number + 1;
            }
            number += 1;
            stretch.clear();
        }
        if last {
            return Ok(context.columns);
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
        return Err(Problem::Replaced);
    }
    match head.size {
        0 => Err(Problem::Empty),
        1..=MAX_FILE => Ok(head),
        _ => Err(Problem::TooLarge),
    }
}

/// Writes the report, and last of all how the import ended.
async fn end(
    function: &PatientImport,
    job: Job,
    problem: Option<Problem>,
    columns: Option<Columns>,
) -> Result<(), Error> {
    let hospital = &job.hospital.id;
    let rows = job.store.import_progress(&job.import.id).await?.rows;
    let status = if problem.is_some() { ImportStatus::Failed } else { ImportStatus::Done };
    let mut import = Import { status, rows, ..job.import };
    import.problem = problem.as_ref().map(ToString::to_string);
    if let Some(columns) = columns {
        let (bucket, store) = (&function.bucket, &job.store);
        import.report_key =
            Some(report::write_rejected(bucket, store, hospital, &import, &columns).await?);
    }
    let now = function.clock.now();
    report::write_summary(&function.bucket, hospital, &import, problem.as_ref(), now).await?;
    job.store.end_import(&import).await?;
    tracing::info!(
        %hospital,
        import = %import.id,
        problem = problem.as_ref().map(Problem::code),
        total = rows.total,
        created = rows.created,
        updated = rows.updated,
        unchanged = rows.unchanged,
        rejected = rows.rejected,
        "an import has ended"
    );
    Ok(())
}
