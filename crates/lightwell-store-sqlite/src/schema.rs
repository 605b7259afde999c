//! The one declaration of what a day file holds. A table's struct, its DDL, its insert and its column list all come from the same
//! lines below; nothing is listed twice.
//!
//! Rows that are scanned (`record`) are narrow; what they carry (`body`, `content`) lies apart. Strings that repeat are `symbol`s.
//! A record refers to content and nodes by row, within its own file: references never leave it.

use rusqlite::{Connection, Row, Statement};

/// Marks a file as one of ours ("LWDF").
pub const APPLICATION_ID: i32 = 0x4c57_4446;
/// Version of the tables below. A file of a newer or a much older version is refused by name.
pub const VERSION: i32 = 4;
/// The oldest version that is read. Whoever opens a file makes it one of [`VERSION`]. Version 3 compresses texts with dictionaries
/// that are compiled in, and has none in the file; version 4 leaves out of bodies what the row names by symbols.
pub const OLDEST_VERSION: i32 = 2;
/// What makes a file of a version one of the next.
pub const UPGRADES: &[(i32, &str)] = &[(3, "alter table record add column agent_version int")];

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Names the row.
    Key,
    /// Points at a row of another table.
    Reference,
    /// Places the row in time; nanoseconds since 1970.
    Moment,
    /// Queries filter and group by it.
    Dimension,
    /// Queries add it up.
    Measure,
    /// Neither filtered nor added: it is shown.
    Payload,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, also the struct's field.
    pub name: &'static str,
    /// Its SQL type and constraints.
    pub sql: &'static str,
    /// What it is for.
    pub role: Role,
}

/// A table whose rows are a struct.
pub trait Table: Sized {
    /// The table's name.
    const NAME: &'static str;
    /// Its columns, in order.
    const COLUMNS: &'static [Column];
    /// What follows the closing parenthesis of its DDL.
    const OPTIONS: &'static str;
    /// Its indexes: name and columns.
    const INDEXES: &'static [(&'static str, &'static str)];

    /// `insert into ...` of all columns.
    fn insert_sql() -> &'static str;
    /// `replace into ...` of all columns: writes the row anew where it is.
    fn replace_sql() -> &'static str;
    /// `update ...` of all columns but keys, by the first column; leaves indexes of keys alone.
    fn update_sql() -> &'static str;
    /// `select ... from ...` of all columns, to be continued with `where`.
    fn select_sql() -> &'static str;
    /// Binds all columns, in order.
    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()>;
    /// Reads all columns, in order.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;

    /// Adds the row.
    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(Self::insert_sql())?;
        self.bind(&mut statement)?;
        statement.raw_execute().map(|_| ())
    }

    /// Writes the row anew where it is.
    fn replace(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(Self::replace_sql())?;
        self.bind(&mut statement)?;
        statement.raw_execute().map(|_| ())
    }

    /// Changes what is not a key in the row that is there.
    fn update(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(Self::update_sql())?;
        self.bind(&mut statement)?;
        statement.raw_execute().map(|_| ())
    }

    /// DDL of the table and its indexes.
    fn create_sql() -> String {
        let columns: Vec<String> =
            Self::COLUMNS.iter().map(|column| format!("{} {}", column.name, column.sql)).collect();
        let mut sql = format!("create table {}({}) {};", Self::NAME, columns.join(", "), Self::OPTIONS);
        for (name, columns) in Self::INDEXES {
            sql.push_str(&format!("create index {name} on {}({columns});", Self::NAME));
        }
        sql
    }
}

/// A statement that is put together once.
macro_rules! sql {
    ($($part:tt)*) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($($part)*));
        SQL.as_str()
    }};
}
pub(crate) use sql;

