//! The trait's face of the engine.

use std::fs::{File, TryLockError};
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use jiff::Timestamp;
use lightwell_model::{Day, Generation, Record, TenantId};
use lightwell_store::{
    Added, ApiKey, ClientAccount, ConversationDetail, ConversationQuery, ConversationSummary, Deleted,
    Deletion, Delivery, DeliveryQuery, Document, DocumentKind, DocumentPage, DocumentQuery, Filter,
    KeyDigest, NewApiKey, Outcome, Page, Store, StoreError, Totals,
};
use tokio::sync::oneshot;

use crate::codec::Encoder;
use crate::day_file::FORMAT;
use crate::delivery::{Accounts, Note};
use crate::documents::Documents;
use crate::engine::Engine;
use crate::fault::Fault;
use crate::gather::Gather;
use crate::id_filter::IdFilter;
use crate::memo::Memo;
use crate::meta::Meta;
use crate::prepare::{Prepared, Preparer};
use crate::reader::Reader;
use crate::shard::Shard;
use crate::workers::Workers;
use crate::{file, list, query};

/// A batch is prepared by as many threads at once, unless it is smaller than [`SMALLEST_PART`] for each.
const PREPARERS: usize = 2;
const SMALLEST_PART: usize = 32;
const READERS: usize = 2;

/// How many contents and histories are recognised: those of some thousands of conversations.
const MEMO: usize = 1 << 16;

/// Records in SQLite files below one folder, which belongs to one process at a time.
pub struct SqliteStore {
    engine: Arc<Engine>,
    documents: Arc<Documents>,
    preparers: Arc<Workers<Preparer>>,
    readers: Arc<Workers<Reader>>,
    _lock: File,
}

