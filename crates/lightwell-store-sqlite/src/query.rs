//! Single records, whole conversations and sums.

use lightwell_model::{Generation, Money, Record, RecordKind, TenantId, TokenUsage};
use lightwell_store::{ConversationDetail, Filter, StoreError, Totals};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::codes::{self, GENERATION, nanoseconds, put_varint};
use crate::engine::Engine;
use crate::fault::Result;
use crate::key_index::{self, Rows};
use crate::load::{self, Loader};
use crate::reader::{OpenFile, Reader};
use crate::schema::{RecordRow, Role, Table};
use crate::symbols;

/// One generation with its whole content.
pub fn generation(
    engine: &Engine,
    reader: &mut Reader,
    tenant: &TenantId,
    id: &str,
) -> std::result::Result<Option<Generation>, StoreError> {
    let key = codes::record_key(tenant, RecordKind::Generation, id);
    for shard in engine.readable_with(key) {
        let found =
            reader.with(&shard, "read a generation", |file| find_generation(file, tenant, key, id))?;
        if let Some(Some(generation)) = found {
            return Ok(Some(generation));
        }
    }
    Ok(None)
}

/// One conversation with its whole content.
pub fn conversation(
    engine: &Engine,
    reader: &mut Reader,
    tenant: &TenantId,
    id: &str,
) -> std::result::Result<Option<ConversationDetail>, StoreError> {
    let key = codes::conversation_key(tenant, id);
    let mut records = Vec::new();
    for day in reader.days_of(key)? {
        let Some(shard) = engine.readable_day(day) else { continue };
        let found = reader.with(&shard, "read a conversation", |file| records_of(file, tenant, key, id))?;
        records.extend(found.unwrap_or_default());
    }
    Ok(ConversationDetail::of(id, records))
}

/// Sums over the generations that a filter selects.
pub fn totals(
    engine: &Engine,
    reader: &mut Reader,
    tenant: &TenantId,
    filter: &Filter,
) -> std::result::Result<Totals, StoreError> {
    let mut totals = Totals::default();
    for shard in engine.readable() {
        let (earliest, latest) = shard.span();
        if filter.until.is_some_and(|until| nanoseconds(until) <= earliest)
            || filter.from.is_some_and(|from| nanoseconds(from) > latest)
        {
            continue;
        }
        let part =
            reader.with(&shard, "add up generations", |file| totals_of(&file.connection, tenant, filter))?;
        totals += part.unwrap_or_default();
    }
    Ok(totals)
}

fn find_generation(file: &mut OpenFile, tenant: &TenantId, key: i64, id: &str) -> Result<Option<Generation>> {
    let Some(number) = symbols::find(&file.connection, tenant.as_str())? else { return Ok(None) };
    let OpenFile { connection, decoder, .. } = file;
    key_index::find(connection, Rows::Records, key, |seq| {
        let Some(row) = load::row(connection, seq)? else { return Ok(None) };
        if row.tenant != number || row.kind != GENERATION {
            return Ok(None);
        }
        match Loader::new(connection, decoder).record(&row)? {
            Record::Generation(generation) if generation.id == id => Ok(Some(generation)),
            _ => Ok(None),
        }
    })
}

fn records_of(file: &mut OpenFile, tenant: &TenantId, key: i64, id: &str) -> Result<Vec<Record>> {
    let Some(number) = symbols::find(&file.connection, tenant.as_str())? else { return Ok(Vec::new()) };
    let Some(row) = load::conversation(&file.connection, key, number, id)? else { return Ok(Vec::new()) };
    let rows = load::rows_of_conversation(&file.connection, row.seq)?;
    let mut loader = Loader::new(&file.connection, &mut file.decoder);
    rows.iter().map(|row| loader.record(row)).collect()
}

