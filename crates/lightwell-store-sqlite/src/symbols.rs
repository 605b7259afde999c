//! Strings that repeat, and the numbers that stand for them within one file.

use rusqlite::{Connection, OptionalExtension};

use crate::fault::{Fault, Result};
use crate::recent::Recent;
use crate::schema::{SymbolRow, Table};

/// The writer's side: gives numbers to strings.
pub struct Symbols {
    known: Recent<String, i64>,
}

impl Symbols {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self { known: Recent::new(8192) }
    }

    /// The number of a string, new when it must be.
    pub fn number(&mut self, connection: &Connection, text: &str) -> Result<i64> {
        if let Some(number) = self.known.get(text) {
            return Ok(number);
        }
        let number = match find(connection, text)? {
            Some(number) => number,
            None => {
                SymbolRow { seq: None, text: text.to_owned() }.insert(connection)?;
                connection.last_insert_rowid()
            }
        };
        self.known.put(text.to_owned(), number);
        Ok(number)
    }

    /// Forgets what may have been rolled back or deleted.
    pub fn forget(&mut self) {
        self.known.clear();
    }
}

/// The number of a string, if this file has it.
pub fn find(connection: &Connection, text: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("select seq from symbol where text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?)
}

/// The string that a number stands for.
pub fn text(connection: &Connection, number: i64) -> Result<String> {
    let mut statement = connection.prepare_cached("select text from symbol where seq = ?1")?;
    let text = statement.query_row([number], |row| row.get(0)).optional()?;
    text.ok_or_else(|| Fault::Damaged(format!("symbol {number} is missing")))
}
