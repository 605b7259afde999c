//! Random operations: every answer is that of the in-memory engine.

use std::sync::Arc;

use lightwell_model::{CallError, Generation, Record, TenantId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::{Subject, list, make};
use crate::{Deletion, Filter, MemoryStore, Outcome, Store};

const CASES: u32 = 24;
/// About seven hours: records of one conversation fall on several days, and several on one.
const TICK: i64 = 25_000;

#[derive(Clone, Debug)]
enum Operation {
    Append(Vec<(u8, Shape)>),
    Delete(u8, Target),
    Ask(Filter, usize),
    Reopen,
}

#[derive(Clone, Debug)]
struct Shape {
    kind: u8,
    id: u8,
    conversation: u8,
    tick: i64,
    variant: u8,
    turns: u8,
}

#[derive(Clone, Debug)]
enum Target {
    Conversation(u8),
    Tenant(i64),
    Before(i64),
    AllBefore(i64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let shape = (0..6u8, 0..12u8, 0..5u8, 0..14i64, 0..4u8, 0..4u8).prop_map(
        |(kind, id, conversation, tick, variant, turns)| Shape {
            kind,
            id,
            conversation,
            tick,
            variant,
            turns,
        },
    );
    let target = prop_oneof![
        (0..5u8).prop_map(Target::Conversation),
        (0..8i64).prop_map(Target::Tenant),
        (0..8i64).prop_map(Target::Before),
        (0..8i64).prop_map(Target::AllBefore),
    ];
    prop_oneof![
        10 => vec((0..2u8, shape), 1..6).prop_map(Operation::Append),
        1 => (0..2u8, target).prop_map(|(tenant, target)| Operation::Delete(tenant, target)),
        4 => (filter(), 1..5usize).prop_map(|(filter, limit)| Operation::Ask(filter, limit)),
        1 => Just(Operation::Reopen),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let moment = || prop::option::weighted(0.2, (0..14i64).prop_map(|tick| make::at(tick * TICK)));
    let name = |names: &'static [&'static str]| {
        prop::option::weighted(0.25, prop::sample::select(names).prop_map(str::to_owned))
    };
    let tags = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec![("env".to_owned(), "1".to_owned())]),
        1 => Just(vec![("env".to_owned(), "2".to_owned()), ("id".to_owned(), "3".to_owned())]),
    ];
    let error = prop::option::weighted(0.3, any::<bool>());
    (
        moment(),
        moment(),
        name(&["agent-0", "agent-1", ""]),
        name(&["model-1", "none"]),
        name(&["ada", "grace", ""]),
        error,
        tags,
    )
        .prop_map(|(from, until, agent, model, user, error, tags)| Filter {
            from,
            until,
            agent,
            model,
            provider: None,
            user,
            error,
            tags,
        })
}

impl Shape {
    fn record(&self) -> Record {
        let (id, conversation) = (format!("id-{}", self.id), format!("c{}", self.conversation));
        let seconds = self.tick * TICK;
        match self.kind {
            0 => make::event(&id, &conversation, seconds).into(),
            1 => make::step(&id, &conversation, seconds).into(),
            2 => self.vary(make::start(&format!("half-{}", self.id), &conversation, 3 * TICK)).into(),
            // A response that nobody can tell from its copies: its moment goes with its id.
            3 => make::end(&format!("half-{}", self.id), &conversation, i64::from(self.id) * TICK).into(),
            _ => self.vary(self.whole(&id, &conversation, seconds)).into(),
        }
    }

    fn whole(&self, id: &str, conversation: &str, seconds: i64) -> Generation {
        let mut generation =
            make::instructed(make::generation(&format!("turn-{}", self.variant), conversation, 0));
        for turn in 0..self.turns {
            generation = make::next_turn(&generation, &format!("turn-{turn}"), 0);
        }
        let times = make::generation(id, conversation, seconds);
        Generation {
            id: times.id,
            started_at: times.started_at,
            completed_at: times.completed_at,
            received_at: times.received_at,
            ..generation
        }
    }

    fn vary(&self, mut generation: Generation) -> Generation {
        let variant = self.variant;
        generation.agent.name = if variant == 3 { String::new() } else { format!("agent-{}", variant % 2) };
        generation.model.name = format!("model-{}", variant % 3);
        generation.user_id = ["ada", "grace", ""][usize::from(variant % 3)].to_owned();
        generation.conversation_title =
            if variant == 2 { format!("title {}", self.id) } else { String::new() };
        generation.error = (variant == 1).then(CallError::default);
        generation.tags = [("env", variant), ("id", self.id)]
            .map(|(key, value)| (key.to_owned(), value.to_string()))
            .into();
        generation
    }
}

