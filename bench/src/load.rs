//! Load: batches of realistic calls, made and encoded ahead of the senders, and what they must add up to.

use std::thread::{self, JoinHandle};

use anyhow::anyhow;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use lightwell_wire::sigil::messages::Generation;
use prost::Message;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::agents::Agents;
use crate::measure;
use crate::sigil::{self, Protocol};

/// What is sent.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How.
    pub protocol: Protocol,
    /// Generations.
    pub count: usize,
    /// Over how many days their starts are spread; the last one is yesterday.
    pub days: u64,
    /// Generations a request.
    pub batch: usize,
    /// The same seed sends the same content.
    pub seed: u64,
    /// How many batches are kept to be sent again and compared at the end.
    pub samples: usize,
}

/// A request's body and how many generations it holds.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The body, framed where the protocol wants it.
    pub body: Bytes,
    /// Generations in it.
    pub generations: usize,
}

/// One batch to be sent again, and one of its generations to be compared.
#[derive(Debug)]
pub struct Sample {
    /// The batch.
    pub batch: Batch,
    /// The first generation of it.
    pub first: Generation,
}

/// What all batches of a plan add up to.
#[derive(Debug, Default)]
pub struct Sent {
    /// Bytes of all generations as protobuf, one by one: every message of every history again.
    pub raw_bytes: u64,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// CPU seconds that making and encoding took.
    pub cpu_seconds: f64,
    /// A few batches from everywhere in the run.
    pub samples: Vec<Sample>,
    sums: Sums,
}

#[derive(Debug, Default)]
struct Sums {
    generations: u64,
    errors: u64,
    input_tokens: i64,
    output_tokens: i64,
    total_tokens: i64,
    cache_read_input_tokens: i64,
}

impl Sent {
    /// The members of `GET /api/v1/totals` that must come out.
    pub fn totals(&self) -> Value {
        let sums = &self.sums;
        json!({
            "generations": sums.generations,
            "errors": sums.errors,
            "input_tokens": sums.input_tokens,
            "output_tokens": sums.output_tokens,
            "total_tokens": sums.total_tokens,
            "cache_read_input_tokens": sums.cache_read_input_tokens,
        })
    }

    fn add(&mut self, generation: &Generation) {
        self.raw_bytes += generation.encoded_len() as u64;
        let sums = &mut self.sums;
        sums.generations += 1;
        sums.errors += u64::from(!generation.call_error.is_empty());
        if let Some(usage) = generation.usage {
            sums.input_tokens += usage.input_tokens;
            sums.output_tokens += usage.output_tokens;
            sums.total_tokens += usage.total_tokens;
            sums.cache_read_input_tokens += usage.cache_read_input_tokens;
        }
    }
}

/// Midnight, `days` days before today's.
pub fn days_ago(days: u64) -> Timestamp {
    let now = Timestamp::now();
    let midnight = now.as_second() - now.as_second().rem_euclid(86_400);
    let back = SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or(i64::MAX / 24));
    Timestamp::from_second(midnight).and_then(|midnight| midnight.checked_sub(back)).unwrap_or(now)
}

/// Starts a thread that makes the batches, a few ahead of whoever takes them.
pub fn start(plan: Plan) -> (mpsc::Receiver<Batch>, JoinHandle<anyhow::Result<Sent>>) {
    let (batches, taken) = mpsc::channel(8);
    (taken, thread::spawn(move || produce(&plan, &batches)))
}

fn produce(plan: &Plan, batches: &mpsc::Sender<Batch>) -> anyhow::Result<Sent> {
    let before = measure::cpu_seconds_of("thread-self");
    let per_day = (plan.count as u64).div_ceil(plan.days.max(1));
    let mut agents = Agents::new(plan.seed, days_ago(plan.days), per_day);
    let mut sent = Sent::default();
    let requests = plan.count.div_ceil(plan.batch.max(1));
    let sample_every = requests.div_ceil(plan.samples.max(1)).max(1);
    for request in 0..requests {
        let size = plan.batch.min(plan.count - request * plan.batch);
        let generations: Vec<Generation> = agents.by_ref().take(size).map(sigil::message).collect();
        generations.iter().for_each(|generation| sent.add(generation));
        let body = plan.protocol.encode(&generations)?;
        sent.body_bytes += body.len() as u64;
        let batch = Batch { body, generations: generations.len() };
        if request % sample_every == 0 {
            let first =
                generations.into_iter().next().ok_or_else(|| anyhow!("the agents ran out of time"))?;
            sent.samples.push(Sample { batch: batch.clone(), first });
        }
        batches.blocking_send(batch).map_err(|_| anyhow!("the senders gave up"))?;
    }
    sent.cpu_seconds = measure::cpu_seconds_of("thread-self") - before;
    Ok(sent)
}