macro_rules! table {
    (
        $(#[$about:meta])* $row:ident in $name:literal $options:literal {
            $($(#[$doc:meta])* $field:ident: $type:ty = $sql:literal $role:ident,)*
        }
        $($index:literal ($on:literal))*
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $row {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Table for $row {
            const NAME: &'static str = $name;
            const COLUMNS: &'static [$crate::schema::Column] = &[$($crate::schema::Column {
                name: stringify!($field),
                sql: $sql,
                role: $crate::schema::Role::$role,
            }),*];
            const OPTIONS: &'static str = $options;
            const INDEXES: &'static [(&'static str, &'static str)] = &[$(($index, $on)),*];

            fn insert_sql() -> &'static str {
                $crate::schema::sql!("{}", $crate::schema::write_sql("insert", $name, $row::COLUMNS))
            }

            fn replace_sql() -> &'static str {
                $crate::schema::sql!("{}", $crate::schema::write_sql("replace", $name, $row::COLUMNS))
            }

            fn update_sql() -> &'static str {
                $crate::schema::sql!("{}", $crate::schema::change_sql($name, $row::COLUMNS))
            }

            fn select_sql() -> &'static str {
                $crate::schema::sql!("select {} from {}", $crate::schema::names($row::COLUMNS), $name)
            }

            fn bind(&self, statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<()> {
                let mut place = 0;
                $(place += 1; statement.raw_bind_parameter(place, &self.$field)?;)*
                Ok(())
            }

            fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                let mut places = 0..;
                let mut place = || places.next().unwrap_or_default();
                Ok(Self { $($field: row.get(place())?,)* })
            }
        }
    };
}

pub(crate) use table;

pub(crate) fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

pub(crate) fn write_sql(verb: &str, table: &str, columns: &[Column]) -> String {
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("{verb} into {table}({}) values({})", names(columns), places.join(", "))
}

pub(crate) fn change_sql(table: &str, columns: &[Column]) -> String {
    let change = |(place, column): (usize, &Column)| format!("{} = ?{}", column.name, place + 1);
    let changes = columns.iter().enumerate().skip(1).filter(|(_, column)| column.role != Role::Key);
    let changes: Vec<String> = changes.map(change).collect();
    let key = columns.first().map_or("", |column| column.name);
    format!("update {table} set {} where {key} = ?1", changes.join(", "))
}

table! {
    /// A generation, step or event: what queries look at.
    RecordRow in "record" "" {
        /// Row; none before it is inserted.
        seq: Option<i64> = "integer primary key" Key,
        /// Hash of tenant, kind and id. The id itself is in the body.
        key: i64 = "int not null" Key,
        /// See `codes::kind`.
        kind: i64 = "int not null" Dimension,
        /// Symbol.
        tenant: i64 = "int not null" Dimension,
        /// Row of the conversation.
        conversation: i64 = "int not null" Reference,
        /// The moment that places the record in time.
        at: i64 = "int not null" Moment,
        /// When it was received.
        received_at: i64 = "int not null" Moment,
        /// What a record told whole says; none in one told in parts and in an event.
        digest: Option<Vec<u8>> = "blob" Payload,
        /// Symbol.
        agent: Option<i64> = "int" Dimension,
        /// Symbol.
        model: Option<i64> = "int" Dimension,
        /// Symbol.
        provider: Option<i64> = "int" Dimension,
        /// Symbol.
        user: Option<i64> = "int" Dimension,
        /// It failed.
        error: bool = "int not null" Dimension,
        /// See [`lightwell_model::TokenUsage`].
        input_tokens: i64 = "int not null" Measure,
        /// See [`lightwell_model::TokenUsage`].
        output_tokens: i64 = "int not null" Measure,
        /// See [`lightwell_model::TokenUsage`].
        total_tokens: i64 = "int not null" Measure,
        /// See [`lightwell_model::TokenUsage`].
        cache_read_input_tokens: i64 = "int not null" Measure,
        /// See [`lightwell_model::TokenUsage`].
        cache_write_input_tokens: i64 = "int not null" Measure,
        /// See [`lightwell_model::TokenUsage`].
        reasoning_tokens: i64 = "int not null" Measure,
        /// Billionths of a dollar; none when nobody told.
        cost: Option<i64> = "int" Measure,
        /// Symbols of key and value, varints.
        tags: Option<Vec<u8>> = "blob" Dimension,
        /// Row of the content.
        system: Option<i64> = "int" Reference,
        /// Row of the content.
        tools: Option<i64> = "int" Reference,
        /// Node of the last input message; 0 for none.
        input_head: i64 = "int not null" Reference,
        /// Node of the last output message, else that of the input.
        output_head: i64 = "int not null" Reference,
        /// Symbol of the agent's effective version.
        agent_version: Option<i64> = "int" Dimension,
    }
    "record_conversation" ("conversation, at")
}

