//! One attempt over the network: a body goes out, a [`Reply`] comes back. Judging it is not done here.
//!
//! Invariants: everything runs on the thread that calls, name lookups included; nothing is opened before the first send.

mod compress;
mod grpc;
mod http;
mod probe;
mod resolve;
mod retry_after;
mod sockets;
mod tls;

use bytes::Bytes;
use std::error::Error;

use crate::encoding::Encoding;
use crate::settings::Settings;
use crate::verdict::Reply;

pub(crate) use self::grpc::GrpcTarget;
pub(crate) use self::http::HttpTarget;
pub use self::probe::Probe;
pub use self::sockets::take_inherited_connections;

/// What came back, and whether the server keeps what the request told of its sender.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) keeps_account: bool,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, keeps_account: false }
    }
}

/// Where a pipeline sends, checked at construction.
#[derive(Debug)]
pub(crate) enum Target {
    /// Accepts and forgets.
    Discard,
    Http(HttpTarget),
    Grpc(GrpcTarget),
}

/// An opened [`Target`].
pub(crate) enum Transport {
    Discard,
    Http(http::HttpSender),
    Grpc(Box<grpc::GrpcSender>),
    Unusable(String),
}

impl Transport {
    /// Must be called inside the delivery thread's runtime. Never connects.
    pub(crate) fn open(target: &Target, settings: &Settings) -> Self {
        match target {
            Target::Discard => Self::Discard,
            Target::Http(target) => match http::HttpSender::open(target, settings) {
                Ok(sender) => Self::Http(sender),
                Err(error) => Self::Unusable(describe(&error)),
            },
            Target::Grpc(target) => Self::Grpc(Box::new(grpc::GrpcSender::open(target.clone(), settings))),
        }
    }

    /// One attempt. `report` is what the process tells of itself; see [`lightwell_wire::delivery`].
    pub(crate) async fn send(
        &self,
        lane: usize,
        encoding: &dyn Encoding,
        body: Bytes,
        report: &str,
    ) -> Answer {
        match self {
            Self::Discard => {
                Reply::Http { status: 200, retry_after: None, results: None, detail: String::new() }.into()
            }
            Self::Http(sender) => sender.send(lane, encoding, body, report).await,
            Self::Grpc(sender) => sender.send(lane, encoding, body, report).await,
            Self::Unusable(why) => Reply::Unusable { why: why.clone() }.into(),
        }
    }
}

/// An error with its causes, outermost first, each said once.
fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}
