//! A PostgreSQL server for one test, which the test can crash and restart.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::{
    databases::{Database, postgres_at},
    wait::until,
};

/// A server with durable settings: committed transactions survive a crash.
pub(crate) struct Server {
    url: String,
    data: PathBuf,
    /// `services/with-services`, which started the server and removes it when the test ends.
    launcher: Child,
    /// The server after a restart by the test.
    restarted: Option<Child>,
}

impl Server {
    /// Starts a server.
    pub(crate) async fn start() -> Self {
        let mut launcher = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/services/with-services"))
            .args(["bash", "-c", "echo \"$TEST_DATABASE_URL\"; exec sleep infinity"])
            .env_remove("TEST_DATABASE_URL")
            .env("WITH_DURABLE_POSTGRES", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("services/with-services starts");
        let mut stdout = BufReader::new(launcher.stdout.take().expect("its output"));
        let mut url = String::new();
        stdout.read_line(&mut url).expect("the server's URL");
        let url = url.trim().to_owned();
        let connection = sea_orm::Database::connect(&url).await.expect("connect");
        let statement = Statement::from_string(DbBackend::Postgres, "SHOW data_directory");
        let row = connection.query_one_raw(statement).await.expect("an answer").expect("a row");
        let data: String = row.try_get_by_index(0).expect("a path");
        Self { url, data: data.into(), launcher, restarted: None }
    }

    /// Creates an empty database on the server.
    pub(crate) async fn database(&self) -> Database {
        postgres_at(&self.url).await
    }

    /// Creates an empty database of the same name, for the same user, as one on another server.
    pub(crate) async fn twin(&self, database: &Database) -> Database {
        database.twin_at(&self.url).await
    }

    /// Stops the server without a checkpoint, as a crash does, and returns the command that starts it again.
    pub(crate) async fn crash(&mut self) -> Command {
        let pid = self.pid();
        let restart = command_of(&pid);
        let sent = Command::new("kill").args(["-s", "QUIT", &pid]).status().expect("kill");
        assert!(sent.success(), "kill -s QUIT {pid}");
        if let Some(mut server) = self.restarted.take() {
            server.wait().expect("wait");
        }
        let gone = PathBuf::from(format!("/proc/{pid}"));
        until("the server is gone", async || (!gone.exists()).then_some(())).await;
        restart
    }

    /// Starts the server again and waits until it accepts connections.
    pub(crate) async fn restart(&mut self, mut restart: Command) {
        self.restarted = Some(restart.spawn().expect("the server starts"));
        until("the server accepts connections", async || sea_orm::Database::connect(&self.url).await.ok().map(drop))
            .await;
    }

    fn pid(&self) -> String {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).expect("the server's pid file");
        file.lines().next().expect("a first line").to_owned()
    }
}

/// The command line of a process, to be run again as the same user.
fn command_of(pid: &str) -> Command {
    let process = PathBuf::from("/proc").join(pid);
    let line = fs::read_to_string(process.join("cmdline")).expect("its command line");
    let mut words = line.split_terminator('\0');
    let mut command = Command::new(words.next().expect("a program"));
    let owner = fs::metadata(&process).expect("its owner");
    // The server was started in the parent of its data directory and then changed into it.
    let data = fs::read_link(process.join("cwd")).expect("its folder");
    command.args(words).current_dir(data.parent().expect("a parent")).uid(owner.uid()).gid(owner.gid());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(server) = &mut self.restarted {
            // The files that it leaves are removed with the folder.
            let _ = server.kill();
            let _ = server.wait();
        }
        // The launcher removes the folder when it receives SIGTERM.
        let _ = Command::new("kill").args(["-s", "TERM", &self.launcher.id().to_string()]).status();
        let _ = self.launcher.wait();
    }
}
