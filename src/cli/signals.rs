//! SIGTERM and SIGINT: the first stops the process gracefully, the second ends it immediately.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Error, Exit};

/// Returns a token that the first signal cancels.
pub(super) fn stop_on_signal() -> Result<CancellationToken, Error> {
    let io = |source| Error::Io { context: "cannot wait for signals".to_owned(), source };
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if on_signal.is_cancelled() {
                std::process::exit(Exit::Interrupted.code().into());
            }
            tracing::info!("stopping; a second signal ends the process immediately");
            on_signal.cancel();
        }
    });
    Ok(stop)
}
