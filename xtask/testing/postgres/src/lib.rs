//! PostgreSQL servers for tests, the benchmark and the chaos run, from the programs that are installed.
//!
//! A server's data is its own, in a temporary directory. It listens at 127.0.0.1 on a free port, keeps fsync and
//! synchronous_commit on, and ends with the process that started it, even where that one was killed. Started by root it
//! runs as another user, as PostgreSQL wants it.
//!
//! The crate pgtemp does the first half of this. It turns fsync off, needs sudo to start servers as root, leaves them
//! behind where the process that started them is killed, and has neither standbys nor faults nor TLS.

mod account;
mod binaries;
mod cluster;
mod faults;
mod options;
mod pgbouncer;
mod place;
mod process;
mod run;
mod sql;
mod standby;
mod supervised;

pub use binaries::{Binaries, find_pgbouncer};
pub use cluster::{Cluster, shared};
pub use options::{Options, Tls};
pub use pgbouncer::PgBouncer;
pub use place::Storage;
pub use run::{is_wanted, skip_without};
