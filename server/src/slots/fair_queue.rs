//! A queue in which each account has its turn. So work of one account does not wait for all earlier work of another
//! account.

use super::*;

#[derive(Debug, Default)]
pub(super) struct FairQueue {
    /// The accounts with work, in the order of their turns.
    turns: VecDeque<Arc<str>>,
    of_account: HashMap<Arc<str>, VecDeque<WorkItem>>,
    len: usize,
}

impl FairQueue {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, account: &Arc<str>, work: WorkItem) {
        let queue = self.of_account.entry(account.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(account.clone());
        }
        queue.push_back(work);
        self.len += 1;
    }

    pub(super) fn pop(&mut self) -> Option<WorkItem> {
        let account = self.turns.pop_front()?;
        let queue = self.of_account.get_mut(&account)?;
        let work = queue.pop_front();
        if queue.is_empty() {
            self.of_account.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.len -= 1;
        work
    }
}
