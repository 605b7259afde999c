//! The list of conversations, newest first, over all files.
//!
//! Each file gives its own part of conversations in order of their last record in that file; the streams are merged by
//! that moment. A conversation's place in the list is that of its last record in any file, and one of its parts is there: so each
//! conversation is considered when its last part comes up, and its other parts are then fetched through the index. Under a
//! filter a file gives the conversations that have what is asked for in it, and those that have records on other days too.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use lightwell_model::TenantId;
use lightwell_store::{ConversationQuery, ConversationSummary, Cursor, Filter, Page, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::codes::{self, facet, moment, nanoseconds};
use crate::engine::Engine;
use crate::fault::Result;
use crate::query::{Scope, Selected};
use crate::reader::Reader;
use crate::rollup::{self, Partial};
use crate::schema::{ConversationRow, Table, sql};
use crate::shard::Shard;
use crate::{load, meta, preview, symbols};

type Answer<T> = std::result::Result<T, StoreError>;

/// How many parts a file gives at a time.
const STREAM_PAGE: usize = 64;
/// Up to this many conversations with a value are sorted; with more, the newest are walked until enough have it.
const RARE: usize = 256;
const ACTION: &str = "list conversations";

/// One page of conversations.
pub fn conversations(
    engine: &Engine,
    reader: &mut Reader,
    tenant: &TenantId,
    query: &ConversationQuery,
) -> Answer<Page<ConversationSummary>> {
    let mut list = List { engine, reader, tenant, query, streams: Vec::new(), considered: HashSet::new() };
    list.streams = engine.readable().into_iter().map(|shard| Stream::new(shard, query)).collect();
    let mut page = Page { items: Vec::<ConversationSummary>::new(), next: None };
    while let Some(place) = list.next()? {
        if query.filter.from.is_some_and(|from| place.at < from) {
            break;
        }
        // Its newest part came up first: whatever is to be said of the conversation was said there.
        if !list.considered.insert(place.id.clone()) {
            continue;
        }
        let Some(mut summary) = list.consider(&place)? else { continue };
        if page.items.len() == query.limit {
            page.next = page.items.last().map(ConversationSummary::cursor);
            break;
        }
        if summary.title.is_empty() {
            summary.preview = list.preview(&summary.id)?;
        }
        page.items.push(summary);
    }
    Ok(page)
}

struct List<'a> {
    engine: &'a Engine,
    reader: &'a mut Reader,
    tenant: &'a TenantId,
    query: &'a ConversationQuery,
    streams: Vec<Stream>,
    /// Conversations that have come up.
    considered: HashSet<String>,
}

/// One file's parts, newest first.
struct Stream {
    shard: Arc<Shard>,
    parts: VecDeque<Cursor>,
    /// Only parts before this are still to come; none at the beginning.
    before: Option<Cursor>,
    /// No part is later.
    latest: Timestamp,
    more: bool,
}

impl Stream {
    fn new(shard: Arc<Shard>, query: &ConversationQuery) -> Self {
        // What is before a moment is before every id at that moment, and no id is smaller than the empty one.
        let until = query.filter.until.map(|at| Cursor { at, id: String::new() });
        let before = match (query.after.clone(), until) {
            (Some(after), Some(until)) => Some(after.min(until)),
            (after, until) => after.or(until),
        };
        let mut latest = moment(shard.span().1);
        if let Some(before) = &before {
            latest = latest.min(before.at);
        }
        Self { shard, parts: VecDeque::new(), before, latest, more: true }
    }

    /// Where its next part is at most: at a known place, or somewhere up to a moment.
    fn bound(&self) -> Option<(Timestamp, Option<&Cursor>)> {
        match self.parts.front() {
            Some(next) => Some((next.at, Some(next))),
            None => self.more.then_some((self.latest, None)),
        }
    }
}

