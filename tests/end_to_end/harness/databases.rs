//! A database for each test: on PostgreSQL, and as a SQLite file.

use std::env;

use insights_results_aggregator::{config, store::Store};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;
use uuid::Uuid;

use super::service::default_config;

/// An empty database that goes with the test.
pub(crate) struct Database {
    /// As the configuration names it.
    pub(crate) settings: config::Database,
    /// For assertions.
    pub(crate) name: &'static str,
    owner: Owner,
}

enum Owner {
    Folder { _folder: TempDir },
    Server { administrator: String, database: String },
}

/// An empty database of each kind.
pub(crate) async fn each_database() -> [Database; 2] {
    [postgres().await, sqlite()]
}

/// An empty PostgreSQL database.
pub(crate) async fn postgres() -> Database {
    let administrator = env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL is not set: run `make test`, which starts PostgreSQL, or name one of yours");
    postgres_at(&administrator).await
}

/// An empty database on the server at this URL.
pub(crate) async fn postgres_at(administrator: &str) -> Database {
    let administrator = administrator.to_owned();
    let database = format!("test_{}", Uuid::new_v4().simple());
    execute(&administrator, &format!("CREATE DATABASE {database}")).await;
    let mut url = url::Url::parse(&administrator).expect("the server has a URL");
    url.set_path(&database);
    Database { settings: settings(url.as_str()), name: "PostgreSQL", owner: Owner::Server { administrator, database } }
}

/// An empty SQLite database.
pub(crate) fn sqlite() -> Database {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    Database { settings: settings(&url), name: "SQLite", owner: Owner::Folder { _folder: folder } }
}

fn settings(url: &str) -> config::Database {
    let mut settings = default_config().database;
    settings.url = url.to_owned().try_into().expect("a database URL");
    settings
}

impl Database {
    /// A store over this database, its schema up to date.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::open(&self.settings).await.expect("open");
        store.migrate_up().await.expect("migrate");
        store
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        connect(self.settings.url.expose()).await
    }
}

impl Drop for Database {
    /// Leaves nothing behind on a server that was lent to us.
    fn drop(&mut self) {
        let Owner::Server { administrator, database } = &self.owner else { return };
        let (administrator, drop) = (administrator.clone(), format!("DROP DATABASE {database} WITH (FORCE)"));
        // A runtime of its own: this may be dropped within one.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&administrator, &drop));
        });
        let failing = std::thread::panicking();
        assert!(dropped.join().is_ok() || failing, "the test's database could not be dropped");
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("connect")
}

async fn execute(url: &str, sql: &str) {
    let connection = connect(url).await;
    connection.execute_unprepared(sql).await.expect("execute");
    connection.close().await.expect("close");
}
