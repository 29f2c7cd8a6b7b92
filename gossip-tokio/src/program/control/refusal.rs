//! A control request that was not done, and why: `{"error": …}` with a status that fits.
use super::{BODY_LEN_MAX, ErrorBody};
use crate::{CallError, Closed, DeleteError, DurableError, JoinError, PresenceError, PublishError, PutError};
use axum::{
    Json,
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use core::time::Duration;

/// An error response.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    reason: String,
    retry_after: Option<Duration>,
}

/// What a request comes to.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), retry_after: None }
    }

    pub(crate) fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(crate) fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, reason, retry_after } = self;
        let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let mut response = (status, Json(ErrorBody { error: reason, retry_after_ms })).into_response();
        if let Some(wait) = retry_after_ms {
            // The header knows whole seconds only.
            response.headers_mut().insert(header::RETRY_AFTER, wait.div_ceil(1_000).into());
        }
        response
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        let reason = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => format!(
                "a body of more than {BODY_LEN_MAX} bytes is not even read; `gossip info` tells how much fits a datagram"
            ),
            _ => rejection.body_text(),
        };
        Self::new(rejection.status(), reason)
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<Closed> for Refusal {
    fn from(closed: Closed) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, closed.to_string())
    }
}

/// What to do about a value that is too long.
pub(super) const SPLIT: &str = "split the value over several keys, or keep it elsewhere and write where";
/// What to do about a notice that is too long.
pub(super) const SHORTEN: &str = "shorten it, or keep the long part elsewhere and say where";

/// Whoever finds too many waiting for the disk asks again after so long.
const CROWDED_WAIT: Duration = Duration::from_millis(200);

/// How the core says no, as a status.
pub(crate) trait Status: core::fmt::Display {
    fn status(&self) -> StatusCode;

    /// What was wrong, and what to do.
    fn reason(&self) -> String {
        self.to_string()
    }

    /// When to ask again; `None` where that would be in vain.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

impl<E: Status> From<CallError<E>> for Refusal {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Closed => Closed.into(),
            CallError::Refused(error) => {
                Self { retry_after: error.retry_after(), ..Self::new(error.status(), error.reason()) }
            }
        }
    }
}

impl<E: Status> Status for DurableError<E> {
    fn reason(&self) -> String {
        match self {
            Self::Refused(error) => error.reason(),
            _ => self.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(error) => error.status(),
            Self::NoDataDir => StatusCode::CONFLICT,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(error) => error.retry_after(),
            Self::Crowded => Some(CROWDED_WAIT),
            _ => None,
        }
    }
}

impl Status for PresenceError {
    fn reason(&self) -> String {
        match self {
            Self::TooLong(it) => format!("name, role and tags together: {it}; shorten or --remove some"),
            _ => self.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::CONFLICT,
        }
    }
}

impl Status for JoinError {
    fn status(&self) -> StatusCode {
        match self {
            Self::OwnAddress => StatusCode::BAD_REQUEST,
            _ => StatusCode::CONFLICT,
        }
    }
}

impl Status for PublishError {
    fn reason(&self) -> String {
        match self {
            Self::TooLong(it) => format!("the notice: {it}; {SHORTEN}"),
            _ => self.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::CONFLICT,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl Status for PutError {
    fn reason(&self) -> String {
        match self {
            Self::TooLong(it) => format!("key and value together: {it}; {SPLIT}"),
            _ => self.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full { .. } | Self::WritersFull { .. } => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::CONFLICT,
        }
    }
}

impl Status for DeleteError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Absent => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        }
    }
}