impl List<'_> {
    /// The place of the next part in order.
    fn next(&mut self) -> Answer<Option<Cursor>> {
        loop {
            let newest = (0..self.streams.len())
                .filter_map(|i| Some((i, self.streams[i].bound()?)))
                .max_by(|(_, a), (_, b)| compare(*a, *b))
                .map(|(i, _)| i);
            let Some(newest) = newest else { return Ok(None) };
            if let Some(next) = self.streams[newest].parts.pop_front() {
                return Ok(Some(next));
            }
            self.fill(newest)?;
        }
    }

    fn fill(&mut self, stream: usize) -> Answer<()> {
        let filter = &self.query.filter;
        let shard = Arc::clone(&self.streams[stream].shard);
        let before = self.streams[stream].before.clone();
        let filtered = filter.asks_of_records();
        let spanning = if filtered {
            self.reader.with_meta(|meta| meta::spanning(meta, shard.number()))?
        } else {
            Vec::new()
        };
        let (tenant, filter) = (self.tenant, filter.clone());
        let page = self.reader.with(&shard, ACTION, |file| {
            let Some(number) = symbols::find(&file.connection, tenant.as_str())? else {
                return Ok(Vec::new());
            };
            let mut page = parts(&file.connection, number, &filter, before.as_ref())?;
            let full = page.len() == STREAM_PAGE;
            let last = page.last().filter(|_| full).cloned();
            for key in spanning {
                let elsewhere = part_of_key(&file.connection, number, key)?;
                // Those that come after a full page are found again with the next one.
                page.extend(elsewhere.filter(|part| {
                    before.as_ref().is_none_or(|before| part < before)
                        && last.as_ref().is_none_or(|last| part > last)
                }));
            }
            page.sort_by(|a, b| b.cmp(a));
            page.dedup();
            Ok(page.into_iter().map(|part| (part, full)).collect())
        })?;
        let page = page.unwrap_or_default();
        let stream = &mut self.streams[stream];
        stream.more = page.last().is_some_and(|(_, full)| *full);
        stream.parts = page.into_iter().map(|(part, _)| part).collect();
        if let Some(last) = stream.parts.back() {
            stream.latest = last.at;
            stream.before = Some(last.clone());
        }
        Ok(())
    }

    /// The first words of a conversation.
    fn preview(&mut self, id: &str) -> Answer<String> {
        let key = codes::conversation_key(self.tenant, id);
        let mut first: Option<preview::First> = None;
        for day in self.reader.days_of(key)? {
            let Some(shard) = self.engine.readable_day(day) else { continue };
            let tenant = self.tenant;
            let found =
                self.reader.with(&shard, ACTION, |file| preview::of_conversation(file, tenant, key, id))?;
            first = first.into_iter().chain(found.flatten()).min();
        }
        match first.map(|first| first.words).filter(|words| !words.is_empty()) {
            Some(words) => Ok(words),
            None => self.words(id, key),
        }
    }

    /// The first words of anything in a conversation.
    fn words(&mut self, id: &str, key: i64) -> Answer<String> {
        let mut first: Option<preview::Worded> = None;
        for day in self.reader.days_of(key)? {
            let Some(shard) = self.engine.readable_day(day) else { continue };
            let tenant = self.tenant;
            let found =
                self.reader.with(&shard, ACTION, |file| preview::of_any_record(file, tenant, key, id))?;
            first = first.into_iter().chain(found.flatten()).min();
        }
        Ok(first.map(|first| first.words).unwrap_or_default())
    }

    /// The conversation whose last record is at this place, if there is one that is to be listed.
    fn consider(&mut self, place: &Cursor) -> Answer<Option<ConversationSummary>> {
        let filter = &self.query.filter;
        let key = codes::conversation_key(self.tenant, &place.id);
        let (mut whole, mut matches) = (None::<Partial>, !filter.asks_of_records());
        for day in self.reader.days_of(key)? {
            let Some(shard) = self.engine.readable_day(day) else { continue };
            let tenant = self.tenant;
            let part = self.reader.with(&shard, ACTION, |file| {
                let connection = &file.connection;
                let Some(number) = symbols::find(connection, tenant.as_str())? else { return Ok(None) };
                let Some(row) = load::conversation(connection, key, number, &place.id)? else {
                    return Ok(None);
                };
                let matched = matches || has_record(connection, tenant, &row, filter)?;
                Ok(Some((row.summary(connection)?, matched)))
            })?;
            let Some(Some((partial, matched))) = part else { continue };
            matches |= matched;
            match &mut whole {
                Some(whole) => rollup::join(whole, partial),
                None => whole = Some(partial),
            }
        }
        let summary = whole.map(|partial| partial.summary);
        Ok(summary.filter(|summary| {
            matches && summary.cursor() == *place && (filter.error != Some(false) || !summary.has_errors())
        }))
    }
}

