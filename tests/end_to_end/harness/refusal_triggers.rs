//! Constraints and triggers that make a database refuse some reports. The service's own schema accepts every report
//! that passed its checks; a trigger that an operator added may not.

use sea_orm::{ConnectionTrait as _, DbBackend};

use super::databases::Database;

/// Makes the database refuse recommendations of a rule. A report with such a hit is refused in every batch, unless it
/// is stale.
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
    connection.execute_unprepared(&trigger).await.expect("a constraint or trigger");
    connection.close().await.expect("close");
}

/// Makes the database refuse hits whose details contain the word. PostgreSQL's error quotes the details, as the error
/// of a constraint does.
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
