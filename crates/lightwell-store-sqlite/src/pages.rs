//! The pages of a file: what SQLite leaves in the room that they have to spare.
//!
//! A page of a table or an index has its cells at its end, a list of where they are at its beginning, and room to spare between them
//! (<https://www.sqlite.org/fileformat2.html>). When cells move to another page, their bytes may stay in that room, and nothing
//! overwrites them when the row is deleted where it is now.

use std::ops::Range;

use rusqlite::Connection;

use crate::fault::{Fault, Result};
use crate::file;

/// Pages that are cleaned in one transaction.
pub const STEP_PAGES: i64 = 1000;
/// Locks are on this byte of a file: the page that has it holds nothing.
const LOCK_BYTE: i64 = 0x4000_0000;
/// In a file with fewer pages, every page but those of tables, indexes and the map of pages begins with a zero.
const MOST_PAGES: i64 = 1 << 24;
/// Where the first page's header is.
const FILE_HEADER_BYTES: usize = 100;

/// A fault unless this program can clean pages: SQLite must have been built with what .cargo/config.toml says. Nothing is stored that
/// could not be deleted.
pub fn require(connection: &Connection) -> Result<()> {
    connection.prepare("select data from sqlite_dbpage")?;
    Ok(())
}

/// Shortens the file by its free pages.
pub fn give_back(connection: &Connection) -> Result<()> {
    let mut vacuum = connection.prepare("pragma incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    // One row a page.
    while pages.next()?.is_some() {}
    Ok(())
}

/// Leaves nothing of what was deleted in a small file, and in its log.
pub fn clean_all(connection: &Connection) -> Result<()> {
    give_back(connection)?;
    let mut next = Some(1);
    while let Some(page) = next {
        next = clean(connection, page, STEP_PAGES)?;
    }
    file::empty_log(connection)
}

/// Overwrites the spare room of `count` pages from page `first` on; gives the page to go on with.
pub fn clean(connection: &Connection, first: i64, count: i64) -> Result<Option<i64>> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let (size, last) = (number("pragma page_size")?, number("pragma page_count")?);
    if last >= MOST_PAGES {
        return Err(Fault::Damaged(format!("it has {last} pages, and is cleaned up to {MOST_PAGES}")));
    }
    let end = (first + count).min(last + 1);
    connection.execute_batch("begin immediate")?;
    let done = clean_range(connection, first..end, size);
    let finished = connection.execute_batch(if done.is_ok() { "commit" } else { "rollback" });
    done?;
    finished?;
    Ok((end <= last).then_some(end))
}

fn clean_range(connection: &Connection, pages: Range<i64>, size: i64) -> Result<()> {
    let mut read = connection.prepare_cached("select data from sqlite_dbpage('main') where pgno = ?1")?;
    let mut write = connection.prepare_cached("update sqlite_dbpage set data = ?2 where pgno = ?1")?;
    for number in pages.filter(|number| !is_special(*number, size)) {
        let mut page: Vec<u8> = read.query_row([number], |row| row.get(0))?;
        let header = if number == 1 { FILE_HEADER_BYTES } else { 0 };
        let Some(spare) = spare_room(&page, header) else { continue };
        if page[spare.clone()].iter().any(|byte| *byte != 0) {
            page[spare].fill(0);
            write.execute((number, page))?;
        }
    }
    Ok(())
}

/// It is the page of the locks, or one of the map of pages that `auto_vacuum` keeps: one before as many pages as it has entries.
fn is_special(number: i64, size: i64) -> bool {
    let lock = LOCK_BYTE / size + 1;
    let map = (number - 2).div_euclid(size / 5 + 1) * (size / 5 + 1) + 2;
    // The map is never on the page of the locks, but after it.
    number == lock || number == map || (map == lock && number == map + 1)
}

/// Where a page of a table or an index has room to spare; none of other pages.
fn spare_room(page: &[u8], header: usize) -> Option<Range<usize>> {
    let pointers = header
        + match page.get(header)? {
            0x02 | 0x05 => 12,
            0x0a | 0x0d => 8,
            _ => return None,
        };
    let number = |at: usize| Some(usize::from(u16::from_be_bytes([*page.get(at)?, *page.get(at + 1)?])));
    let spare = pointers + 2 * number(header + 3)?..number(header + 5)?;
    (spare.start < spare.end && spare.end <= page.len()).then_some(spare)
}
