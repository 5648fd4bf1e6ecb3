//! `webhooks-server key …`: lists the keys, and replaces the master key. Servers may run at the same time.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use futures_util::{StreamExt as _, stream};
use uuid::Uuid;

use super::audit;
use crate::api::types::{AuditEvent, AuditObject};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::{KeyRecord, KeyState};
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::node::open_store;
use crate::secrets::master_key::KeyId;
use crate::secrets::seal::Vault;
use crate::store::address::StoreAddress;
use crate::store::{self, Page, RotationStart, Sealed, SealedValues, Store, Webhook, WebhookFilter};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace the master key: give the files of the current key and of the new key with --master-key-file
    ///
    /// First, start each server with both keys. This command makes the new key the current one, and encrypts all secrets again
    /// while servers run. If the command is interrupted, run it again: it continues. When it has finished, no server accepts
    /// a secret that is encrypted with the old key. Then restart each server with the new key only. Keep the old key as long
    /// as you keep a backup from before the rotation.
    Rotate,
    /// List the keys with their states; never shows a key
    List,
}

pub(super) async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Rotate => rotate(settings).await,
        Command::List => {
            let keys = open_store::open_beside(settings).await?.list_keys().await.context("cannot read the keys")?;
            let mut lines = vec![format!("{:36}  {:6}  {:8}  CREATED", "ID", "KIND", "STATE")];
            lines.extend(keys.iter().map(|key| {
                let created = key.created_at.format("%Y-%m-%dT%H:%M:%SZ");
                format!("{:36}  {:6}  {:8}  {created}", key.id, key.kind.as_str(), key.state.as_str())
            }));
            writeln!(std::io::stdout(), "{}", lines.join("\n")).context("cannot print the keys")
        }
    }
}

async fn rotate(settings: &Settings) -> anyhow::Result<()> {
    let data_dir = DataDir::at(&settings.data_dir);
    let given = GivenKeys::read(settings, data_dir.master_key_file()).await?;
    let store = open_store::open_beside(settings).await?;
    let store = store.as_ref();
    let Some((old, vault)) = begin(settings, &data_dir, &given, store).await? else { return Ok(()) };
    let new = vault.key_id();
    eprintln!("the master key {new} is in use; encrypting all secrets again");
    let damaged = reseal_all(store, &vault).await.with_context(|| {
        format!("the rotation from the master key {old} to {new} has not finished: run the same command again to continue it")
    })?;
    let event = event("key.rotated", new);
    if store.finish_key_rotation(&event).await.context("cannot mark the old master key as retired: run the same command again")? {
        audit::append_to_log(settings, &event);
    }
    for problem in &damaged {
        eprintln!("{problem}");
    }
    if !damaged.is_empty() {
        eprintln!(
            "{} webhooks have secrets that could not be decrypted before the rotation either. They get no callbacks until their owners update \
             `targetURL`, `auth` and `headers` and rotate the signing secret",
            damaged.len()
        );
    }
    eprintln!("the master key {old} is retired. Restart each server with the key {new} only");
    Ok(())
}

/// Begins the rotation, or finds the rotation to continue. Returns the id of the old master key, and a vault that encrypts
/// with the new one. Returns `None` if there is nothing to do.
async fn begin(settings: &Settings, data_dir: &DataDir, given: &GivenKeys, store: &dyn Store) -> anyhow::Result<Option<(String, Vault)>> {
    loop {
        let keys = store.list_keys().await.context("cannot read the keys")?;
        let vault = given.vault(&keys)?;
        let retiring = keys.iter().find(|key| key.is_master(KeyState::Retiring));
        let new = match (retiring, &given.unknown(&keys)[..]) {
            (Some(retiring), []) => return Ok(Some((retiring.id.clone(), vault))),
            (Some(retiring), [another, ..]) => bail!(
                "the rotation from the master key {} to {} has not finished: finish it first, without the key {another}",
                retiring.id,
                vault.key_id()
            ),
            (None, [new]) => *new,
            (None, []) => match vault.retired_ids().first() {
                Some(retired) => {
                    eprintln!("nothing to do: the master key {} is in use, and {retired} is retired", vault.key_id());
                    return Ok(None);
                }
                None => bail!(
                    "no new master key is given: create one with `(umask 077; head -c 32 /dev/urandom | base64 > FILE)`, start each server \
                     with both keys, and give both files to this command"
                ),
            },
            (None, [_, _, ..]) => bail!("more than one new master key is given: give the current master key and one new key"),
        };
        match start(settings, data_dir, &vault, new, store).await? {
            // The next iteration reads the new states.
            RotationStart::Begun | RotationStart::Changed => {}
            RotationStart::NotHeld(nodes) => bail!(
                "the server {} does not hold the new master key {new}: start it with both keys (--master-key-file twice), and then run this \
                 command again. Nothing was changed",
                nodes.join(" and the server ")
            ),
        }
    }
}

