//! What every record keeps to on its way in: an id, the moment of receipt, the limits.

use jiff::Timestamp;
use lightwell_model::{Record, validate};
use lightwell_wire::Item;
use uuid::{NoContext, Uuid};

/// One item of a batch, judged.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// The id under which it is answered: the sender's, or the one it was given.
    pub id: String,
    /// The record, or why there is none.
    pub record: Result<Record, String>,
}

/// The moment of admission.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    pub now: Timestamp,
}

impl Admission {
    /// An id for a record that came without: random, and ordered by time.
    pub fn new_id(&self) -> String {
        let seconds = u64::try_from(self.now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(self.now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds)).to_string()
    }
}

/// Judges the items of a list. A refused one is named by its place in the list.
pub(crate) fn admit(list: &str, items: Vec<Item>) -> Vec<Admitted> {
    let judge = |(index, Item { id, record }): (usize, Item)| {
        let record = record.map_err(|why| why.to_string());
        let record = record.and_then(|record| match validate(&record) {
            Ok(()) => Ok(record),
            Err(why) => Err(why.to_string()),
        });
        Admitted { id, record: record.map_err(|why| format!("{list}[{index}]: {why}")) }
    };
    items.into_iter().enumerate().map(judge).collect()
}
