//! The database, its master keys, and the clock.

use std::fmt::Display;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{Access, access};

use super::{EARLIEST, Finding};
use crate::config::Settings;
use crate::http::service_status::why_full;
use crate::model::{KeyRecord, StorageUse};
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::node::open_store::{limits, postgres_options};
use crate::store::address::StoreAddress;
use crate::store::postgres::url::PostgresUrl;
use crate::store::{postgres, sqlite};

/// The clock of the database and of this machine may differ by this time.
const MAX_OFFSET: TimeDelta = TimeDelta::seconds(1);

/// If the clocks differ more, timestamps in signatures are refused by receivers, and retries are far too early or late.
const MAX_TOLERATED_OFFSET: TimeDelta = TimeDelta::seconds(30);

const MAKE_ROOM: &str = "raise the limit, free disk space, or keep deliveries for less time (storage.keep_succeeded, storage.keep_failed)";

pub(super) async fn check(settings: &Settings, data_dir: &DataDir, keys: &anyhow::Result<GivenKeys>, now: DateTime<Utc>) -> Vec<Finding> {
    match &settings.store {
        StoreAddress::Sqlite => check_sqlite(settings, data_dir, keys, now),
        StoreAddress::Postgres(url) => check_postgres(settings, url, keys, now).await,
    }
}

fn check_sqlite(settings: &Settings, data_dir: &DataDir, keys: &anyhow::Result<GivenKeys>, now: DateTime<Utc>) -> Vec<Finding> {
    let database = data_dir.database();
    let shown = database.display();
    if let Err(error) = data_dir.refuse_if_moved() {
        return vec![Finding::failed("store", shown, &error)];
    }
    let mut findings = vec![clock(last_write(&database), now)];
    if !database.exists() {
        findings.push(master_keys(keys, &[]));
        findings.push(match nearest_writable(&settings.data_dir) {
            true => Finding::ok("store", shown, "there is no database yet; the first start creates it"),
            false => Finding::error("store", shown, "it cannot be created", "let the user of the server write there, or set --data-dir"),
        });
        return findings;
    }
    let inspection = match sqlite::inspect::inspect(&database, &limits(settings)) {
        Ok(inspection) => inspection,
        Err(error) => {
            findings.push(Finding::failed("store", shown, &error.into()));
            return findings;
        }
    };
    let (found, known) = (inspection.schema, inspection.known_schema);
    findings.push(if found == 0 {
        Finding::error("store", &shown, "it is not a database of webhooks-server", "set --data-dir to the data directory of the server")
    } else if found > known {
        let cause = format!("it has schema {found}, and this program knows schemas up to {known}");
        Finding::error("store", &shown, cause, "run the newer program that made it")
    } else if ![database.as_path(), &settings.data_dir].iter().all(|path| access(*path, Access::WRITE_OK).is_ok()) {
        Finding::error(
            "store",
            &shown,
            "this user cannot write it",
            "run webhooks-server as a user who may write it and create files beside it",
        )
    } else {
        storage("store", &shown, &schema_text(found, known), &inspection.storage)
    });
    if found > 0 && found <= known {
        findings.push(master_keys(keys, &inspection.keys));
    }
    findings
}

async fn check_postgres(settings: &Settings, url: &PostgresUrl, keys: &anyhow::Result<GivenKeys>, now: DateTime<Utc>) -> Vec<Finding> {
    let shown = url.shown();
    let options = match postgres_options(settings, url) {
        Ok(options) => options,
        Err(error) => return vec![clock(None, now), Finding::failed("store", shown, &error)],
    };
    let inspection = match postgres::inspect::inspect(&options, &limits(settings)).await {
        Ok(inspection) => inspection,
        Err(error) => return vec![clock(None, now), Finding::failed("store", shown, &error.into())],
    };
    let (found, known) = (inspection.schema, inspection.known_schema);
    let store = if !inspection.fits {
        let cause = format!("it has schema {found}, and this program supports only schemas up to {known}");
        Finding::error("store", &shown, cause, "run the newer program that created it")
    } else if inspection.is_read_only {
        let next = "connect to the primary, for example with target_session_attrs=read-write in the URL";
        Finding::error("store", &shown, "the database accepts no writes: it is a standby or read-only", next)
    } else if !inspection.may_write {
        Finding::error(
            "store",
            &shown,
            "the role of the connection may not write",
            "grant the role the rights on the database and its tables",
        )
    } else if inspection.has_unfinished_move {
        let next = "run the same `webhooks-server migrate` again to continue the move";
        Finding::error("store", &shown, "not everything has been moved to it yet", next)
    } else if found == 0 {
        Finding::ok("store", &shown, "the database is new; the first start creates the tables")
    } else {
        storage("store", &shown, &schema_text(found, known), &inspection.storage)
    };
    vec![clock_of_database(&shown, inspection.clock_offset, now), store, master_keys(keys, &inspection.keys)]
}

