//! The service as a process of its own, so that its memory is not that of the benchmark.

use std::{
    fs,
    process::{Child, Command},
};

use super::Environment;

/// A running service, which is killed if the benchmark panics.
pub(crate) struct ServiceProcess(Child);

impl ServiceProcess {
    /// Starts the ingester.
    pub(crate) fn start(environment: &Environment) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_insights-results-aggregator"));
        command.args(["serve", "--role", "ingest"]).envs(environment);
        Self(command.spawn().expect("the service starts"))
    }

    /// Stops the service gracefully. Returns its peak memory in MB.
    pub(crate) fn stop(mut self) -> f64 {
        let peak = self.peak_memory();
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill");
        assert!(sent.success(), "kill -s TERM");
        let ended = self.0.wait().expect("the service ends");
        assert!(ended.success(), "{ended}");
        peak
    }

    /// The most memory that was resident at a time since the start.
    fn peak_memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the state of the process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak memory");
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes * 1024.0 / 1e6
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        // It has already ended, unless the benchmark panics.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
