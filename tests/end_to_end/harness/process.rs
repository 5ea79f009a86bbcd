//! The program as a child process, which tests can kill, stop with a signal, and read the output of.

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

use tempfile::TempDir;

use super::{databases::Database, kafka::Topic, wait::until};

/// A running process, which is killed when the test ends.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    _folder: TempDir,
}

/// The program with an empty environment, except for the file where `make coverage` collects its data.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_insights-results-aggregator"));
    let coverage = env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
    command.env_clear().envs(coverage).stdin(Stdio::null());
    command
}

/// The command `serve` from a topic into a database, on a free port, with the log level `debug`.
pub(crate) fn serve(database: &Database, topic: &Topic) -> Command {
    let kafka = topic.settings();
    let mut command = program();
    command.arg("serve");
    for (key, value) in [
        ("HTTP__ADDRESS", "127.0.0.1:0"),
        ("DATABASE__URL", database.settings.url.expose()),
        ("KAFKA__BROKERS", &kafka.brokers.join(",")),
        ("KAFKA__OCP_TOPIC", &kafka.ocp_topic),
        ("KAFKA__WORKLOAD_TOPIC", kafka.workload_topic.as_deref().unwrap_or_default()),
        ("KAFKA__DEAD_LETTER_TOPIC", &kafka.dead_letter_topic),
        ("KAFKA__GROUP", &kafka.group),
        ("KAFKA__SESSION_TIMEOUT", &format!("{}s", kafka.session_timeout.as_secs())),
        ("LOG__LEVEL", "debug"),
    ] {
        set_config(&mut command, key, value);
    }
    command
}

/// The command `serve --role api` over a database, on a free port.
pub(crate) fn serve_api(database: &Database) -> Command {
    let mut command = program();
    command.args(["serve", "--role", "api"]);
    set_config(&mut command, "HTTP__ADDRESS", "127.0.0.1:0");
    set_config(&mut command, "DATABASE__URL", database.settings.url.expose());
    command
}

/// [`serve`] in batches of 20 messages, so that a batch is always under way, and with a group instance id, so that the
/// next process gets the partitions at once.
pub(crate) fn serve_small_batches(database: &Database, topic: &Topic) -> Command {
    let mut command = serve(database, topic);
    set_config(&mut command, "INGEST__BATCH_MESSAGES", "20");
    set_config(&mut command, "KAFKA__GROUP_INSTANCE_ID", "the-only-one");
    command
}

/// Sets a key of the configuration, written `SECTION__KEY`.
pub(crate) fn set_config(command: &mut Command, key: &str, value: &str) {
    command.env(format!("INSIGHTS_RESULTS_AGGREGATOR__{key}"), value);
}

impl Process {
    /// Starts [`serve`].
    pub(crate) fn serve(database: &Database, topic: &Topic) -> Self {
        Self::spawn(serve(database, topic))
    }

    /// Starts a command with its output in a file.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let file = fs::File::create(&log).expect("a log file");
        command.stdout(file.try_clone().expect("a second handle")).stderr(file);
        let child = command.spawn().expect("the program starts");
        Self { child, log, _folder: folder }
    }

    /// All output so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("the log")).into_owned()
    }

    /// Waits until the process logs the address that it listens on.
    pub(crate) async fn address(&self) -> SocketAddr {
        until("the process logs its address", async || {
            let output = self.output();
            let line = output.lines().find(|line| line.contains("listening"))?;
            line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
        })
        .await
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Sends a signal, given by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success(), "kill -s {name}");
    }

    /// Waits until the process has ended.
    pub(crate) async fn exit_status(&mut self) -> ExitStatus {
        until("the process ends", async || self.child.try_wait().expect("wait")).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
