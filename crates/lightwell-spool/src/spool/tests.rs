//! The spool against a model, on a file system that fails, through crashes and power cuts; and the cases by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::files::faulty::{Faults, FaultyFiles};

const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: u64::MAX };
const MIB: u64 = 1 << 20;

fn options(quota_bytes: u64) -> Options {
    Options { quota_bytes, sync: Sync::OnCall, ..Options::default() }
}

fn spool(files: &FaultyFiles, life: u32, options: Options) -> Spool {
    let place = Place {
        dir: "/spool".into(),
        group: "there".to_owned(),
        life: format!("life-{life:04}"),
        meta: life.to_le_bytes().to_vec(),
    };
    let spool = Spool::new(Arc::new(files.clone()), place, options);
    spool.count_others();
    spool
}

fn payload(life: u32, number: u64, bytes: usize) -> Vec<u8> {
    let mut payload = format!("{life}/{number}/").into_bytes();
    payload.resize(payload.len() + bytes, b'x');
    payload
}

type Key = (u32, u64);

/// What the spool must still have, and what it may.
#[derive(Debug, Default)]
struct Model {
    payloads: BTreeMap<Key, Vec<u8>>,
    /// Appended, not acknowledged, on disk for sure.
    certain: BTreeSet<Key>,
    synced: BTreeSet<Key>,
    /// A sync failed: that a later one succeeds says nothing of these.
    unsyncable: BTreeSet<Key>,
    acked: BTreeSet<Key>,
    /// Held by the running life.
    held: BTreeSet<Key>,
    /// An acknowledgement may not be on disk.
    acks_vanish: bool,
    flips: usize,
}

#[derive(Clone, Debug)]
enum Op {
    Append { bytes: usize, held: bool },
    Ack { picks: Vec<usize> },
    Read { records: usize },
    Adopt,
    Kill,
    Close,
    CutPower { kept: u8 },
    Flip { at: u64 },
    Sync,
    Fail(Faults),
    Heal,
}