/// The order in which streams come up. Of two at the same moment, one whose next part is not known comes first, so that it becomes known.
fn compare(a: (Timestamp, Option<&Cursor>), b: (Timestamp, Option<&Cursor>)) -> Ordering {
    a.0.cmp(&b.0).then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => a.cmp(b),
    })
}

/// A file's next parts that have what is asked for.
fn parts(
    connection: &Connection,
    tenant: i64,
    filter: &Filter,
    before: Option<&Cursor>,
) -> Result<Vec<Cursor>> {
    let Some(facets) = facets(connection, filter)? else { return Ok(Vec::new()) };
    let mut rare = None;
    for facet in &facets {
        if count_up_to_rare(connection, *facet)? < RARE {
            rare = Some(*facet);
            break;
        }
    }
    let mut parameters = vec![Value::Integer(tenant)];
    let mut sql = match rare {
        None => "select last_at, id from conversation c where tenant = ?1".to_owned(),
        Some((kind, value)) => format!(
            "select last_at, id from facet f cross join conversation c on c.seq = f.conversation
             where f.kind = {kind} and f.value = {value} and tenant = ?1"
        ),
    };
    for (kind, value) in facets.iter().filter(|facet| Some(**facet) != rare) {
        sql.push_str(&format!(
            " and exists(select 1 from facet where kind = {kind} and value = {value} and conversation = c.seq)"
        ));
    }
    if filter.error == Some(false) {
        sql.push_str(" and errors = 0 and other_errors = 0");
    }
    if let Some(before) = before {
        sql.push_str(" and (last_at, id) < (?2, ?3)");
        parameters.extend([Value::Integer(nanoseconds(before.at)), Value::Text(before.id.clone())]);
    }
    sql.push_str(&format!(" order by last_at desc, id desc limit {STREAM_PAGE}"));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(parameters), |row| {
        Ok(Cursor { at: moment(row.get(0)?), id: row.get(1)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn part_of_key(connection: &Connection, tenant: i64, key: i64) -> Result<Option<Cursor>> {
    let sql = sql!("{} where key = ?1 and tenant = ?2", ConversationRow::select_sql());
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query_map([key, tenant], ConversationRow::read)?;
    Ok(rows.next().transpose()?.map(|row| Cursor { at: moment(row.last_at), id: row.id }))
}

/// What each listed conversation must have in this file: kind and value. None when the file does not know a value.
fn facets(connection: &Connection, filter: &Filter) -> Result<Option<Vec<(i64, i64)>>> {
    let named = [
        (facet::USER, &filter.user),
        (facet::AGENT, &filter.agent),
        (facet::MODEL, &filter.model),
        (facet::PROVIDER, &filter.provider),
    ];
    let tags = filter.tags.iter().map(|(key, value)| (facet::TAG, codes::tag(key, value)));
    let named = named
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text.clone().filter(|text| !text.is_empty())?)));
    let mut facets = Vec::new();
    for (kind, text) in tags.chain(named) {
        match symbols::find(connection, &text)? {
            Some(symbol) => facets.push((kind, symbol)),
            None => return Ok(None),
        }
    }
    if filter.error == Some(true) {
        facets.push((facet::ERROR, 1));
    }
    Ok(Some(facets))
}

fn count_up_to_rare(connection: &Connection, (kind, value): (i64, i64)) -> Result<usize> {
    let sql = sql!("select count(*) from (select 1 from facet where kind = ?1 and value = ?2 limit {RARE})");
    let count: i64 = connection.prepare_cached(sql)?.query_row([kind, value], |row| row.get(0))?;
    Ok(count as usize)
}

/// One of the conversation's records in this file has everything that is asked for.
fn has_record(
    connection: &Connection,
    tenant: &TenantId,
    row: &ConversationRow,
    filter: &Filter,
) -> Result<bool> {
    let scope = if filter.asks_of_generations() { Scope::Generations } else { Scope::Records };
    let filter = Filter { from: None, until: None, ..filter.clone() };
    let Some(Selected { sql, mut parameters }) = Selected::of(connection, tenant, &filter, scope)? else {
        return Ok(false);
    };
    parameters.push(Value::Integer(row.seq));
    let sql = format!("select 1 from record where {sql} and conversation = ?{} limit 1", parameters.len());
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.exists(params_from_iter(parameters))?)
}
