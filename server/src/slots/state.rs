//! The attempts in flight, the waiting work, and the decision whether work gets a slot.

use super::*;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) normal: Load,
    pub(super) slow: Load,
    /// The attempts in `normal` that have the priority [`Priority::Proven`], and their payload bytes.
    pub(super) proven: Load,
    pub(super) unrecorded: usize,
    /// Whether work was refused because of its payload size, and no payload has been released since that refusal.
    pub(super) payloads_full: bool,
    pub(super) accounts: HashMap<Arc<str>, Account>,
    pub(super) webhooks: HashMap<Uuid, Webhook>,
    pub(super) hosts: HostLimits,
    /// When there are this many webhooks in the state, idle webhooks are removed.
    pub(super) forget_at: usize,
    /// Work that waits for the total cap, by priority.
    pub(super) queues: [VecDeque<WorkItem>; Priority::COUNT],
    /// Accounts with work that waits for the cap of the account.
    pub(super) queued_accounts: BTreeSet<Arc<str>>,
    pub(super) until: BTreeSet<(DateTime<Utc>, WorkItem)>,
    pub(super) ready: VecDeque<WorkItem>,
    pub(super) last_number: u64,
    /// Attempts in flight that may become slow, by their numbers. The oldest attempt has the lowest number.
    pub(super) normal_attempts: BTreeMap<u64, InFlight>,
    /// Attempts that are slow, but still count as normal because a cap for slow attempts was reached. When a slow
    /// attempt ends, these attempts are moved back to `normal_attempts`.
    pub(super) overdue: BTreeMap<u64, InFlight>,
    pub(super) slow_numbers: HashSet<u64>,
    /// The number of nodes that share the cap of a webhook. The value 0 counts as 1.
    pub(super) nodes: usize,
}

/// A number of attempts and the bytes of their payloads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) attempts: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn add(&mut self, bytes: usize) {
        self.attempts += 1;
        self.bytes += bytes;
    }

    pub(super) fn remove(&mut self, bytes: usize) {
        self.attempts -= 1;
        self.bytes -= bytes;
    }

    pub(super) fn fits(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= limit
    }
}

#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) normal: Load,
    pub(super) slow: Load,
    /// Work that was refused because of its payload size. No other work of the account gets a slot before the refused
    /// work. Without this rule, small payloads could block a large payload for ever.
    pub(super) refused: Option<WorkItem>,
    /// Whether no payload of the account has been released since that refusal.
    pub(super) payloads_full: bool,
    pub(super) queue: VecDeque<WorkItem>,
}

#[derive(Debug, Default)]
pub(super) struct Webhook {
    pub(super) in_flight: usize,
    pub(super) slow: usize,
    pub(super) health: Health,
    pub(super) waits: [Option<WaitReason>; Lane::COUNT],
    pub(super) turn: u8,
    /// The time at which the most recent attempt ended. It is `None` while an attempt is in flight.
    pub(super) idle_since: Option<DateTime<Utc>>,
    /// The time of the last message to other nodes about waiting work of the webhook.
    pub(super) shared_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) started_at: DateTime<Utc>,
    pub(super) account: Arc<str>,
    pub(super) webhook_id: Uuid,
    pub(super) payload_bytes: usize,
    pub(super) proven: bool,
}

/// The reason why work waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitReason {
    /// The work waits for the total cap.
    Total(Priority),
    /// The work waits for the cap of the account.
    Account,
    /// The work waits for the allowance of the webhook.
    Webhook,
    /// The work waits for the limits of a host.
    Host,
    Time(DateTime<Utc>),
    /// The work no longer has a reason to wait. The next call of [`Slots::take_ready`] may return it.
    Ready,
}

/// The priority of work that waits for the total cap. The highest priority comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// Fresh and ordered deliveries of proven webhooks. These deliveries usually free their slots soon.
    Proven,
    /// Fresh and ordered deliveries of webhooks that are not proven.
    Unproven,
    Retry,
}

impl Priority {
    pub(super) const COUNT: usize = 3;

    /// Returns the maximum payload bytes for this priority. The total is divided as in [`Caps::limit`].
    pub(super) fn payload_bytes(self) -> usize {
        match self {
            Priority::Proven => MAX_PAYLOAD_BYTES / 8 * 7,
            Priority::Unproven | Priority::Retry => MAX_PAYLOAD_BYTES / 4 * 3,
        }
    }
}

