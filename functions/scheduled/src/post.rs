//! The way every mail goes out: not to an address that takes none.

use crate::Scheduled;
use shared::{
    outbound::{self, Addressee, Attachment, Mail},
    web::Result,
};

/// Sends a mail; whether it went out. One that can never go is dropped, whoever it is for: its
/// address bounced or complained before, or SES refuses it for good. One that cannot go now is an
/// error.
pub(crate) async fn post(
    this: &Scheduled,
    to: Addressee<'_>,
    mail: &Mail<'_>,
    attachment: Option<Attachment>,
) -> Result<bool> {
    let gate = this.store.gate();
    if let Some(problem) = gate.mail_problem(to.email).await? {
        gate.show_mail_problem(to.account, to.email, problem).await?;
        tracing::info!(account = %to.account, ?problem, "a mail is withheld");
        shared::count!(mails_withheld = 1_u8);
        return Ok(false);
    }
    let sent = this.mailer.send(to, mail, attachment).await;
    shared::count!(mails_sent = sent.is_ok(), mails_failed = sent.is_err());
    match sent {
        Err(outbound::Error::Refused { code, .. }) => {
            tracing::warn!(%code, account = %to.account, "SES refuses a mail for good");
            Ok(false)
        }
        result => Ok(result.map(|()| true)?),
    }
}
