//! The accounts of sending processes: `delivery.db`, and the journals that make it as durable as the records.
//!
//! ```text
//!   request ─► Note ─► writer of the day: records + journal row, one commit ─► Accounts::heard ─► (every two seconds,
//!                                                                               before an answer) delivery.db
//! ```
//!
//! Invariants:
//! - what a request told is in the journal of a day's file, committed with its records, before anybody is told that it arrived;
//! - a journal row is taken into `delivery.db` once: together with the row goes how far the day's journal has been taken in;
//! - a journal row is removed when `delivery.db` has it for good; opening the store takes in what a crash left behind;
//! - numbers of journal rows grow over all days and openings, so a day's file that is made anew continues them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lightwell_model::TenantId;
use lightwell_store::{ClientAccount, Delivery, DeliveryQuery, Heard, Outcome, Page, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codes::nanoseconds;
use crate::fault::{Fault, Result};
use crate::file::{self, Format};
use crate::pages;
use crate::schema::{Table, sql, table};

/// How long what was heard may wait to be taken into `delivery.db`: one more sync of the disk each time.
const TAKE_IN: Duration = Duration::from_secs(2);
/// Or how much of it.
const WAITING: usize = 4096;

table! {
    /// What is known of one client.
    AccountRow in "account" "without rowid" {
        /// Whose.
        tenant: String = "text not null" Dimension,
        /// When it was last heard of.
        last_heard: i64 = "int not null" Moment,
        /// [`ClientAccount`] as JSON.
        body: String = "text not null" Payload,
        /// Its id.
        client: String = "text not null, primary key(tenant, client)" Key,
    }
    "account_last_heard" ("last_heard")
}

table! {
    /// How far a day's journal has been taken in.
    TakenRow in "taken" "" {
        /// The day as `yyyymmdd`.
        day: i64 = "integer primary key" Dimension,
        /// The last row that was.
        seq: i64 = "int not null" Key,
    }
}

/// What `delivery.db` says it is.
const FORMAT: Format = Format {
    what: "a Lightwell delivery file",
    application_id: 0x4c57_444c,
    version: 1,
    oldest: 1,
    upgrades: &[],
    create: create_sql,
};

fn create_sql() -> String {
    [AccountRow::create_sql(), TakenRow::create_sql()].concat()
}

/// One request on its way: what it told, and the numbers of the records that are still to be stored.
pub struct Note {
    heard: Box<Heard>,
    numbers: Arc<Vec<u64>>,
}

impl Note {
    /// What a request tells, before anything is known of its records.
    pub fn new(tenant: &TenantId, delivery: Delivery) -> Self {
        let (heard, numbers) = delivery.begin(tenant);
        Self { heard: Box::new(heard), numbers: Arc::new(numbers) }
    }

    /// Some of the records, by their place, will not be stored.
    pub fn known(&mut self, outcomes: &[Option<Outcome>]) {
        let known = outcomes.iter().enumerate().filter_map(|(place, known)| Some((place, known.as_ref()?)));
        known.for_each(|(place, outcome)| self.add(place, outcome));
    }

    /// The note for the first part of the records, of `parts`, and so on.
    pub fn split(self, parts: usize) -> impl Iterator<Item = Self> {
        let Self { heard, numbers } = self;
        let other = Box::new(heard.another_part());
        let first = std::iter::once(heard);
        let others = std::iter::repeat_n(other, parts.saturating_sub(1));
        first.chain(others).map(move |heard| Self { heard, numbers: Arc::clone(&numbers) })
    }

    /// What became of the records of this part.
    pub fn complete(mut self, outcomes: &[(usize, Outcome)]) -> Heard {
        outcomes.iter().for_each(|(place, outcome)| self.add(*place, outcome));
        *self.heard
    }

    fn add(&mut self, place: usize, outcome: &Outcome) {
        if let Some(number) = self.numbers.get(place) {
            self.heard.add(*number, outcome);
        }
    }
}

/// All accounts.
pub struct Accounts {
    path: PathBuf,
    /// The writing side of `delivery.db`. Locked before `waiting`.
    file: Mutex<Connection>,
    /// The reading side: whoever asks holds up nobody who writes.
    reader: Mutex<Connection>,
    waiting: Mutex<Waiting>,
    next: AtomicI64,
}

struct Waiting {
    /// Committed in a day's journal, not yet in `delivery.db`.
    heard: Vec<Journaled>,
    /// Rows up to here are in `delivery.db` for good, by day.
    taken: HashMap<i64, i64>,
    last_take: Instant,
}

/// One row of a day's journal; none for what needs no journal.
struct Journaled {
    row: Option<(i64, i64)>,
    heard: Vec<Heard>,
}

impl Accounts {
    /// Opens or creates `delivery.db` in a folder.
    pub fn open(root: &Path) -> std::result::Result<Self, StoreError> {
        let path = root.join("delivery.db");
        let open = || {
            let file = file::open_writer(&path, &FORMAT, 2048)?;
            let last: Option<i64> = file.query_row("select max(seq) from taken", [], |row| row.get(0))?;
            let reader = file::open_reader(&path, &FORMAT)?;
            Ok::<_, Fault>((file, reader, last.unwrap_or(0)))
        };
        let (file, reader, last) = open().map_err(|fault| fault.at(&path, "open"))?;
        let waiting = Waiting { heard: Vec::new(), taken: HashMap::new(), last_take: Instant::now() };
        Ok(Self {
            path,
            file: Mutex::new(file),
            reader: Mutex::new(reader),
            waiting: Mutex::new(waiting),
            next: AtomicI64::new(last + 1),
        })
    }

    /// Takes in what a day's journal has and `delivery.db` has not: the process ended before it could.
    pub fn catch_up(&self, day: i64, day_file: &Connection) -> Result<()> {
        if !has_journal(day_file)? {
            return Ok(());
        }
        let taken = "select seq from taken where day = ?1";
        let taken: Option<i64> = self.file().query_row(taken, [day], |row| row.get(0)).optional()?;
        let mut statement = day_file.prepare("select seq, body from delivery where seq > ?1 order by seq")?;
        let mut rows = statement.query([taken.unwrap_or(0)])?;
        while let Some(row) = rows.next()? {
            let (seq, body): (i64, String) = (row.get(0)?, row.get(1)?);
            let heard = parse(&body)?;
            self.next.fetch_max(seq + 1, Ordering::AcqRel);
            self.waiting().heard.push(Journaled { row: Some((day, seq)), heard });
        }
        Ok(())
    }

    /// Writes what was heard to a day's file, in the transaction that is open there; gives the row's number.
    pub fn journal(&self, day: i64, day_file: &Connection, heard: &[Heard]) -> Result<i64> {
        let create = "create table if not exists delivery(seq integer primary key, body text not null)";
        day_file.prepare_cached(create)?.execute([])?;
        // What is here for good need not be there any more.
        if let Some(taken) = self.waiting().taken.remove(&day) {
            day_file.prepare_cached("delete from delivery where seq <= ?1")?.execute([taken])?;
        }
        let seq = self.next.fetch_add(1, Ordering::AcqRel);
        let body = serde_json::to_string(heard).map_err(damaged)?;
        day_file
            .prepare_cached("insert into delivery(seq, body) values(?1, ?2)")?
            .execute(params![seq, body])?;
        Ok(seq)
    }

    /// What was written to a day's file has been committed there.
    pub fn heard(&self, day: i64, seq: i64, heard: Vec<Heard>) {
        self.waiting().heard.push(Journaled { row: Some((day, seq)), heard });
    }

    /// Takes in a request that has no records to be stored; it is durable then.
    pub fn take_in_now(&self, note: Note) -> std::result::Result<(), StoreError> {
        self.waiting().heard.push(Journaled { row: None, heard: vec![*note.heard] });
        self.take_in()
    }

    /// Takes in what has waited for long. A failure is told to whoever asks next: the journals have it all.
    pub fn take_in_if_due(&self) {
        let waiting = self.waiting();
        let due = waiting.last_take.elapsed() >= TAKE_IN || waiting.heard.len() >= WAITING;
        let due = due && !waiting.heard.is_empty();
        drop(waiting);
        if due {
            drop(self.take_in());
        }
    }

    /// Takes in everything that waits, durably.
    pub fn take_in(&self) -> std::result::Result<(), StoreError> {
        self.settle().map_err(|fault| self.fault(&fault, "keep the account of deliveries"))
    }

    /// The same, for those who work on a file themselves.
    pub fn settle(&self) -> Result<()> {
        let mut file = self.file();
        let mut waiting = self.waiting();
        waiting.last_take = Instant::now();
        let heard = std::mem::take(&mut waiting.heard);
        drop(waiting);
        if heard.is_empty() {
            return Ok(());
        }
        let taken = write(&mut file, &heard);
        let mut waiting = self.waiting();
        match taken {
            Ok(taken) => {
                waiting.taken.extend(taken);
                Ok(())
            }
            Err(fault) => {
                // Taking the same in twice changes nothing for a request without a journal, which is refused now and comes again.
                waiting.heard.splice(0..0, heard);
                Err(fault)
            }
        }
    }

    /// Removes from a day's file what `delivery.db` has for good: nobody writes there for a while.
    pub fn leave(&self, day: i64, day_file: &Connection) {
        // What stays there is passed over at the next opening.
        if self.take_in().is_ok()
            && let Some(taken) = self.waiting().taken.remove(&day)
        {
            drop(day_file.execute("delete from delivery where seq <= ?1", [taken]));
        }
    }

    /// The accounts that are asked for, latest first.
    pub fn list(&self, query: &DeliveryQuery) -> std::result::Result<Page<ClientAccount>, StoreError> {
        if query.after.is_none() {
            self.take_in()?;
        }
        let list = |file: &Connection| -> Result<Page<ClientAccount>> {
            let since = query.since.map_or(i64::MIN, nanoseconds);
            let tenant = query.tenant.as_ref().map(TenantId::as_str);
            let after = query.after.as_ref().map(|place| (nanoseconds(place.at), &place.id));
            let sql = sql!(
                "{} where last_heard >= ?1 and (?2 is null or tenant = ?2) and last_heard <= ?3
                 and (last_heard < ?3 or ?4 is null or client || '/' || tenant < ?4)
                 order by last_heard desc, client || '/' || tenant desc",
                AccountRow::select_sql()
            );
            let mut statement = file.prepare_cached(sql)?;
            let last = after.map_or(i64::MAX, |(at, _)| at);
            let mut rows = statement.query(params![since, tenant, last, after.map(|(_, id)| id)])?;
            let (mut items, mut place, mut next) = (Vec::new(), None, None);
            while let Some(row) = rows.next()? {
                let row = AccountRow::read(row)?;
                let account: ClientAccount = serde_json::from_str(&row.body).map_err(damaged)?;
                if !query.selects(&account) {
                    continue;
                }
                if items.len() >= query.limit {
                    next = place;
                    break;
                }
                place = Some(DeliveryQuery::place(&account, &row.tenant));
                items.push(account);
            }
            Ok(Page { items, next })
        };
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        list(&reader).map_err(|fault| self.fault(&fault, "list deliveries"))
    }

    /// Forgets clients that were not heard of since.
    pub fn forget(&self, unheard_since: Timestamp) -> std::result::Result<u64, StoreError> {
        self.take_in()?;
        let moment = nanoseconds(unheard_since);
        self.delete("delete from account where last_heard < ?1", params![moment])
    }

    /// Forgets a tenant's clients.
    pub fn forget_tenant(&self, tenant: &TenantId) -> std::result::Result<u64, StoreError> {
        // What is taken in will not be taken in again.
        self.take_in()?;
        let deleted = self.delete("delete from account where tenant = ?1", params![tenant.as_str()])?;
        let cleaned = if deleted > 0 { pages::clean_all(&self.file()) } else { Ok(()) };
        cleaned.map_err(|fault| self.fault(&fault, "clean up after a deletion"))?;
        Ok(deleted)
    }

    fn delete(
        &self,
        sql: &'static str,
        parameters: impl rusqlite::Params,
    ) -> std::result::Result<u64, StoreError> {
        let deleted = self.file().execute(sql, parameters).map_err(Fault::from);
        deleted.map(|count| count as u64).map_err(|fault| self.fault(&fault, "forget deliveries"))
    }

    fn fault(&self, fault: &Fault, action: &'static str) -> StoreError {
        fault.at(&self.path, action)
    }

    fn file(&self) -> MutexGuard<'_, Connection> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each change is one statement that cannot leave half of itself behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives how far each day's journal has been taken in.
fn write(file: &mut Connection, waiting: &[Journaled]) -> Result<BTreeMap<i64, i64>> {
    let mut accounts = BTreeMap::<(&str, &str), ClientAccount>::new();
    let mut taken = BTreeMap::new();
    let transaction = file.transaction()?;
    for Journaled { row, heard } in waiting {
        if let Some((day, seq)) = row {
            let last: &mut i64 = taken.entry(*day).or_default();
            *last = (*last).max(*seq);
        }
        for heard in heard {
            let name = (heard.tenant.as_str(), heard.client.as_str());
            if let Some(account) = accounts.get_mut(&name) {
                account.apply(heard);
                continue;
            }
            let account = match stored(&transaction, name)? {
                Some(mut account) => {
                    account.apply(heard);
                    account
                }
                None => ClientAccount::of(heard),
            };
            accounts.insert(name, account);
        }
    }
    for ((tenant, client), account) in accounts {
        let row = AccountRow {
            tenant: tenant.to_owned(),
            client: client.to_owned(),
            last_heard: nanoseconds(account.last_heard),
            body: serde_json::to_string(&account).map_err(damaged)?,
        };
        row.replace(&transaction)?;
    }
    for (day, seq) in &taken {
        TakenRow { day: *day, seq: *seq }.replace(&transaction)?;
    }
    transaction.commit()?;
    Ok(taken)
}

fn stored(file: &Connection, (tenant, client): (&str, &str)) -> Result<Option<ClientAccount>> {
    let sql = sql!("{} where tenant = ?1 and client = ?2", AccountRow::select_sql());
    let row = file.prepare_cached(sql)?.query_row([tenant, client], AccountRow::read).optional()?;
    row.map(|row| serde_json::from_str(&row.body).map_err(damaged)).transpose()
}

fn has_journal(day_file: &Connection) -> Result<bool> {
    Ok(day_file.prepare("select 1 from sqlite_schema where name = 'delivery'")?.exists([])?)
}

fn parse(body: &str) -> Result<Vec<Heard>> {
    serde_json::from_str(body).map_err(damaged)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of errors")]
fn damaged(error: serde_json::Error) -> Fault {
    Fault::Damaged(format!("the account of a client: {error}"))
}
