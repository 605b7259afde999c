//! What a flush tells.

/// What became of the records that one flush waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Each of them is acknowledged or given up.
    pub complete: bool,
    /// Acknowledged.
    pub delivered: u64,
    /// Refused by the server, alone.
    pub rejected: u64,
    /// Dropped for any other reason.
    pub gave_up: u64,
    /// What the first drop of a whole request was due to.
    pub error: Option<String>,
    /// Ids of the rejected and why, the first few thousand of them.
    pub refusals: Vec<(String, String)>,
}

impl FlushReport {
    /// Complete, and every record acknowledged.
    #[must_use]
    pub fn all_delivered(&self) -> bool {
        self.complete && self.rejected == 0 && self.gave_up == 0
    }
}