fn totals_of(connection: &Connection, tenant: &TenantId, filter: &Filter) -> Result<Totals> {
    let Some(Selected { sql, parameters }) = Selected::of(connection, tenant, filter, Scope::Generations)?
    else {
        return Ok(Totals::default());
    };
    let (counts, from) = if *filter == Filter::default() {
        ("sum(generations), sum(errors), sum(unpriced)", "conversation where tenant = ?1".to_owned())
    } else {
        ("count(*), sum(error), count(*) - count(cost)", format!("record where {sql}"))
    };
    // A conversation sums up what its records measure, under the same names.
    let measures = RecordRow::COLUMNS.iter().filter(|column| column.role == Role::Measure);
    let sums: String = measures.map(|column| format!(", sum({})", column.name)).collect();
    let mut statement = connection.prepare_cached(&format!("select {counts}{sums} from {from}"))?;
    Ok(statement.query_row(params_from_iter(parameters), |row| {
        let mut places = 0..;
        let mut next = || {
            Ok::<i64, rusqlite::Error>(row.get::<_, Option<i64>>(places.next().unwrap_or(0))?.unwrap_or(0))
        };
        let (generations, errors, unpriced) = (next()? as u64, next()? as u64, next()? as u64);
        let usage = TokenUsage {
            input_tokens: next()?,
            output_tokens: next()?,
            total_tokens: next()?,
            cache_read_input_tokens: next()?,
            cache_write_input_tokens: next()?,
            reasoning_tokens: next()?,
            ..TokenUsage::default()
        };
        let cost = Money::from_nanos(next()?);
        Ok(Totals {
            generations,
            errors,
            usage,
            reported_cost: (generations > unpriced).then_some(cost),
            unpriced,
        })
    })?)
}

/// The generations of a tenant that a filter selects in one file, as a condition on `record`.
pub struct Selected {
    /// The condition.
    pub sql: String,
    /// Its parameters; the first is the tenant.
    pub parameters: Vec<Value>,
}

/// Among which records a condition selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// LLM calls only.
    Generations,
    /// Calls, steps and events.
    Records,
}

impl Selected {
    /// None when the file does not know a value that is asked for: it selects nothing there.
    pub fn of(
        connection: &Connection,
        tenant: &TenantId,
        filter: &Filter,
        scope: Scope,
    ) -> Result<Option<Self>> {
        let Some(number) = symbols::find(connection, tenant.as_str())? else { return Ok(None) };
        let mut selected = Self { sql: "tenant = ?1".to_owned(), parameters: vec![Value::Integer(number)] };
        if scope == Scope::Generations {
            selected.sql.push_str(&format!(" and kind = {GENERATION}"));
        }
        if let Some(from) = filter.from {
            selected.and("at >=", Value::Integer(nanoseconds(from)));
        }
        if let Some(until) = filter.until {
            selected.and("at <", Value::Integer(nanoseconds(until)));
        }
        if let Some(error) = filter.error {
            selected.and("error =", Value::Integer(error.into()));
        }
        let named = [
            ("agent", &filter.agent),
            ("model", &filter.model),
            ("provider", &filter.provider),
            ("user", &filter.user),
        ];
        for (column, wanted) in named {
            match wanted.as_deref() {
                None => {}
                Some("") => selected.sql.push_str(&format!(" and {column} is null")),
                Some(text) => match symbols::find(connection, text)? {
                    Some(symbol) => selected.and(&format!("{column} ="), Value::Integer(symbol)),
                    None => return Ok(None),
                },
            }
        }
        let mut tags = Vec::new();
        for (key, value) in &filter.tags {
            match symbols::find(connection, &codes::tag(key, value))? {
                Some(symbol) => put_varint(symbol, &mut tags),
                None => return Ok(None),
            }
        }
        if !tags.is_empty() {
            selected.parameters.push(Value::Blob(tags));
            selected.sql.push_str(&format!(" and has_all(tags, ?{})", selected.parameters.len()));
        }
        Ok(Some(selected))
    }

    fn and(&mut self, comparison: &str, value: Value) {
        self.parameters.push(value);
        self.sql.push_str(&format!(" and {comparison} ?{}", self.parameters.len()));
    }
}
