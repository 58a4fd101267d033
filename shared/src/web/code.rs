//! The codes of problem documents: every one there is, with its status and its meaning.

use crate::models::codes;
use http::StatusCode;

codes! {
    /// Why a request came to nothing, for programs.
    pub enum Code {
        /// The HTTP request itself cannot be read.
        MalformedRequest = "MALFORMED_REQUEST",
        /// The body is not declared as JSON.
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        /// The body is not one JSON object.
        MalformedJson = "MALFORMED_JSON",
        /// The body is larger than any that is taken.
        BodyTooLarge = "BODY_TOO_LARGE",
        /// A query parameter is given twice.
        RepeatedParameter = "REPEATED_PARAMETER",
        /// `Idempotency-Key` is not one value of 1 to 255 visible ASCII characters.
        InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY",
        /// The signature is not Razorpay's.
        InvalidSignature = "INVALID_SIGNATURE",
        /// The event is of another merchant than the hospital's.
        AccountMismatch = "ACCOUNT_MISMATCH",
        /// There is no access token, or it is good no more.
        Unauthenticated = "UNAUTHENTICATED",
        /// The address and the password log nobody in.
        InvalidCredentials = "INVALID_CREDENTIALS",
        /// The code logs nobody in: wrong, used, too old, or of another purpose.
        InvalidOtp = "INVALID_OTP",
        /// The caller's role may not do this.
        Forbidden = "FORBIDDEN",
        /// It is not there, or not in the caller's hospital.
        NotFound = "NOT_FOUND",
        /// Others change the same thing at this moment; try again.
        Conflict = "CONFLICT",
        /// The first request with this key is still running; try again.
        IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS",
        /// Another hospital has this code.
        DuplicateCode = "DUPLICATE_CODE",
        /// Another account has this address.
        DuplicateEmail = "DUPLICATE_EMAIL",
        /// Another patient has this identifier.
        DuplicateIdentifier = "DUPLICATE_IDENTIFIER",
        /// The account with this address is blocked.
        AccountBlocked = "ACCOUNT_BLOCKED",
        /// The account is closed for good.
        AccountClosed = "ACCOUNT_CLOSED",
        /// Nobody does this to his own account.
        OwnAccount = "OWN_ACCOUNT",
        /// The doctor's account is not active.
        DoctorNotActive = "DOCTOR_NOT_ACTIVE",
        /// Slots of the doctor's are in the way; `clashes` has them.
        SlotOverlap = "SLOT_OVERLAP",
        /// The slot is not open.
        SlotNotOpen = "SLOT_NOT_OPEN",
        /// Somebody else has the slot; `nextAvailable` and `alternatives` have others.
        SlotTaken = "SLOT_TAKEN",
        /// The hospital is closed on that day.
        HospitalClosed = "HOSPITAL_CLOSED",
        /// The patient has another appointment at that time.
        PatientBusy = "PATIENT_BUSY",
        /// The slot costs more than the appointment; `difference` says how much.
        SlotCostsMore = "SLOT_COSTS_MORE",
        /// The slot costs something else than what is being paid.
        FeeDiffers = "FEE_DIFFERS",
        /// The slot's doctor offers no visit of this kind.
        VisitTypeNotOffered = "VISIT_TYPE_NOT_OFFERED",
        /// The appointment was changed so often that it is moved no more.
        MovedTooOften = "MOVED_TOO_OFTEN",
        /// The appointment is in no state in which it is moved.
        NotMovable = "NOT_MOVABLE",
        /// The appointment is over, so there is nothing to cancel.
        NotCancellable = "NOT_CANCELLABLE",
        /// The appointment has begun.
        AlreadyStarted = "ALREADY_STARTED",
        /// The time to pay is over, and the appointment holds no slot any more.
        HoldExpired = "HOLD_EXPIRED",
        /// The appointment has not begun.
        NotStarted = "NOT_STARTED",
        /// The appointment is on another day.
        NotToday = "NOT_TODAY",
        /// It is undone on the day on which it was noted, and not later.
        TooLateToUndo = "TOO_LATE_TO_UNDO",
        /// So much was undone that nothing more can be.
        UndoneTooOften = "UNDONE_TOO_OFTEN",
        /// Nobody is checked in or missed.
        NothingToUndo = "NOTHING_TO_UNDO",
        /// The patient is there; undo the check-in first.
        CheckedIn = "CHECKED_IN",
        /// The appointment is not confirmed, or it is over.
        NotConfirmed = "NOT_CONFIRMED",
        /// The time to choose is over.
        LeaveOfferOver = "LEAVE_OFFER_OVER",
        /// The link was used already.
        LeaveOfferUsed = "LEAVE_OFFER_USED",
        /// There is nothing to choose: the appointment stands.
        AppointmentStands = "APPOINTMENT_STANDS",
        /// The leave is over.
        LeaveOver = "LEAVE_OVER",
        /// What was kept is kept no more.
        WaitlistOfferOver = "WAITLIST_OFFER_OVER",
        /// The patient waits for as much as one may.
        WaitlistFull = "WAITLIST_FULL",
        /// What was waited for is booked.
        AlreadyBooked = "ALREADY_BOOKED",
        /// Nobody waits today.
        NobodyWaits = "NOBODY_WAITS",
        /// Nobody is called.
        NobodyCalled = "NOBODY_CALLED",
        /// Only a number that was skipped is called again.
        NotSkipped = "NOT_SKIPPED",
        /// No more numbers are given today.
        QueueFull = "QUEUE_FULL",
        /// The appointment is paid.
        AlreadyPaid = "ALREADY_PAID",
        /// The appointment costs nothing.
        NothingToPay = "NOTHING_TO_PAY",
        /// The appointment is cancelled or over.
        NotPayable = "NOT_PAYABLE",
        /// Razorpay is still working on the payment; ask again.
        PaymentUnfinished = "PAYMENT_UNFINISHED",
        /// The payment did not succeed.
        PaymentNotCaptured = "PAYMENT_NOT_CAPTURED",
        /// Nothing is owed at the desk.
        NothingToRefund = "NOTHING_TO_REFUND",
        /// Some fields are not right; `errors` has each.
        ValidationFailed = "VALIDATION_FAILED",
        /// The key was used for another request.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// The slot has begun already.
        SlotInPast = "SLOT_IN_PAST",
        /// The slot begins too soon to be booked still.
        SlotTooSoon = "SLOT_TOO_SOON",
        /// The slot is too far ahead to be booked yet.
        SlotTooFar = "SLOT_TOO_FAR",
        /// Too many requests; `Retry-After` says when to come back.
        TooManyRequests = "TOO_MANY_REQUESTS",
        /// A fault of ours, which is noted under `requestId`.
        InternalError = "INTERNAL_ERROR",
        /// Something needed does not answer; `Retry-After` says when to try again.
        DependencyUnavailable = "DEPENDENCY_UNAVAILABLE",
    }
}

impl Code {
    /// The status of an answer with this code.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest
            | Self::UnsupportedMediaType
            | Self::MalformedJson
            | Self::BodyTooLarge
            | Self::RepeatedParameter
            | Self::InvalidIdempotencyKey
            | Self::InvalidSignature
            | Self::AccountMismatch => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidCredentials | Self::InvalidOtp => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ValidationFailed
            | Self::IdempotencyKeyReused
            | Self::SlotInPast
            | Self::SlotTooSoon
            | Self::SlotTooFar => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::DependencyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        }
    }
}
