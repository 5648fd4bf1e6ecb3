//! Support for moving an embedded store to PostgreSQL: the connection, and the check that refuses nodes during the
//! move.

use deadpool_postgres::Object;

use super::*;

/// The property with the progress of an unfinished move. While this property exists, no node may use the database.
pub(crate) const UNFINISHED_MOVE: &str = "unfinished_move";

/// The property that describes a finished move.
pub(crate) const FINISHED_MOVE: &str = "finished_move";

/// Connects to the database and migrates its schema.
pub(crate) async fn connect(options: &Options) -> std::result::Result<Object, OpenError> {
    let connections = Connections::single(options)?;
    schema::migrate(&connections).await?;
    connections.object().await.map_err(|source| OpenError::Connect { url: options.url.shown(), source: source.into() })
}

/// Returns an error while a move is unfinished, because the data in the database is still incomplete.
pub(super) async fn refuse_unfinished(session: &Session) -> SessionResult<()> {
    match properties::get(session, UNFINISHED_MOVE).await? {
        Some(_) => Err(SessionError::UnfinishedMove),
        None => Ok(()),
    }
}
