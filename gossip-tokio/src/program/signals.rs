//! The two ways in which a person or a supervisor says: stop.
use core::time::Duration;
use tokio::time::sleep;

/// One wish to stop may come as several signals: supervisors send them to a process, and once more to its group.
const SAME_WISH: Duration = Duration::from_millis(300);

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

/// Waits for a signal that says stop a second time: one that comes a while after the first, which has just come.
pub(crate) async fn stop_asked_again() -> &'static str {
    sleep(SAME_WISH).await;
    stop_asked().await
}

async fn interrupted() -> &'static str {
    if tokio::signal::ctrl_c().await.is_err() {
        // It cannot be waited for, so it cannot come either.
        core::future::pending::<()>().await;
    }
    "SIGINT"
}
