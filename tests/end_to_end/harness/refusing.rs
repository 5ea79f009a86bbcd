//! A database that refuses some of what it is given, as no message that passed our checks should make it.

use sea_orm::{ConnectionTrait as _, DbBackend};

use super::databases::Database;

/// Has the database refuse recommendations of a rule. A report that hits such a one is refused in whatever batch it comes,
/// unless it is stale.
pub(crate) async fn refuse_recommendations_of(rule: &str, database: &Database) {
    database.store().await.close().await;
    let connection = database.connect().await;
    let trigger = match connection.get_database_backend() {
        DbBackend::Postgres => {
            format!("ALTER TABLE recommendation ADD CONSTRAINT refused CHECK (rule_fqdn <> '{rule}')")
        }
        _ => format!(
            "CREATE TRIGGER refused BEFORE INSERT ON recommendation WHEN NEW.rule_fqdn = '{rule}' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
    };
    connection.execute_unprepared(&trigger).await.expect("a refusal");
    connection.close().await.expect("close");
}
