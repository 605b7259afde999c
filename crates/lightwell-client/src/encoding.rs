//! How encoded items become a request body, and how an answer's body becomes results. The queue knows no more of them.

use bytes::Bytes;

pub use lightwell_wire::sigil::results::ItemResult;

/// One shape of request and response. Called on the delivery thread only, but for [`Encoding::shrink`].
pub trait Encoding: Send + Sync + std::fmt::Debug + 'static {
    /// `Content-Type` of the body over HTTP.
    fn content_type(&self) -> &'static str;

    /// Brings one item from the form in which it is queued to the form in which it is sent.
    ///
    /// # Errors
    /// Why this item can never be sent; it is then refused alone.
    fn prepare(&self, item: &Bytes) -> Result<Bytes, String> {
        Ok(item.clone())
    }

    /// Cuts the longest parts of an item that is over `limit` bytes, in the form in which it is queued. `None` when that does not
    /// bring it down to the limit. Called on the thread that records, or on the delivery thread.
    fn shrink(&self, _item: &[u8], _limit: usize) -> Option<Bytes> {
        None
    }

    /// Joins prepared items, in order, into one request body.
    fn join(&self, items: &[Bytes]) -> Bytes;

    /// Reads the results out of a successful answer; `None` when they cannot be read.
    fn read_results(&self, body: &[u8]) -> Option<Vec<ItemResult>>;
}

/// One kind of record that a pipeline carries, with its own queue.
#[derive(Debug)]
pub struct Lane {
    /// Whose records these are, for log lines: `sigil`.
    pub product: &'static str,
    /// One such record, for log lines and errors: `generation`.
    pub noun: &'static str,
    /// The shape of requests and responses.
    pub encoding: Box<dyn Encoding>,
}

impl Lane {
    /// The log line about a record that was cut.
    pub(crate) fn shortened(&self, id: &str, from: usize, to: usize, why: &str) -> String {
        format!("{} {} shortened id={id} from {from} to {to} bytes: {why}", self.product, self.noun)
    }
}
