use super::*;
use crate::models::{
    AppointmentId, Currency, FinancialYear, HospitalCode, Name, Parse as _, PaymentId, ReceiptId,
    RefundCause, RefundId,
};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn rupees(amount: i64) -> Money {
    Money::new(amount * 100, Currency::INR).unwrap()
}

fn paper(hospital: &str, facts: Vec<(&'static str, String)>, sums: usize) -> Paper {
    let sum = |n: usize| (format!("Refund {n}"), rupees(5).display());
    Paper {
        number: "SUN/2026-27/000123".to_owned(),
        hospital: hospital.to_owned(),
        facts,
        sums: (0..sums).map(sum).collect(),
        issued_at: Instant::from_seconds(1_796_099_400),
    }
}

fn pages(pdf: &[u8]) -> usize {
    String::from_utf8_lossy(pdf).matches("/Type/Page/").count()
}

#[test]
fn nothing_anybody_typed_is_markup() {
    let evil = "<script>alert('x')</script> & \"Co\"";
    let html = paper(evil, vec![("Received from", evil.to_owned())], 1).html().unwrap();
    assert!(!html.contains("<script") && !html.contains("\"Co\""), "{html}");
    assert_eq!(html.matches("&#60;script&#62;").count(), 2, "{html}");
    assert!(html.contains("₹5.00") && html.contains("Receipt SUN/2026-27/000123"));
    for outside in ["http://", "https://", "src=", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_receipt_is_the_same_file() {
    let facts = || vec![("Received from", "अनिल कपूर Asha Rao 👩‍⚕️ محمد".to_owned())];
    let pdf = paper("Sunrise Hospital", facts(), 3).pdf().unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    assert_eq!(paper("Sunrise Hospital", facts(), 3).pdf().unwrap(), pdf);
    // Only the letters in use are in it, not whole fonts.
    assert!(pdf.len() < 60_000, "{} bytes", pdf.len());
    assert_eq!(pages(&pdf), 1);
}

#[test]
fn what_is_too_long_for_a_sheet_goes_on_to_the_next() {
    let long = paper(&"Hospital ".repeat(11), vec![("For", "W".repeat(200)); 8], 40);
    assert!(pages(&long.pdf().unwrap()) > 1);
}

#[test]
fn the_sums_say_what_came_what_went_and_what_is_kept() {
    let at = Instant::from_seconds(1_796_099_400);
    let payment = PaymentId::parse("pay_A1").unwrap();
    let receipt = Receipt {
        id: ReceiptId::from_parts(at, 1),
        year: FinancialYear::parse("2026-27").unwrap(),
        serial: 1,
        code: HospitalCode::parse("sun").unwrap(),
        hospital: name("Sunrise"),
        appointment_id: AppointmentId::from_parts(at, 1),
        payment_id: payment.clone(),
        amount: rupees(500),
        paid_at: at,
        issued_at: at,
    };
    let refund = |id, payment: &PaymentId, amount, status| Refund {
        id: RefundId::from_parts(at, id),
        payment_id: payment.clone(),
        amount: rupees(amount),
        status,
        razorpay_id: None,
        failed: Vec::new(),
        at_desk: false,
        cause: RefundCause::Cancelled,
        created_at: at,
    };
    let zone = Zone::default();
    assert_eq!(sums(&receipt, &[], &zone), [("Received".to_owned(), "₹500.00".to_owned())]);
    let other = PaymentId::parse("pay_B2").unwrap();
    let all = [
        refund(1, &payment, 250, RefundStatus::Processed),
        // Of another payment: not on this receipt.
        refund(2, &other, 500, RefundStatus::Processed),
    ];
    let expected = [
        ("Received", "₹500.00"),
        ("Refund of 1 December 2026, paid back", "−₹250.00"),
        ("Kept by the hospital", "₹250.00"),
    ];
    let shown = sums(&receipt, &all, &zone);
    assert_eq!(shown, expected.map(|(label, sum)| (label.to_owned(), sum.to_owned())));
    assert_eq!(kept(&receipt, &all), rupees(250));
}