fn faults() -> impl Strategy<Value = Faults> {
    let option = |most: u64| proptest::option::of(0..most);
    (option(20_000), option(4000), any::<[bool; 4]>()).prop_map(|(room, short, flags)| Faults {
        room,
        short: short.map(|bytes| bytes as usize),
        read_only: flags[0] && flags[1],
        no_sync: flags[1],
        no_truncate: flags[2],
        no_read: flags[3] && flags[2],
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        30 => (0_usize..9000, any::<bool>()).prop_map(|(bytes, held)| Op::Append { bytes, held }),
        10 => proptest::collection::vec(any::<usize>(), 1..6).prop_map(|picks| Op::Ack { picks }),
        8 => (1_usize..20).prop_map(|records| Op::Read { records }),
        3 => Just(Op::Adopt),
        2 => Just(Op::Kill),
        1 => Just(Op::Close),
        1 => any::<u8>().prop_map(|kept| Op::CutPower { kept }),
        1 => any::<u64>().prop_map(|at| Op::Flip { at }),
        3 => Just(Op::Sync),
        2 => faults().prop_map(Op::Fail),
        3 => Just(Op::Heal),
    ]
}

struct Run {
    files: FaultyFiles,
    options: Options,
    spool: Spool,
    life: u32,
    number: u64,
    owners: BTreeMap<u32, Arc<Owner>>,
    model: Model,
}

impl Run {
    fn new(options: Options) -> Self {
        let files = FaultyFiles::default();
        let spool = spool(&files, 1, options);
        Self { files, options, spool, life: 1, number: 0, owners: BTreeMap::new(), model: Model::default() }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Append { bytes, held } => self.append(bytes, held),
            Op::Ack { picks } => self.acknowledge(&picks),
            Op::Read { records } => drop(self.read(ReadLimit { records, bytes: MIB })),
            Op::Adopt => drop(self.spool.adopt()),
            Op::Kill => self.next_life(),
            Op::Close => {
                self.spool.close();
                // What was left to remove is left by a disk that lets nothing be removed.
                self.model.acks_vanish |= self.files.faults().read_only;
                self.next_life();
            }
            Op::CutPower { kept } => {
                self.files.cut_power(kept);
                self.model.acks_vanish = true;
                let synced = &self.model.synced;
                self.model.certain.retain(|key| synced.contains(key));
                self.next_life();
            }
            Op::Flip { at } => self.model.flips += usize::from(self.files.flip(at)),
            Op::Sync => {
                let life = self.life;
                let of_this_life = self.model.certain.iter().copied().filter(|key| key.0 == life);
                match self.spool.sync() {
                    Ok(()) => self
                        .model
                        .synced
                        .extend(of_this_life.filter(|key| !self.model.unsyncable.contains(key))),
                    Err(_) => self.model.unsyncable.extend(of_this_life),
                }
            }
            Op::Fail(faults) => self.files.set(faults),
            Op::Heal => self.files.set(Faults::default()),
        }
        assert!(self.files.bytes() <= self.options.quota_bytes + 64 * 1024, "{} bytes", self.files.bytes());
    }

    fn append(&mut self, bytes: usize, held: bool) {
        self.number += 1;
        let key = (self.life, self.number);
        let payload = payload(self.life, self.number, bytes);
        let held = if held { Held::InMemory } else { Held::OnDiskOnly };
        self.model.payloads.insert(key, payload.clone());
        let appended = self.spool.append(self.number, b"tag", &payload, held);
        if let Some(evicted) = self.spool.take_evicted() {
            assert_eq!(self.options.when_full, WhenFull::DropOldest);
            let (held, life) = (&self.model.held, self.life);
            self.model
                .certain
                .retain(|key| key.0 == life && !held.contains(key) && !evicted.lost.contains(key.1));
        }
        if appended.is_err() {
            // It may be there all the same, when it could not be cut off again.
            self.model.acked.insert(key);
            self.model.acks_vanish = true;
            return;
        }
        self.model.certain.insert(key);
        if held == Held::InMemory {
            self.model.held.insert(key);
        }
    }

    fn acknowledge(&mut self, picks: &[usize]) {
        let held: Vec<Key> = self.model.held.iter().copied().collect();
        for pick in picks.iter().filter(|_| !held.is_empty()) {
            let key = held[pick % held.len()];
            let owner = (key.0 != self.life).then(|| Arc::clone(&self.owners[&key.0]));
            self.model.acks_vanish |= self.spool.acknowledge(owner.as_deref(), &[key.1]).is_err();
            self.model.acks_vanish |= self.files.faults().read_only;
            self.model.certain.remove(&key);
            self.model.acked.insert(key);
            self.model.held.remove(&key);
        }
    }

    /// Reads, and checks what came.
    fn read(&mut self, limit: ReadLimit) -> Option<BTreeSet<Key>> {
        let Ok(read) = self.spool.read(limit) else { return Some(BTreeSet::new()) };
        let batch = read?;
        let life = match &batch.owner {
            None => self.life,
            Some(owner) => {
                let life = u32::from_le_bytes(owner.meta().try_into().unwrap());
                self.owners.insert(life, Arc::clone(owner));
                life
            }
        };
        if batch.owner.is_none() {
            self.model.certain.retain(|key| key.0 != life || !batch.lost.contains(key.1));
            assert!(batch.lost.count() as usize <= self.model.flips, "lost without a flip");
        }
        let mut keys = BTreeSet::new();
        for record in batch.records {
            let key = (life, record.number);
            assert_eq!((&record.payload, &record.tag[..]), (&self.model.payloads[&key], &b"tag"[..]));
            assert!(keys.insert(key) && self.model.held.insert(key), "{key:?} is read twice");
            assert!(
                self.model.acks_vanish || self.model.flips > 0 || !self.model.acked.contains(&key),
                "{key:?}"
            );
        }
        Some(keys)
    }

    fn next_life(&mut self) {
        self.life += 1;
        self.spool = spool(&self.files, self.life, self.options);
        self.model.held.clear();
        self.owners.clear();
    }

    /// The disk works again, another process starts, and everything that must be there is there.
    fn finish(mut self) {
        self.files.set(Faults::default());
        self.next_life();
        self.spool.adopt();
        let mut found = BTreeSet::new();
        while let Some(keys) = self.read(ALL) {
            assert!(keys.is_disjoint(&found));
            found.extend(keys);
        }
        let missing: Vec<&Key> = self.model.certain.difference(&found).collect();
        assert!(missing.len() <= self.model.flips, "missing: {missing:?}");
        for (life, number) in found {
            self.spool.acknowledge(Some(&self.owners[&life]), &[number]).unwrap();
        }
        self.spool.close();
        assert_eq!(self.files.names(), Vec::<PathBuf>::new(), "everything is acknowledged: nothing stays");
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_but_what_is_told(ops in proptest::collection::vec(op(), 0..120), oldest: bool) {
        let when_full = if oldest { WhenFull::DropOldest } else { WhenFull::DropNewest };
        let mut run = Run::new(Options { when_full, ..options(MIB / 2) });
        for op in ops {
            run.step(op);
        }
        run.finish();
    }
}
