//! A PostgreSQL of one test's own, that can crash and come back.

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

/// A server with durable settings: what it has committed survives its crash.
pub(crate) struct Server {
    url: String,
    data: PathBuf,
    /// What started it, and removes it when the test ends.
    keeper: Child,
    /// The server once it came back: started by the test.
    again: Option<Child>,
}

impl Server {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let mut keeper = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/services/with-services"))
            .args(["bash", "-c", "echo \"$TEST_DATABASE_URL\"; exec sleep infinity"])
            .env_remove("TEST_DATABASE_URL")
            .env("WITH_DURABLE_POSTGRES", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("services/with-services starts");
        let mut told = BufReader::new(keeper.stdout.take().expect("its output"));
        let mut url = String::new();
        told.read_line(&mut url).expect("the server's URL");
        let url = url.trim().to_owned();
        let connection = sea_orm::Database::connect(&url).await.expect("connect");
        let asked = Statement::from_string(DbBackend::Postgres, "SHOW data_directory");
        let row = connection.query_one_raw(asked).await.expect("an answer").expect("a row");
        let data: String = row.try_get_by_index(0).expect("a path");
        Self { url, data: data.into(), keeper, again: None }
    }

    /// An empty database on it.
    pub(crate) async fn database(&self) -> Database {
        postgres_at(&self.url).await
    }

    /// Ends it at once, as a crash would, and gives what brings it back.
    pub(crate) async fn crash(&mut self) -> Command {
        let pid = self.pid();
        let restart = command_of(&pid);
        let sent = Command::new("kill").args(["-s", "QUIT", &pid]).status().expect("kill");
        assert!(sent.success(), "kill -s QUIT {pid}");
        if let Some(mut again) = self.again.take() {
            again.wait().expect("wait");
        }
        let gone = PathBuf::from(format!("/proc/{pid}"));
        until("the server is gone", async || (!gone.exists()).then_some(())).await;
        restart
    }

    /// Brings it back, and waits until it answers.
    pub(crate) async fn come_back(&mut self, mut restart: Command) {
        self.again = Some(restart.spawn().expect("the server starts"));
        until("the server answers", async || sea_orm::Database::connect(&self.url).await.ok().map(drop)).await;
    }

    fn pid(&self) -> String {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).expect("the server's pid file");
        file.lines().next().expect("a first line").to_owned()
    }
}

/// The command that runs as this process, as the user who runs it.
fn command_of(pid: &str) -> Command {
    let process = PathBuf::from("/proc").join(pid);
    let line = fs::read_to_string(process.join("cmdline")).expect("its command line");
    let mut words = line.split_terminator('\0');
    let mut command = Command::new(words.next().expect("a program"));
    let owner = fs::metadata(&process).expect("its owner");
    // It was started beside its data and is in them now.
    let data = fs::read_link(process.join("cwd")).expect("its folder");
    command.args(words).current_dir(data.parent().expect("a parent")).uid(owner.uid()).gid(owner.gid());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(again) = &mut self.again {
            // What it leaves behind goes with the folder.
            let _ = again.kill();
            let _ = again.wait();
        }
        // It removes the folder when it is told to end.
        let _ = Command::new("kill").args(["-s", "TERM", &self.keeper.id().to_string()]).status();
        let _ = self.keeper.wait();
    }
}
