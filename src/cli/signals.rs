//! SIGTERM and SIGINT: the first asks the process to stop, the second ends it.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Exit, Failure};

/// A token that is cancelled by the first signal.
pub(super) fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let io = |source| Failure::Io { doing: "cannot wait for signals".to_owned(), source };
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if told.is_cancelled() {
                std::process::exit(Exit::Interrupted.code().into());
            }
            tracing::info!("stopping; a second signal ends the process at once");
            told.cancel();
        }
    });
    Ok(stop)
}