/// Random appends, deletions, questions and reopenings.
pub async fn answers_are_those_of_the_model(subject: &dyn Subject) {
    let mut runner = TestRunner::new(Config { cases: CASES, ..Config::default() });
    let strategy = vec(operation(), 1..40);
    for case in 0..CASES {
        let tree = strategy.new_tree(&mut runner).expect("operations can be made");
        // Operations are awaited, so shrinking is done here: ever fewer of them, as long as the answers still differ.
        let operations = tree.current();
        if let Err(difference) = run(subject, &operations).await {
            let (operations, difference) = shrink(subject, operations, difference).await;
            panic!("case {case}: {difference}\nafter {operations:#?}");
        }
    }
}

async fn shrink(
    subject: &dyn Subject,
    mut operations: Vec<Operation>,
    mut difference: String,
) -> (Vec<Operation>, String) {
    let mut size = operations.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from + size <= operations.len() {
            let mut fewer = operations.clone();
            fewer.drain(from..from + size);
            match run(subject, &fewer).await {
                Err(still) => (operations, difference) = (fewer, still),
                Ok(()) => from += size,
            }
        }
        size /= 2;
    }
    (operations, difference)
}

async fn run(subject: &dyn Subject, operations: &[Operation]) -> Result<(), String> {
    let mut store = subject.open().await;
    let model = MemoryStore::new();
    for (place, operation) in operations.iter().enumerate() {
        let compared = match operation {
            Operation::Append(records) => append(&*store, &model, records).await,
            Operation::Delete(tenant, target) => delete(&*store, &model, *tenant, target).await,
            Operation::Ask(filter, limit) => ask(&*store, &model, filter, *limit).await,
            Operation::Reopen => {
                store = subject.reopen(store).await;
                Ok(())
            }
        };
        compared.map_err(|difference| format!("operation {place}: {difference}"))?;
    }
    let answered = ask(&*store, &model, &Filter::default(), 4).await;
    store.close().await;
    answered.map_err(|difference| format!("in the end: {difference}"))
}

fn tenant(number: u8) -> TenantId {
    make::tenant(["a", "b"][usize::from(number % 2)])
}

async fn append(store: &dyn Store, model: &MemoryStore, records: &[(u8, Shape)]) -> Result<(), String> {
    for number in 0..2 {
        let of_tenant =
            records.iter().filter(|(tenant, _)| *tenant == number).map(|(_, shape)| shape.record());
        let batch: Vec<Record> = of_tenant.collect();
        let tenant = tenant(number);
        let expected: Vec<Outcome> = super::append(model, &tenant, batch.clone()).await;
        same("outcomes", &super::append(store, &tenant, batch).await, &expected)?;
    }
    Ok(())
}

async fn delete(store: &dyn Store, model: &MemoryStore, number: u8, target: &Target) -> Result<(), String> {
    let deletion = match target {
        Target::Conversation(id) => Deletion::Conversation { tenant: tenant(number), id: format!("c{id}") },
        Target::Tenant(tick) => Deletion::Tenant { tenant: tenant(number), now: make::at(tick * TICK) },
        Target::Before(tick) => {
            Deletion::Before { tenant: Some(tenant(number)), moment: make::at(tick * TICK) }
        }
        Target::AllBefore(tick) => Deletion::Before { tenant: None, moment: make::at(tick * TICK) },
    };
    let expected = model.delete(&deletion).await.expect("the model deletes");
    let deleted = store.delete(&deletion).await.map_err(|error| error.to_string())?;
    same("deleted records", &deleted.records, &expected.records)
}

async fn ask(store: &dyn Store, model: &MemoryStore, filter: &Filter, limit: usize) -> Result<(), String> {
    for number in 0..2 {
        let tenant = tenant(number);
        let expected = list(model, &tenant, filter, limit).await;
        same("list", &list(store, &tenant, filter, limit).await, &expected)?;
        let totals = (store.totals(&tenant, filter).await, model.totals(&tenant, filter).await);
        same("totals", &totals.0.map_err(|error| error.to_string())?, &totals.1.expect("the model adds up"))?;
        for summary in expected {
            let details = (
                store.conversation(&tenant, &summary.id).await,
                model.conversation(&tenant, &summary.id).await,
            );
            let (detail, expected) =
                (details.0.map_err(|error| error.to_string())?, details.1.expect("the model reads"));
            same("conversation", &detail, &expected)?;
            for generation in expected.into_iter().flat_map(|detail| detail.generations) {
                let read =
                    store.generation(&tenant, &generation.id).await.map_err(|error| error.to_string())?;
                same("generation", &read, &Some(generation))?;
            }
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} differ\n     got {found:?}\nexpected {expected:?}"))
    }
}

/// The in-memory engine, as the suite gets at it.
pub struct Memory;

#[async_trait::async_trait]
impl Subject for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new())
    }

    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store
    }
}
