//! What follows a deletion in a file, so that nothing of what was deleted can be read from it.
//!
//! 1. A file of version 2 compressed with dictionaries that were trained from texts, and that hold pieces of these. What it has is
//!    compressed anew, and the dictionaries are removed.
//! 2. SQLite overwrites what is deleted (`secure_delete`), but where it has moved rows from page to page, copies of them stay in
//!    the room that pages have to spare. That room is overwritten.
//! 3. The log is emptied.
//!
//! It goes in steps, each its own transaction, between which the writer stores what arrives: that leaves no copies of what is gone
//! by then. A crash loses nothing: the deletion is not done, and is carried out again.

use std::sync::Arc;

use lightwell_store::Deleted;

use crate::codec::{Packed, Texts};
use crate::day_file::DayFile;
use crate::dictionaries::FIRST_TRAINED;
use crate::fault::Result;
use crate::gather::Gather;
use crate::{file, pages};

/// Texts of a step, unless they are long.
const STEP_TEXTS: usize = 1000;
const STEP_BYTES: usize = 4 << 20;

/// How far it has come, and who waits for it.
#[derive(Default)]
pub struct Cleaning {
    /// The file has no trained dictionaries, or no more.
    pub renewed: bool,
    /// Rows up to here have been compressed anew, of content and of bodies.
    rows: [i64; 2],
    /// Pages up to here have been cleaned.
    page: i64,
    /// Where the counts go, and the counts.
    waiting: Vec<(Arc<Gather<Deleted>>, Deleted)>,
}

impl Cleaning {
    /// Somebody waits for it. What has just been deleted may lie on any page.
    pub fn wait(&mut self, gather: Arc<Gather<Deleted>>, deleted: Deleted) {
        self.page = 0;
        self.waiting.push((gather, deleted));
    }

    /// Answers all who wait.
    pub fn end(self, result: std::result::Result<(), &lightwell_store::StoreError>) {
        for (gather, deleted) in self.waiting {
            gather.part(result.map(|()| move |all: &mut Deleted| *all += deleted));
        }
    }
}

impl DayFile {
    /// Does some of it; true when all is done.
    pub fn clean_step(&mut self, cleaning: &mut Cleaning) -> Result<bool> {
        if !cleaning.renewed {
            cleaning.renewed = self.renew_step(&mut cleaning.rows)?;
            self.tidy();
            return Ok(false);
        }
        if cleaning.page == 0 {
            pages::give_back(&self.connection)?;
        }
        let next = pages::clean(&self.connection, cleaning.page + 1, pages::STEP_PAGES)?;
        self.tidy();
        if let Some(next) = next {
            cleaning.page = next - 1;
            return Ok(false);
        }
        file::empty_log(&self.connection)?;
        Ok(true)
    }

    /// Compresses some texts anew; when there are no more, removes the dictionaries, and is true.
    fn renew_step(&mut self, rows: &mut [i64; 2]) -> Result<bool> {
        let mut renewed = false;
        self.begin()?;
        for (texts, last) in [Texts::Content, Texts::Bodies].into_iter().zip(rows) {
            renewed = renewed || self.renew_some(texts, last)?;
        }
        if !renewed {
            self.connection.execute_batch("drop table if exists dictionary")?;
        }
        self.commit()?;
        Ok(!renewed)
    }

    /// Compresses some texts after row `last` anew; false when there were none.
    fn renew_some(&mut self, texts: Texts, last: &mut i64) -> Result<bool> {
        let (select, update) = match texts {
            Texts::Content => (
                "select seq, codec, body from content where seq > ?1 and codec >= ?2 order by seq",
                "update content set codec = ?2, body = ?3 where seq = ?1",
            ),
            Texts::Bodies => (
                "select seq, codec, body from body where seq > ?1 and codec >= ?2 order by seq",
                "update body set codec = ?2, body = ?3 where seq = ?1",
            ),
        };
        let Self { connection, decoder, preparer, .. } = self;
        let (mut renewed, mut bytes) = (Vec::<(i64, Packed)>::new(), 0);
        let mut statement = connection.prepare_cached(select)?;
        let mut rows = statement.query([*last, FIRST_TRAINED])?;
        while renewed.len() < STEP_TEXTS && bytes < STEP_BYTES {
            let Some(row) = rows.next()? else { break };
            let text = decoder.decode(connection, row.get(1)?, &row.get::<_, Vec<u8>>(2)?)?;
            bytes += text.len();
            renewed.push((row.get(0)?, preparer.encoder.encode(texts, &text)));
        }
        drop(rows);
        let mut statement = connection.prepare_cached(update)?;
        for (seq, packed) in &renewed {
            statement.execute((seq, packed.codec, &packed.bytes))?;
            *last = *seq;
        }
        Ok(!renewed.is_empty())
    }
}
