//! A move from an embedded store: how it connects, and what keeps nodes away until it is over.

use deadpool_postgres::Object;

use super::*;

/// What an unfinished move has come to. While it is there, the database is no node's.
pub(crate) const UNFINISHED_MOVE: &str = "unfinished_move";

/// What was moved here.
pub(crate) const FINISHED_MOVE: &str = "finished_move";

/// A connection to a database whose schema is up to date.
pub(crate) async fn connect(options: &Options) -> std::result::Result<Object, OpenError> {
    let connections = Connections::alone(options)?;
    schema::migrate(&connections).await?;
    connections.object().await.map_err(|source| OpenError::Connect { url: options.url.shown(), source: source.into() })
}

/// A node that begins now must not: it would work on a part of what is to come.
pub(super) async fn refuse_unfinished(session: &Session) -> Answer<()> {
    match properties::get(session, UNFINISHED_MOVE).await? {
        Some(_) => Err(Trouble::HalfMoved),
        None => Ok(()),
    }
}
