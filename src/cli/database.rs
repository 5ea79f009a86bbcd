//! Opening the database for a command that reads or writes its rows.

use super::Error;
use crate::{
    config::Config,
    store::{SchemaState, Store},
};

/// Opens the database, whose schema must be up to date.
pub(super) async fn open(config: &Config) -> Result<Store, Error> {
    let store = Store::open(&config.database).await.map_err(Error::Database)?;
    match store.schema_state().await.map_err(Error::Database)? {
        SchemaState::Current => Ok(store),
        SchemaState::Pending(_) => Err(Error::Usage(
            "the database is not up to date: run `migrate up`, or see that database.url names the one of the service"
                .to_owned(),
        )),
    }
}