table! {
    /// Finds records by key; it lags behind, see [`crate::key_index`].
    RecordIndexRow in "record_index" "without rowid" {
        /// Key of the record.
        key: i64 = "int not null" Key,
        /// Its row.
        seq: i64 = "int not null, primary key(key, seq)" Reference,
    }
}

table! {
    /// What a record says beyond its row and its content: JSON, compressed.
    BodyRow in "body" "" {
        /// Row of the record.
        seq: i64 = "integer primary key" Key,
        /// See [`crate::codec`].
        codec: i64 = "int not null" Payload,
        /// Compressed bytes.
        body: Vec<u8> = "blob not null" Payload,
    }
}

table! {
    /// A message, system prompt or tool set, once for each tenant.
    ContentRow in "content" "" {
        /// Row; none before it is inserted.
        seq: Option<i64> = "integer primary key" Key,
        /// The first half of the id, mixed with the tenant.
        key: i64 = "int not null" Key,
        /// The address.
        id: Vec<u8> = "blob not null" Key,
        /// Symbol.
        tenant: i64 = "int not null" Dimension,
        /// See [`crate::codec`].
        codec: i64 = "int not null" Payload,
        /// Compressed bytes; none when they are in `large`.
        body: Option<Vec<u8>> = "blob" Payload,
    }
}

table! {
    /// Finds content by key; it lags behind, see [`crate::key_index`].
    ContentIndexRow in "content_index" "without rowid" {
        /// Key of the content.
        key: i64 = "int not null" Key,
        /// Its row.
        seq: i64 = "int not null, primary key(key, seq)" Reference,
    }
}

table! {
    /// How far an index has come.
    SettledRow in "settled" "" {
        /// See `key_index::Rows`.
        what: i64 = "integer primary key" Dimension,
        /// The last row that it has.
        seq: i64 = "int not null" Reference,
    }
}

table! {
    /// The bytes of content that is too long to lie among short ones.
    LargeRow in "large" "" {
        /// Row of the content.
        seq: i64 = "integer primary key" Key,
        /// Compressed bytes.
        body: Vec<u8> = "blob not null" Payload,
    }
}

table! {
    /// One step of a history: it continues `parent` with `content`. Never changed.
    NodeRow in "node" "" {
        /// Row; none before it is inserted.
        seq: Option<i64> = "integer primary key" Key,
        /// The node before; 0 for the empty history.
        parent: i64 = "int not null" Reference,
        /// The message.
        content: i64 = "int not null" Reference,
    }
    // By content: it is new with most nodes, so that the index grows at its end.
    "node_edge" ("content, parent")
}

table! {
    /// What may no longer be referred to, since a record was deleted or merged: the next sweep looks.
    OrphanRow in "orphan" "without rowid" {
        /// See `codes::orphan`.
        kind: i64 = "int not null" Dimension,
        /// Its row.
        seq: i64 = "int not null, primary key(kind, seq)" Reference,
    }
}

