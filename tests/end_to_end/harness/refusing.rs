//! A database that refuses some of what messages say. Ours refuses nothing that passed our checks; a trigger of somebody
//! else's may.

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

/// Has the database refuse hits whose details hold the word, quoting them as a constraint's error would.
pub(crate) async fn refuse_hits_with(word: &str, database: &Database) {
    database.store().await.close().await;
    let connection = database.connect().await;
    let trigger = match connection.get_database_backend() {
        DbBackend::Postgres => format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'refused: %', NEW.details USING ERRCODE = '23514'; END $$; \
             CREATE TRIGGER refuse BEFORE INSERT ON rule_hit FOR EACH ROW \
             WHEN (NEW.details LIKE '%{word}%') EXECUTE FUNCTION refuse()"
        ),
        _ => format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON rule_hit WHEN NEW.details LIKE '%{word}%' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
    };
    connection.execute_unprepared(&trigger).await.expect("a trigger");
}
