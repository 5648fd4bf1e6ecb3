//! The room that the store takes.

/// The room that the store takes and has left, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUse {
    /// Of the database, without its log and what is free in it.
    pub used_bytes: u64,
    /// 0 sets no limit.
    pub max_bytes: u64,
    /// What its disk has left; `u64::MAX` where the file system does not tell.
    pub disk_free_bytes: u64,
    /// What must stay free on its disk.
    pub min_free_bytes: u64,
}

impl StorageUse {
    /// Whether all is refused that would add to the store.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.has_no_room() || self.disk_has_no_room()
    }

    #[must_use]
    pub fn has_no_room(&self) -> bool {
        self.max_bytes > 0 && self.used_bytes >= self.max_bytes
    }

    #[must_use]
    pub fn disk_has_no_room(&self) -> bool {
        self.disk_free_bytes < self.min_free_bytes
    }
}