/// Makes a folder, when it is not there, that nobody else on the machine can look into: it is going to hold what people said.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl SqliteStore {
    /// Opens the store in a folder, which is made when it is not there. Blocks while it reads what is stored; deletions
    /// that were interrupted are carried out first.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let fault = |error: std::io::Error| Fault::from(error).at(&root, "open the data folder");
        make_private(&root).map_err(fault)?;
        let lock = lock(&root)?;
        let meta_path = root.join("meta.db");
        let meta = Meta::open(&meta_path).map_err(|fault| fault.at(&meta_path, "open"))?;
        let days = load_days(&root, &meta)?;
        let documents = Arc::new(Documents::open(&root)?);
        let memo = Arc::new(Memo::new(MEMO));
        let preparer = move || Preparer { memo: Arc::clone(&memo), encoder: Encoder::new() };
        let accounts = accounts_of(&root, &days)?;
        let engine = Arc::new(Engine::new(root.clone(), meta, accounts, days));
        let reader = move || Reader::new(meta_path.clone());
        let preparers = Workers::start("lightwell-prepare", PREPARERS, preparer).map_err(fault)?;
        let readers = Workers::start("lightwell-read", READERS, reader).map_err(fault)?;
        let (preparers, readers) = (Arc::new(preparers), Arc::new(readers));
        let store = Self { engine, documents, preparers, readers, _lock: lock };
        store.resume_deletions()?;
        Ok(store)
    }

    /// Takes up what earlier deletions refuse, and carries out those that were interrupted.
    fn resume_deletions(&self) -> Result<(), StoreError> {
        let engine = &self.engine;
        let deletions =
            engine.meta.deletions().map_err(|fault| fault.at(engine.meta.path(), "read deletions"))?;
        engine.remember_deletions(&deletions);
        let mut reader = Reader::new(engine.meta.path().to_owned());
        for row in deletions.iter().filter(|row| !row.done) {
            let (sender, receiver) = channel();
            let selection = engine.selection(row)?.taken_up(row);
            engine.carry_out(&mut reader, row.seq.unwrap_or_default(), &selection, move |result| {
                drop(sender.send(result));
            });
            receiver.recv().map_err(|_| StoreError::Closed)??;
        }
        if !deletions.is_empty() {
            engine.renew();
        }
        Ok(())
    }

    /// Prepares records on several threads and hands them on, in order, when all are done. Each conversation's are prepared by
    /// one thread, in order: what the earlier ones tell is what the later ones know.
    fn prepare(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        then: impl FnOnce(Vec<Option<Box<Prepared>>>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let count = records.len();
        let threads = (count / SMALLEST_PART).clamp(1, PREPARERS);
        let mut parts: Vec<Vec<(usize, Record)>> = Vec::new();
        parts.resize_with(threads, || Vec::with_capacity(count / threads * 5 / 4));
        let hasher = foldhash::fast::RandomState::default();
        for (place, record) in records.into_iter().enumerate() {
            let part = hasher.hash_one(record.conversation_id()) % threads as u64;
            parts[part as usize].push((place, record));
        }
        let mut empty: Vec<Option<Box<Prepared>>> = Vec::new();
        empty.resize_with(count, || None);
        let gather = Arc::new(Gather::new(empty, parts.len(), move |prepared| {
            if let Ok(prepared) = prepared {
                then(prepared);
            }
        }));
        for part in parts {
            let (gather, tenant) = (Arc::clone(&gather), tenant.clone());
            self.preparers.submit(move |preparer| {
                let prepared = preparer.prepare_all(&tenant, part);
                gather.part(Ok::<_, &StoreError>(|all: &mut Vec<Option<Box<Prepared>>>| {
                    prepared.into_iter().for_each(|(place, prepared)| all[place] = Some(prepared));
                }));
            })?;
        }
        Ok(())
    }

    async fn append_noted(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        note: Option<Note>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let engine = Arc::clone(&self.engine);
        let (reply, answer) = oneshot::channel();
        // A caller that went away does not want the answer; what it sent is stored all the same.
        let store = move |prepared: Vec<Option<Box<Prepared>>>| {
            engine.append(prepared, note, move |result| drop(reply.send(result)));
        };
        self.prepare(tenant, records, store)?;
        let outcomes = answer.await.map_err(|_| StoreError::Closed)??;
        Ok(outcomes.into_iter().flatten().collect())
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine, &mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let engine = Arc::clone(&self.engine);
        self.readers.run(move |reader| question(&engine, reader)).await
    }

    async fn with_documents<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Documents) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let documents = Arc::clone(&self.documents);
        let answer = move |engine: &Engine| {
            if engine.is_closed() { Err(StoreError::Closed) } else { work(&documents) }
        };
        self.read(move |engine, _| answer(engine)).await
    }

    fn shut_down(
        engine: &Engine,
        documents: &Documents,
        preparers: &Workers<Preparer>,
        readers: &Workers<Reader>,
    ) {
        preparers.stop();
        engine.close();
        readers.stop();
        engine.meta.close();
        documents.close();
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        Self::shut_down(&self.engine, &self.documents, &self.preparers, &self.readers);
    }
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn append(&self, tenant: &TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, StoreError> {
        self.append_noted(tenant, records, None).await
    }

    async fn append_delivery(
        &self,
        tenant: &TenantId,
        records: Vec<Record>,
        delivery: Delivery,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.append_noted(tenant, records, Some(Note::new(tenant, delivery))).await
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<Page<ClientAccount>, StoreError> {
        let query = query.clone();
        self.read(move |engine, _| engine.accounts.list(&query)).await
    }

    async fn forget_deliveries(&self, unheard_since: Timestamp) -> Result<u64, StoreError> {
        self.read(move |engine, _| engine.accounts.forget(unheard_since)).await
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        query: &ConversationQuery,
    ) -> Result<Page<ConversationSummary>, StoreError> {
        let (tenant, query) = (tenant.clone(), query.clone());
        self.read(move |engine, reader| list::conversations(engine, reader, &tenant, &query)).await
    }

    async fn conversation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<ConversationDetail>, StoreError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read(move |engine, reader| query::conversation(engine, reader, &tenant, &id)).await
    }

    async fn generation(&self, tenant: &TenantId, id: &str) -> Result<Option<Generation>, StoreError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.read(move |engine, reader| query::generation(engine, reader, &tenant, &id)).await
    }

    async fn totals(&self, tenant: &TenantId, filter: &Filter) -> Result<Totals, StoreError> {
        let (tenant, filter) = (tenant.clone(), filter.clone());
        self.read(move |engine, reader| query::totals(engine, reader, &tenant, &filter)).await
    }

    async fn add_documents(
        &self,
        tenant: &TenantId,
        documents: Vec<Document>,
    ) -> Result<Vec<Added>, StoreError> {
        let tenant = tenant.clone();
        self.with_documents(move |store| store.add(&tenant, documents)).await
    }

    async fn replace_document(&self, tenant: &TenantId, document: Document) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.with_documents(move |store| store.replace(&tenant, &document)).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.with_documents(move |store| store.get(&tenant, kind, &id)).await
    }

    async fn documents(&self, tenant: &TenantId, query: &DocumentQuery) -> Result<DocumentPage, StoreError> {
        let (tenant, query) = (tenant.clone(), query.clone());
        self.with_documents(move |store| store.list(&tenant, &query)).await
    }

    async fn delete(&self, deletion: &Deletion) -> Result<Deleted, StoreError> {
        let (engine, deletion) = (Arc::clone(&self.engine), deletion.clone());
        let documents = Arc::clone(&self.documents);
        let (reply, answer) = oneshot::channel();
        self.readers.submit(move |reader| {
            // First what is said about the records: once it is recorded that they go, nobody asks again.
            if let Err(error) = documents.delete(&deletion) {
                return drop(reply.send(Err(error)));
            }
            if let Deletion::Tenant { tenant, .. } = &deletion
                && let Err(error) = engine.accounts.forget_tenant(tenant)
            {
                return drop(reply.send(Err(error)));
            }
            engine.delete(reader, &deletion, move |result| drop(reply.send(result)));
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn add_key(&self, key: NewApiKey) -> Result<ApiKey, StoreError> {
        self.read(move |engine, _| engine.meta.add_key(&key)).await
    }

    async fn find_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let digest = *digest;
        self.read(move |engine, _| engine.meta.find_key(&digest)).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.read(|engine, _| engine.meta.keys()).await
    }

    async fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.read(move |engine, _| engine.meta.revoke_key(&id)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.read(|engine, _| if engine.is_closed() { Err(StoreError::Closed) } else { probe(&engine.root) })
            .await
    }

    async fn close(&self) {
        let (engine, documents) = (Arc::clone(&self.engine), Arc::clone(&self.documents));
        let (preparers, readers) = (Arc::clone(&self.preparers), Arc::clone(&self.readers));
        let (done, closed) = oneshot::channel();
        let work = move || {
            Self::shut_down(&engine, &documents, &preparers, &readers);
            // Nobody waits when the caller went away.
            let _ = done.send(());
        };
        if std::thread::Builder::new().name("lightwell-close".to_owned()).spawn(work).is_ok() {
            // The thread always answers, unless it panicked, which closes nothing more.
            let _ = closed.await;
        }
    }
}

/// The disk takes a little more.
fn probe(root: &Path) -> Result<(), StoreError> {
    let path = root.join("probe");
    let write = || {
        std::fs::write(&path, [0; 8192])?;
        File::open(&path)?.sync_all()?;
        std::fs::remove_file(&path)
    };
    write().map_err(|error| Fault::from(error).at(&path, "write"))
}

fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    let fault = |error: std::io::Error| Fault::from(error).at(&path, "lock the data folder");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable {
            reason: format!("another process uses {}", root.display()),
            retry_after: Duration::from_secs(1),
        }),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}