async fn start(settings: &Settings, data_dir: &DataDir, vault: &Vault, new: KeyId, store: &dyn Store) -> anyhow::Result<RotationStart> {
    let next = vault.next_record(new, Clock::system().now()).context("the new key is not given")?;
    // On SQLite, a server that was killed has left its row in `nodes`. While this process holds the lock of the data
    // directory, no server can start, so this row does not count.
    let lock = if matches!(settings.store, StoreAddress::Sqlite) { data_dir.try_lock()? } else { None };
    let event = event("key.rotation_started", new);
    let started = store.begin_key_rotation(next, lock.is_none(), &event).await.context("cannot begin the rotation: nothing was changed");
    drop(lock);
    if matches!(started, Ok(RotationStart::Begun)) {
        audit::append_to_log(settings, &event);
    }
    started
}

/// Returns an event about the new master key.
fn event(action: &str, new: KeyId) -> AuditEvent {
    audit::event(action, Clock::system().now()).about(None, AuditObject::new("key", new))
}

/// The number of webhooks that are read at once, and that are encrypted at the same time.
const PAGE: u32 = 100;
const CONCURRENT: usize = 16;

/// How often the whole store is read again if rows change while they are encrypted again. A row that changes in each pass
/// is damaged.
const MAX_PASSES: u32 = 20;

/// Encrypts all values again that are not encrypted with the current master key. Returns a text for each webhook whose
/// values cannot be decrypted. No value with the old key is added meanwhile (`store/keys.rs`), so this ends with the
/// first pass in which every row could be replaced.
async fn reseal_all(store: &dyn Store, vault: &Vault) -> anyhow::Result<Vec<String>> {
    let mut changed = Vec::new();
    for _ in 0..MAX_PASSES {
        let keys_are_current = reseal_keys(store, vault).await?;
        let mut damaged = Vec::new();
        changed.clear();
        let mut report = Report { webhooks: 0, printed_at: Instant::now() };
        let mut after = None;
        loop {
            let page = retrying(async || store.list_webhooks(WebhookFilter::default(), Page { after, limit: PAGE }).await)
                .await
                .context("cannot read the webhooks")?;
            report.add(page.items.len());
            let mut outcomes = stream::iter(page.items).map(|webhook| reseal_webhook(store, vault, webhook)).buffer_unordered(CONCURRENT);
            while let Some(outcome) = outcomes.next().await {
                match outcome? {
                    Resealed::Current => {}
                    Resealed::Changed(id) => changed.push(id.to_string()),
                    Resealed::Damaged(problem) => damaged.push(problem),
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        if keys_are_current && changed.is_empty() {
            return Ok(damaged);
        }
    }
    bail!("some rows have changed in each of {MAX_PASSES} passes; webhooks: {}", changed.join(", "))
}

enum Resealed {
    /// All values are encrypted with the current master key.
    Current,
    /// The values of this webhook have changed meanwhile.
    Changed(Uuid),
    /// The values cannot be decrypted.
    Damaged(String),
}

async fn reseal_webhook(store: &dyn Store, vault: &Vault, webhook: Webhook) -> anyhow::Result<Resealed> {
    let (id, before) = (webhook.id, SealedValues::of(&webhook));
    let after = match SealedValues::resealed(&webhook, vault) {
        Ok(after) if after == before => return Ok(Resealed::Current),
        Ok(after) => after,
        Err(error) => return Ok(Resealed::Damaged(format!("webhook {id} of account {}: {error}", webhook.account.as_str()))),
    };
    let replaced = retrying(async || store.reseal_webhook(id, before.clone(), after.clone()).await).await;
    let replaced = replaced.with_context(|| format!("cannot write the webhook {id}"))?;
    Ok(if replaced { Resealed::Current } else { Resealed::Changed(id) })
}

/// Encrypts the keys in the table `keys` again. Returns false if a row has changed meanwhile.
async fn reseal_keys(store: &dyn Store, vault: &Vault) -> anyhow::Result<bool> {
    let mut all_replaced = true;
    for key in retrying(async || store.list_keys().await).await.context("cannot read the keys")? {
        let KeyRecord { id, sealed, .. } = &key;
        let Some(after) = vault.reseal_record(&key).with_context(|| format!("cannot decrypt the key {id}"))? else { continue };
        let replaced = retrying(async || store.reseal_key(id.clone(), Sealed(sealed.clone()), Sealed(after.clone())).await).await;
        all_replaced &= replaced.with_context(|| format!("cannot write the key {id}"))?;
    }
    Ok(all_replaced)
}

/// How often, and after which pause, an operation is tried again while the store is not available. On SQLite, a busy server
/// may hold the lock for writing.
const MAX_TRIES: u32 = 60;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

async fn retrying<T>(operation: impl AsyncFn() -> store::Result<T>) -> store::Result<T> {
    let mut tries = 1;
    loop {
        match operation().await {
            Err(store::Error::Unavailable(_) | store::Error::Overloaded) if tries < MAX_TRIES => {
                tries += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// Prints the number of webhooks that have been read, at most once a second.
struct Report {
    webhooks: usize,
    printed_at: Instant,
}

impl Report {
    fn add(&mut self, webhooks: usize) {
        self.webhooks += webhooks;
        if self.printed_at.elapsed() >= Duration::from_secs(1) {
            eprintln!("{} webhooks", self.webhooks);
            self.printed_at = Instant::now();
        }
    }
}
