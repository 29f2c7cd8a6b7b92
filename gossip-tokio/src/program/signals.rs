//! The two ways in which a person or a supervisor says: stop.

/// Waits for the next SIGINT or SIGTERM, and says which it was.
pub(crate) async fn stop_asked() -> &'static str {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return interrupted().await;
        };
        tokio::select! {
            signal = interrupted() => signal,
            _ = terminate.recv() => "SIGTERM",
        }
    }
    #[cfg(not(unix))]
    interrupted().await
}

async fn interrupted() -> &'static str {
    if tokio::signal::ctrl_c().await.is_err() {
        // It cannot be waited for, so it cannot come either.
        core::future::pending::<()>().await;
    }
    "SIGINT"
}