/// The accounts of sending processes, with what the journals of the days have of them.
fn accounts_of(root: &Path, days: &[(Shard, IdFilter)]) -> Result<Accounts, StoreError> {
    let accounts = Accounts::open(root)?;
    for (shard, _) in days {
        file::open_reader(&shard.path, &FORMAT)
            .and_then(|connection| accounts.catch_up(shard.number(), &connection))
            .map_err(|fault| fault.at(&shard.path, "read the journal of deliveries"))?;
    }
    accounts.take_in()?;
    Ok(accounts)
}

/// Every day that has a file, oldest first, with its ids; brings the index of conversations up to date.
fn load_days(root: &Path, meta: &Meta) -> Result<Vec<(Shard, IdFilter)>, StoreError> {
    let fault = |error: std::io::Error| Fault::from(error).at(root, "list the days");
    let mut days: Vec<Day> = Vec::new();
    for entry in std::fs::read_dir(root).map_err(fault)? {
        days.extend(entry.map_err(fault)?.file_name().to_str().and_then(|name| name.parse::<Day>().ok()));
    }
    days.sort();
    let mut loaded = Vec::new();
    for shard in days.into_iter().map(|day| Shard::new(root, day)) {
        // A crash between making the folder and the file leaves an empty folder, or a file without tables.
        if !shard.path.exists() {
            continue;
        }
        let load = || {
            drop(file::open_writer(&shard.path, &FORMAT, 1024)?);
            let (filter, unindexed) = shard.load(meta.watermark(shard.number())?)?;
            meta.index(shard.number(), &unindexed)?;
            Ok::<_, Fault>(filter)
        };
        let filter = load().map_err(|fault| fault.at(&shard.path, "open"))?;
        loaded.push((shard, filter));
    }
    Ok(loaded)
}
