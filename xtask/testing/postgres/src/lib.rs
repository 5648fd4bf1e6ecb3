//! Starts PostgreSQL servers for tests, the benchmark and `cargo xtask chaos`. Uses the installed programs of PostgreSQL.
//!
//! Each server has its own temporary data directory, and listens at 127.0.0.1 on a free port. fsync and
//! synchronous_commit are on. When the process that started a server ends or is killed, the server also ends. If this
//! process runs as root, the server runs as another user, because PostgreSQL refuses to run as root.
//!
//! The crate pgtemp has only some of these features. It turns fsync off, and needs sudo to start servers as root. Its
//! servers keep running if the process that started them is killed. It does not support standbys, faults or TLS.

mod binaries;
mod cluster;
mod directory;
mod faults;
mod options;
mod pgbouncer;
mod process;
mod run;
mod sql;
mod standby;
mod supervised;
mod user;

pub use binaries::{Binaries, find_pgbouncer};
pub use cluster::{Cluster, shared};
pub use directory::Storage;
pub use options::{Options, Tls};
pub use pgbouncer::PgBouncer;
pub use run::{is_wanted, skip_without};