impl State {
    /// Returns the priority with which the work may take a slot now.
    ///
    /// # Errors
    /// The reason to wait, if a cap is reached, the circuit of the webhook is open, or earlier work waits.
    pub(super) fn priority_for(
        &mut self,
        caps: &Caps,
        account: &Arc<str>,
        work: WorkItem,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Result<Priority, WaitReason> {
        if self.webhooks.len() >= self.forget_at {
            let is_needed = |webhook: &Webhook| {
                webhook.in_flight + webhook.slow > 0 || webhook.waits.iter().any(Option::is_some) || webhook.health.is_held(now)
            };
            self.webhooks.retain(|_, webhook| is_needed(webhook));
            self.forget_at = self.webhooks.len() + MAX_NEW_WEBHOOKS;
        }
        let per_webhook = self.per_webhook(caps);
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        // Work that already waits in this lane goes first.
        if let Some(reason) = webhook.waits[work.lane as usize] {
            return Err(reason);
        }
        if let Some(until) = webhook.health.open_until(now) {
            return Err(WaitReason::Time(until));
        }
        if webhook.idle_since.is_some_and(|idle_since| now - idle_since > IDLE_LIMIT) {
            webhook.health.connections_closed();
        }
        if webhook.in_flight + webhook.slow >= webhook.health.allowance().min(per_webhook) {
            return Err(WaitReason::Webhook);
        }
        if let Some(account) = self.accounts.get_mut(account) {
            if account.normal.attempts >= caps.per_account {
                return Err(WaitReason::Account);
            }
            if account.refused.is_some_and(|refused| refused != work) {
                return Err(WaitReason::Account);
            }
            if !account.normal.fits(payload_bytes, MAX_ACCOUNT_PAYLOAD_BYTES) {
                account.refused = Some(work);
                account.payloads_full = true;
                return Err(WaitReason::Account);
            }
            account.refused = None;
        }
        let priority = match work.lane {
            Lane::Retry => Priority::Retry,
            _ if webhook.health.is_proven() && webhook.slow == 0 => Priority::Proven,
            _ => Priority::Unproven,
        };
        let load = self.load_of(priority);
        let fits = load.fits(payload_bytes, priority.payload_bytes()) && self.normal.fits(payload_bytes, MAX_PAYLOAD_BYTES);
        if load.bytes > 0 && !fits {
            self.payloads_full = true;
            return Err(WaitReason::Total(priority));
        }
        if self.free_slots(caps, priority) == 0 { Err(WaitReason::Total(priority)) } else { Ok(priority) }
    }

    /// Returns this node's share of the cap of a webhook. The share is at least one.
    pub(super) fn per_webhook(&self, caps: &Caps) -> usize {
        (caps.per_webhook / self.nodes.max(1)).max(1)
    }

    /// Returns how many more attempts of this priority may start.
    pub(super) fn free_slots(&self, caps: &Caps, priority: Priority) -> usize {
        if self.unrecorded >= MAX_UNRECORDED {
            return 0;
        }
        let in_total = caps.total.saturating_sub(self.normal.attempts);
        in_total.min(caps.limit(priority).saturating_sub(self.load_of(priority).attempts))
    }

    /// Returns the number and payload bytes of the normal attempts that count against the limit of a priority. Unproven
    /// webhooks and retries share one limit.
    pub(super) fn load_of(&self, priority: Priority) -> Load {
        let Load { attempts, bytes } = self.proven;
        if priority == Priority::Proven {
            return self.proven;
        }
        Load { attempts: self.normal.attempts - attempts, bytes: self.normal.bytes - bytes }
    }

    /// Returns the host whose limits allow no attempt of the webhook now. A webhook that has accepted callbacks can
    /// always have one attempt in flight. So other webhooks at its host cannot block it. This rule does not apply to a
    /// host that has not accepted a callback: the limits of its address may refuse each attempt, and the released
    /// delivery would be leased again at once.
    pub(super) fn blocking_host(&mut self, webhook_id: Uuid, hosts: &Hosts, now: DateTime<Utc>) -> Option<Arc<str>> {
        let is_exempt = |webhook: &Webhook| webhook.health.is_proven() && webhook.in_flight + webhook.slow == 0;
        if self.webhooks.get(&webhook_id).is_some_and(is_exempt) && self.hosts.have_accepted(hosts) {
            return None;
        }
        self.hosts.blocking(hosts, now)
    }

    #[expect(clippy::too_many_arguments, reason = "these are the facts of one attempt, and there is one caller")]
    pub(super) fn admit(
        &mut self,
        slots: &Arc<Slots>,
        account: &Arc<str>,
        hosts: &Hosts,
        work: WorkItem,
        priority: Priority,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Slot {
        let proven = priority == Priority::Proven;
        self.normal.add(payload_bytes);
        if proven {
            self.proven.add(payload_bytes);
        }
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        webhook.in_flight += 1;
        webhook.idle_since = None;
        webhook.health.began(now, self.nodes);
        self.accounts.entry(account.clone()).or_default().normal.add(payload_bytes);
        self.hosts.begin(hosts, now);
        self.last_number += 1;
        let attempt = InFlight { started_at: now, account: account.clone(), webhook_id: work.webhook_id, payload_bytes, proven };
        self.normal_attempts.insert(self.last_number, attempt);
        Slot {
            slots: slots.clone(),
            number: self.last_number,
            account: account.clone(),
            hosts: hosts.clone(),
            webhook_id: work.webhook_id,
            payload_bytes,
            proven,
            started_at: now,
            reached: Reached::default(),
            hold_until: None,
            ended: None,
            is_released: false,
        }
    }

    pub(super) fn release(&mut self, slot: &Slot, caps: &Caps) -> Option<HealthChange> {
        self.normal_attempts.remove(&slot.number);
        self.overdue.remove(&slot.number);
        self.hosts.end(&slot.hosts, slot.ended);
        let slow = self.slow_numbers.remove(&slot.number);
        if slow {
            self.slow.remove(slot.payload_bytes);
            // Lets overdue attempts count as slow if the caps for slow attempts allow this now.
            self.normal_attempts.append(&mut self.overdue);
        } else {
            self.normal.remove(slot.payload_bytes);
            if slot.proven {
                self.proven.remove(slot.payload_bytes);
            }
            self.payloads_full = false;
        }
        if let Some(account) = self.accounts.get_mut(&slot.account) {
            let load = if slow { &mut account.slow } else { &mut account.normal };
            load.remove(slot.payload_bytes);
            account.payloads_full = false;
            account.clear_refusal_if_idle();
            if account.is_idle() {
                self.accounts.remove(&slot.account);
            }
        }
        let webhook = self.webhooks.get_mut(&slot.webhook_id)?;
        *(if slow { &mut webhook.slow } else { &mut webhook.in_flight }) -= 1;
        if webhook.in_flight + webhook.slow == 0 {
            webhook.idle_since = slot.ended.map(|ended| ended.at);
        }
        let mut reason = WaitReason::Ready;
        let change = match slot.ended {
            // The allowance may grow to the full cap, not only to this node's share, because this node may become the
            // only node.
            Some(Ended { accepted: true, at, .. }) => webhook.health.succeeded(caps.per_webhook, at),
            Some(Ended { accepted: false, at, .. }) => {
                let change = webhook.health.failed(slot.started_at, at);
                if let Some(until) = slot.hold_until {
                    webhook.health.asked_to_wait(slot.started_at, at, until);
                }
                reason = webhook.health.open_until(at).map_or(WaitReason::Ready, WaitReason::Time);
                change
            }
            None => None,
        };
        // See `blocking_host`: this webhook need not wait for its host any longer.
        let is_exempt = webhook.health.is_proven() && webhook.in_flight + webhook.slow == 0 && self.hosts.have_accepted(&slot.hosts);
        for (lane, wait) in Lane::ALL.into_iter().zip(webhook.waits) {
            let work = WorkItem { webhook_id: slot.webhook_id, lane };
            match wait {
                Some(WaitReason::Webhook) => self.move_to(work, reason),
                Some(WaitReason::Host) if is_exempt => self.move_to(work, WaitReason::Ready),
                _ => {}
            }
        }
        change
    }
}

impl Account {
    /// Clears the refusal if the account has no normal attempt in flight, because any work of the account fits now.
    /// Work of a deleted webhook is never tried again. So without this rule, the refusal of such work would block the
    /// account for ever.
    pub(super) fn clear_refusal_if_idle(&mut self) {
        if self.normal.attempts == 0 {
            self.refused = None;
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.normal.attempts + self.slow.attempts == 0 && self.queue.is_empty()
    }
}
