//! PostgreSQL servers for tests, the benchmark and the chaos run. Uses the installed programs.
//!
//! Each server has its own temporary data directory, and listens at 127.0.0.1 on a free port. fsync and synchronous_commit
//! are on. A server ends with the process that started it, even if that process is killed. If that process runs as root,
//! the server runs as another user, because PostgreSQL refuses to run as root.
//!
//! The crate pgtemp covers only a part of this. It turns fsync off, needs sudo to start servers as root, and leaves servers
//! behind if the process that started them is killed. It has no standbys, faults or TLS.

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
