//! The compression dictionaries of a store: which ones all threads use, and their training.
//!
//! They are trained from the first two thousand texts, on a thread of their own, and hold pieces that these repeat; no text is taken
//! as it is, for it would outlive its deletion. Each day's file gets a copy of those that it uses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension};

use crate::codec::{FIRST_DICTIONARY, Texts};
use crate::fault::{Fault, Result};
use crate::schema::{DictionaryRow, Table};

/// Samples of a training.
const SAMPLES: usize = 2000;
/// Fewer samples will do when they are this long together.
const SAMPLE_BYTES: usize = 2 << 20;
const LARGEST_SAMPLE_BYTES: usize = 16 << 10;

/// What the threads of a store share.
pub struct Dictionaries {
    state: RwLock<State>,
    training: [Training; 2],
}

/// The dictionaries in use.
#[derive(Clone, Debug, Default)]
pub struct InUse {
    /// For messages, system prompts and tool sets.
    pub content: Option<Arc<DictionaryRow>>,
    /// For bodies.
    pub bodies: Option<Arc<DictionaryRow>>,
}

struct State {
    in_use: InUse,
    /// All that were in use since the store was opened: texts may still be on their way that were compressed with them.
    known: Vec<Arc<DictionaryRow>>,
    next_codec: i64,
}

#[derive(Default)]
struct Training {
    done: AtomicBool,
    sampling: Mutex<Sampling>,
}

#[derive(Default)]
struct Sampling {
    samples: Vec<Vec<u8>>,
    bytes: usize,
}

impl Texts {
    /// At zstd's level 1 larger dictionaries compress content worse: 402 bytes a message with 110 KB, 384 with 32 KB, 405 with 16 KB.
    fn dictionary_bytes(self) -> usize {
        match self {
            Self::Content => 32 << 10,
            Self::Bodies => 16 << 10,
        }
    }

    fn for_bodies(self) -> bool {
        self == Self::Bodies
    }
}

impl Dictionaries {
    /// Goes on with the newest of the dictionaries that the files of a store have. `next_codec`: one above all of them.
    pub fn new(stored: Vec<DictionaryRow>, next_codec: i64) -> Self {
        let known: Vec<Arc<DictionaryRow>> = stored.into_iter().map(Arc::new).collect();
        let newest = |for_bodies| {
            known.iter().filter(|row| row.for_bodies == for_bodies).max_by_key(|row| row.codec).cloned()
        };
        let in_use = InUse { content: newest(false), bodies: newest(true) };
        let training = [Texts::Content, Texts::Bodies].map(|texts| {
            let done = AtomicBool::new(in_use.of(texts).is_some());
            Training { done, ..Training::default() }
        });
        let next_codec = next_codec.max(FIRST_DICTIONARY);
        Self { state: RwLock::new(State { in_use, known, next_codec }), training }
    }

    /// The dictionaries to compress with.
    pub fn in_use(&self) -> InUse {
        self.state.read().unwrap_or_else(PoisonError::into_inner).in_use.clone()
    }

    /// A dictionary that was in use since the store was opened.
    fn of_codec(&self, codec: i64) -> Option<Arc<DictionaryRow>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.known.iter().find(|row| row.codec == codec).cloned()
    }

    /// Keeps a text to train from while that is wanted.
    pub fn sample(self: &Arc<Self>, texts: Texts, bytes: &[u8]) {
        let training = &self.training[usize::from(texts.for_bodies())];
        if training.done.load(Ordering::Relaxed) || bytes.len() > LARGEST_SAMPLE_BYTES {
            return;
        }
        let mut sampling = training.sampling();
        sampling.bytes += bytes.len();
        sampling.samples.push(bytes.to_vec());
        if sampling.samples.len() < SAMPLES && sampling.bytes < SAMPLE_BYTES {
            return;
        }
        training.done.store(true, Ordering::Relaxed);
        let samples = std::mem::take(&mut *sampling).samples;
        let this = Arc::clone(self);
        let train = move || {
            // Too few or too equal samples: go on without.
            if let Ok(trained) = zstd::dict::from_samples(&samples, texts.dictionary_bytes()) {
                this.install(texts, trained);
            }
        };
        // Without a thread there is no dictionary: the files are larger, nothing else.
        let _ = std::thread::Builder::new().name("lightwell-train".to_owned()).spawn(train);
    }

    fn install(&self, texts: Texts, bytes: Vec<u8>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let codec = state.next_codec;
        state.next_codec += 1;
        let row = Arc::new(DictionaryRow { codec, for_bodies: texts.for_bodies(), bytes });
        state.known.push(Arc::clone(&row));
        *state.in_use.of_mut(texts) = Some(row);
    }
}

impl InUse {
    /// The dictionary for these texts.
    pub fn of(&self, texts: Texts) -> &Option<Arc<DictionaryRow>> {
        match texts {
            Texts::Content => &self.content,
            Texts::Bodies => &self.bodies,
        }
    }

    fn of_mut(&mut self, texts: Texts) -> &mut Option<Arc<DictionaryRow>> {
        match texts {
            Texts::Content => &mut self.content,
            Texts::Bodies => &mut self.bodies,
        }
    }
}

impl Training {
    fn sampling(&self) -> MutexGuard<'_, Sampling> {
        self.sampling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dictionaries that one file has.
pub struct Held {
    dictionaries: Arc<Dictionaries>,
    codecs: Vec<i64>,
}

impl Held {
    /// Nothing is known of the file yet.
    pub fn new(dictionaries: Arc<Dictionaries>) -> Self {
        Self { dictionaries, codecs: Vec::new() }
    }

    /// Gives the file what it takes to read what is stored with this codec: within the caller's transaction.
    pub fn hold(&mut self, connection: &Connection, codec: i64) -> Result<()> {
        if codec < FIRST_DICTIONARY || self.codecs.contains(&codec) {
            return Ok(());
        }
        let has = connection.prepare_cached("select 1 from dictionary where codec = ?1")?.exists([codec])?;
        if !has {
            let row = self.dictionaries.of_codec(codec);
            row.ok_or_else(|| Fault::Damaged(format!("compression dictionary {codec} is missing")))?
                .insert(connection)?;
        }
        self.codecs.push(codec);
        Ok(())
    }

    /// Forgets what may have been rolled back.
    pub fn forget(&mut self) {
        self.codecs.clear();
    }
}

/// The dictionary that a file used last for these texts.
pub fn newest(connection: &Connection, texts: Texts) -> Result<Option<DictionaryRow>> {
    let sql = format!("{} where for_bodies = ?1 order by codec desc limit 1", DictionaryRow::select_sql());
    Ok(connection.query_row(&sql, [texts.for_bodies()], DictionaryRow::read).optional()?)
}

/// The highest codec of a file for these texts.
pub fn newest_codec(connection: &Connection, texts: Texts) -> Result<Option<i64>> {
    let sql = "select max(codec) from dictionary where for_bodies = ?1";
    Ok(connection.query_row(sql, [texts.for_bodies()], |row| row.get(0))?)
}
