//! Razorpay's webhook, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<razorpay_webhook::RazorpayWebhook>()
}
