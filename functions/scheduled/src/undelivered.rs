//! What SES tells of mails it could not deliver, or that were called spam.
//!
//! The form is that of SES's event publishing, as EventBridge hands it on: the developer guide's
//! "Contents of event data that Amazon SES publishes".

use crate::Scheduled;
use serde::Deserialize;
use shared::{
    models::{AccountId, Email, MailProblem, Parse as _},
    web::Result,
};

/// One event.
#[derive(Clone, Deserialize)]
#[serde(tag = "eventType")]
pub enum MailEvent {
    /// The mail came back.
    Bounce {
        /// How, and whose.
        bounce: Bounce,
        /// The mail.
        mail: SentMail,
    },
    /// Its reader called it spam.
    Complaint {
        /// How, and whose.
        complaint: Complaint,
        /// The mail.
        mail: SentMail,
    },
    /// Another event, which changes nothing.
    #[serde(other)]
    Other,
}

/// A bounce.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounce {
    /// `Permanent`, `Transient` or `Undetermined`.
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

/// A complaint.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complaint {
    complained_recipients: Vec<Recipient>,
    /// As the mailbox's provider says; `not-spam` takes one back.
    #[serde(default)]
    complaint_feedback_type: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// What it says of the mail.
#[derive(Clone, Deserialize)]
pub struct SentMail {
    #[serde(default)]
    tags: Tags,
}

#[derive(Clone, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    account: Vec<String>,
}

/// Shows its kind only: addresses are people's.
impl std::fmt::Debug for MailEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bounce { .. } => "Bounce",
            Self::Complaint { .. } => "Complaint",
            Self::Other => "Other",
        })
    }
}

impl MailEvent {
    /// What is wrong with the addresses it names, if that is for good.
    fn problem(&self) -> Option<(MailProblem, &[Recipient], &SentMail)> {
        match self {
            Self::Bounce { bounce, mail } if bounce.bounce_type == "Permanent" => {
                Some((MailProblem::Bounced, &bounce.bounced_recipients, mail))
            }
            Self::Complaint { complaint, mail }
                if complaint.complaint_feedback_type.as_deref() != Some("not-spam") =>
            {
                Some((MailProblem::Complained, &complaint.complained_recipients, mail))
            }
            Self::Bounce { .. } | Self::Complaint { .. } | Self::Other => None,
        }
    }
}

/// Notes the addresses an event names; how many. A mail of ours has one addressee.
pub(crate) async fn note(this: &Scheduled, event: &MailEvent) -> Result<usize> {
    let Some((problem, recipients, mail)) = event.problem() else {
        return Ok(0);
    };
    let account = mail.tags.account.first().and_then(|id| AccountId::parse(id).ok());
    let gate = this.store.gate();
    let mut noted = 0;
    for recipient in recipients {
        let Ok(email) = Email::parse(&recipient.email_address) else {
            tracing::warn!(?problem, "an address SES tells of cannot be read");
            continue;
        };
        gate.keep_mail_problem(&email, problem, this.clock.now()).await?;
        if let Some(account) = &account {
            gate.show_mail_problem(account, &email, problem).await?;
        }
        let account = account.as_ref().map(AccountId::as_str);
        tracing::warn!(account, ?problem, "an address is mailed no more");
        shared::count!(mails_bounced = 1_u8);
        noted += 1;
    }
    Ok(noted)
}

/// Mails an address again, whose owner says that it works; how many were known not to. SES keeps a
/// list of its own, from which it has to be taken too.
pub(crate) async fn forget(this: &Scheduled, email: &Email) -> Result<usize> {
    Ok(usize::from(this.store.gate().forget_mail_problem(email).await?))
}
