//! A database for each test: on PostgreSQL or in a SQLite file.

use std::env;

use insights_results_aggregator::{config, store::Store};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;
use uuid::Uuid;

use super::service::default_config;

/// An empty database that is removed when the test ends.
pub(crate) struct Database {
    /// The configuration that opens it.
    pub(crate) settings: config::Database,
    /// The kind of database, for the messages of assertions.
    pub(crate) name: &'static str,
    storage: Storage,
}

enum Storage {
    Folder { _folder: TempDir },
    Server { admin_url: String, database: String },
}

/// Creates an empty database of each kind.
pub(crate) async fn each_database() -> [Database; 2] {
    [postgres().await, sqlite()]
}

/// Creates an empty PostgreSQL database.
pub(crate) async fn postgres() -> Database {
    postgres_with("").await
}

/// Creates an empty PostgreSQL database with these options of `CREATE DATABASE`.
pub(crate) async fn postgres_with(options: &str) -> Database {
    let admin_url = env::var("TEST_DATABASE_URL").expect(
        "TEST_DATABASE_URL is not set: run `make test`, which starts PostgreSQL, or set it to the URL of a server",
    );
    create(&admin_url, new_name(), options).await
}

/// Creates an empty database on the server at this URL.
pub(super) async fn postgres_at(admin_url: &str) -> Database {
    create(admin_url, new_name(), "").await
}

fn new_name() -> String {
    format!("test_{}", Uuid::new_v4().simple())
}

async fn create(admin_url: &str, database: String, options: &str) -> Database {
    let admin_url = admin_url.to_owned();
    execute(&admin_url, &format!("CREATE DATABASE {database} {options}")).await;
    let mut url = url::Url::parse(&admin_url).expect("the server has a URL");
    url.set_path(&database);
    Database { settings: settings(url.as_str()), name: "PostgreSQL", storage: Storage::Server { admin_url, database } }
}

/// Creates an empty SQLite database.
pub(crate) fn sqlite() -> Database {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    Database { settings: settings(&url), name: "SQLite", storage: Storage::Folder { _folder: folder } }
}

fn settings(url: &str) -> config::Database {
    let mut settings = default_config().database;
    settings.url = url.to_owned().try_into().expect("a database URL");
    settings
}

impl Database {
    /// Opens a store over this database and migrates its schema.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::open(&self.settings).await.expect("open");
        store.migrate_up().await.expect("migrate");
        store
    }

    /// Creates an empty database of the same name, for the same user, on another server.
    pub(crate) async fn twin_at(&self, admin_url: &str) -> Self {
        let url = url::Url::parse(self.settings.url.expose()).expect("the database has a URL");
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        let mut twin_url = url::Url::parse(admin_url).expect("the server has a URL");
        execute(admin_url, &format!("ALTER ROLE {user} PASSWORD '{password}'")).await;
        twin_url.set_password(Some(password)).expect("a password");
        create(twin_url.as_str(), url.path().trim_start_matches('/').to_owned(), "").await
    }

    /// Makes the database read-only, as a demotion of its server does, and ends its sessions.
    pub(crate) async fn demote(&self) {
        let Storage::Server { admin_url, database } = &self.storage else { panic!("not on a server") };
        execute(admin_url, &format!("ALTER DATABASE {database} SET default_transaction_read_only = on")).await;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        execute(admin_url, &end).await;
    }

    /// Opens a connection for the test itself.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        connect(self.settings.url.expose()).await
    }
}

impl Drop for Database {
    /// Drops the database, because the server may outlive the tests.
    fn drop(&mut self) {
        let Storage::Server { admin_url, database } = &self.storage else { return };
        let (admin_url, drop) = (admin_url.clone(), format!("DROP DATABASE {database} WITH (FORCE)"));
        // A separate thread with its own runtime, because a drop inside a runtime cannot block on it.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&admin_url, &drop));
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