fn schema_text<N: PartialOrd + Display>(found: N, known: N) -> String {
    if found < known { format!("schema {found}; the next start migrates it to {known}") } else { format!("schema {found}") }
}

fn storage(check: &'static str, object: impl ToString, schema: &str, storage: &StorageUse) -> Finding {
    let free = if storage.disk_free_bytes == u64::MAX { "unknown".to_owned() } else { storage.disk_free_bytes.to_string() };
    match why_full(storage) {
        Some(cause) => Finding::error(check, object, cause, MAKE_ROOM),
        None => Finding::ok(check, object, format!("{schema}; writable; {} bytes used; free on the disk: {free}", storage.used_bytes)),
    }
}

fn master_keys(given: &anyhow::Result<GivenKeys>, records: &[KeyRecord]) -> Finding {
    const CHECK: &str = "master_keys";
    let given = match given {
        Ok(given) => given,
        Err(error) => return Finding::failed(CHECK, "master key", error),
    };
    let flags = given.flags();
    let object = if flags.is_empty() { "master key".to_owned() } else { flags };
    if records.is_empty() {
        return match given.only_key() {
            Ok(Some(_)) => Finding::ok(CHECK, object, "it is usable; the first start stores its identifier"),
            Ok(None) => Finding::ok(CHECK, object, "there is none yet; the first start creates it"),
            Err(error) => Finding::failed(CHECK, object, &error),
        };
    }
    match given.vault(records) {
        Err(error) => Finding::failed(CHECK, object, &error),
        Ok(vault) if !vault.retired_ids().is_empty() => {
            Finding::warning(CHECK, object, "a retired master key is given", "remove it from the settings of this server")
        }
        Ok(vault) => Finding::ok(CHECK, object, format!("the secrets in the store are encrypted with the key {}", vault.key_id())),
    }
}

/// Judges the clock of this machine, if the store has no clock.
fn clock(last_write: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Finding {
    let (check, object, shown) = ("clock", "this machine", now.format("%Y-%m-%dT%H:%M:%SZ"));
    const NEXT: &str = "set the clock, for example with chrony or systemd-timesyncd";
    if now < EARLIEST {
        Finding::error(check, object, format!("it shows {shown}, and this program is newer"), NEXT)
    } else if last_write.is_some_and(|last_write| last_write > now + MAX_OFFSET) {
        Finding::warning(check, object, format!("it shows {shown}, and the database was written later"), NEXT)
    } else {
        Finding::ok(check, object, format!("it shows {shown}"))
    }
}

fn clock_of_database(database: &str, offset: TimeDelta, now: DateTime<Utc>) -> Finding {
    const NEXT: &str = "synchronise the clocks of both machines, for example with chrony or systemd-timesyncd";
    let cause = format!("the clock of the database is {} ms ahead of the clock of this machine", offset.num_milliseconds());
    if offset.abs() > MAX_TOLERATED_OFFSET {
        Finding::error("clock", database, cause, NEXT)
    } else if offset.abs() > MAX_OFFSET {
        Finding::warning("clock", database, cause, NEXT)
    } else {
        Finding { object: database.to_owned(), ..clock(None, now) }
    }
}

fn last_write(database: &Path) -> Option<DateTime<Utc>> {
    database.metadata().and_then(|metadata| metadata.modified()).ok().map(|time: SystemTime| time.into())
}

/// Whether the directory, or the nearest existing one above it, may be written.
fn nearest_writable(directory: &Path) -> bool {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    absolute.ancestors().find(|path| path.exists()).is_some_and(|path| access(path, Access::WRITE_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_the_database_and_by_this_program() {
        let now = EARLIEST + TimeDelta::days(1);
        let at = |seconds| Some(now + TimeDelta::seconds(seconds));
        for (finding, expected) in [
            (clock(None, now), Verdict::Ok),
            (clock(at(-100), now), Verdict::Ok),
            (clock(at(60), now), Verdict::Warning),
            (clock(None, EARLIEST - TimeDelta::seconds(1)), Verdict::Error),
            (clock_of_database("db", TimeDelta::milliseconds(-900), now), Verdict::Ok),
            (clock_of_database("db", TimeDelta::seconds(-5), now), Verdict::Warning),
            (clock_of_database("db", TimeDelta::seconds(31), now), Verdict::Error),
        ] {
            assert_eq!(finding.verdict, expected, "{}", finding.cause);
        }
    }
}