table! {
    /// What this file's records of one conversation have in common. Summaries add up over files.
    ConversationRow in "conversation" "" {
        /// Row. Never used again, so that the index of conversations can tell how far it has come.
        seq: i64 = "integer primary key autoincrement" Key,
        /// Hash of tenant and id.
        key: i64 = "int not null" Key,
        /// Symbol.
        tenant: i64 = "int not null" Dimension,
        /// The conversation's id.
        id: String = "text not null" Key,
        /// Moment of the first record.
        first_at: i64 = "int not null" Moment,
        /// Moment of the last record.
        last_at: i64 = "int not null" Moment,
        /// Moment of the last generation.
        last_generation_at: Option<i64> = "int" Moment,
        /// When the session ended.
        ended_at: Option<i64> = "int" Moment,
        /// Of the latest titled generation.
        title: String = "text not null" Payload,
        /// Its moment.
        title_at: i64 = "int not null" Moment,
        /// Of the latest record that names one.
        user: String = "text not null" Payload,
        /// Its moment.
        user_at: i64 = "int not null" Moment,
        /// Symbols, varints.
        agents: Vec<u8> = "blob not null" Dimension,
        /// Symbols, varints.
        models: Vec<u8> = "blob not null" Dimension,
        /// Symbols, varints.
        providers: Vec<u8> = "blob not null" Dimension,
        /// Number of generations.
        generations: i64 = "int not null" Measure,
        /// Number of steps.
        steps: i64 = "int not null" Measure,
        /// Number of events.
        events: i64 = "int not null" Measure,
        /// Failed generations.
        errors: i64 = "int not null" Measure,
        /// Failed steps and events that tell of a failure.
        other_errors: i64 = "int not null" Measure,
        /// Generations without a reported cost.
        unpriced: i64 = "int not null" Measure,
        /// Billionths of a dollar.
        cost: i64 = "int not null" Measure,
        /// Sum.
        input_tokens: i64 = "int not null" Measure,
        /// Sum.
        output_tokens: i64 = "int not null" Measure,
        /// Sum.
        total_tokens: i64 = "int not null" Measure,
        /// Sum.
        cache_read_input_tokens: i64 = "int not null" Measure,
        /// Sum.
        cache_write_input_tokens: i64 = "int not null" Measure,
        /// Sum.
        reasoning_tokens: i64 = "int not null" Measure,
    }
    "conversation_key" ("key")
    "conversation_last" ("tenant, last_at, id")
}

table! {
    /// One of a conversation's generations has this value.
    FacetRow in "facet" "without rowid" {
        /// See `codes::facet`.
        kind: i64 = "int not null" Dimension,
        /// Symbol.
        value: i64 = "int not null" Dimension,
        /// Row of the conversation.
        conversation: i64 = "int not null, primary key(kind, value, conversation)" Reference,
    }
}

table! {
    /// A string that repeats.
    SymbolRow in "symbol" "" {
        /// What stands for it.
        seq: Option<i64> = "integer primary key" Key,
        /// The string.
        text: String = "text not null unique" Key,
    }
}

table! {
    /// A compression dictionary of version 2, trained from texts of the store. Newer files do not have this table.
    DictionaryRow in "dictionary" "" {
        /// The codec that uses it.
        codec: i64 = "integer primary key" Key,
        /// For bodies of records; otherwise for content.
        for_bodies: bool = "int not null" Dimension,
        /// As zstd trained it, or just text.
        bytes: Vec<u8> = "blob not null" Payload,
    }
}

/// DDL of a day file.
pub fn create_sql() -> String {
    [
        RecordRow::create_sql(),
        RecordIndexRow::create_sql(),
        BodyRow::create_sql(),
        ContentRow::create_sql(),
        ContentIndexRow::create_sql(),
        SettledRow::create_sql(),
        LargeRow::create_sql(),
        NodeRow::create_sql(),
        OrphanRow::create_sql(),
        ConversationRow::create_sql(),
        FacetRow::create_sql(),
        SymbolRow::create_sql(),
    ]
    .concat()
}
