//! The storage that the store uses.

/// The storage that the store uses and the storage that is free, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUse {
    /// The size of the database, without its log and its free pages.
    pub used_bytes: u64,
    /// The limit of `used_bytes`. The value 0 means no limit.
    pub max_bytes: u64,
    /// The free space on the database's disk. The value is `u64::MAX` if the free space is unknown.
    pub disk_free_bytes: u64,
    /// The space that must stay free on the database's disk.
    pub min_free_bytes: u64,
}

impl StorageUse {
    /// Returns whether the store is full. A full store refuses all writes that add data for a caller.
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
