//! What a pipeline is told of its spool.

use std::path::PathBuf;
use std::time::Duration;

pub use lightwell_spool::WhenFull;
use lightwell_spool::{Options, Sync};

/// A spool: a folder that outlives the process.
///
/// ```
/// use lightwell_client::sigil::{Protocol, SigilBuilder};
/// use lightwell_client::{Settings, SpoolSettings};
/// use lightwell_wire::sigil::messages::Generation;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let settings = Settings { spool: Some(SpoolSettings::new(folder)), ..Settings::default() };
/// // Nobody listens there.
/// let client = SigilBuilder::new(Protocol::Http, "http://127.0.0.1:9").settings(settings).build()?;
/// client.record_generation(&Generation { id: "gen-1".into(), ..Generation::default() })?;
/// client.shutdown(Some(std::time::Duration::ZERO));
/// // The next client for the same address delivers it.
/// assert_eq!((client.stats().pending, client.stats().spooled), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SpoolSettings {
    /// The folder; it is made when the first record comes. Several processes and products may share it.
    pub dir: PathBuf,
    /// Bytes that the folder may have, over all processes.
    pub quota_bytes: u64,
    /// What gives way then. A record that is not taken is kept in memory, if it fits there.
    pub when_full: WhenFull,
    /// When records are forced to the device.
    pub fsync: Fsync,
}

impl SpoolSettings {
    /// A folder, with a quota of 1 GiB.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), quota_bytes: 1 << 30, when_full: WhenFull::DropNewest, fsync: Fsync::Never }
    }

    pub(crate) fn options(&self) -> Options {
        let sync = match self.fsync {
            Fsync::Never => Sync::Never,
            Fsync::Every(_) => Sync::OnCall,
            Fsync::Always => Sync::Always,
        };
        Options { quota_bytes: self.quota_bytes, when_full: self.when_full, sync }
    }
}

/// When records are forced to the device. They outlive the process, whatever it is; this is about the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// When the system likes, which is some 30 seconds.
    Never,
    /// This long after they came.
    Every(Duration),
    /// Before `record` returns, which then waits for the device.
    Always,
}
