//! The commands, one file each.

mod conversations;
mod delete;
mod delivery;
mod keys;
mod serve;
mod show;
mod tail;
mod totals;

use std::future::Future;

use crate::exit::Failure;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    Serve(Box<serve::Serve>),
    Keys(keys::Keys),
    Conversations(conversations::Conversations),
    Show(show::Show),
    Tail(tail::Tail),
    Totals(totals::Totals),
    Delivery(delivery::Delivery),
    Delete(delete::Delete),
}

impl Command {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => command.run(),
            Self::Keys(command) => command.run(),
            Self::Conversations(command) => block_on(command.run()),
            Self::Show(command) => block_on(command.run()),
            Self::Tail(command) => block_on(command.run()),
            Self::Totals(command) => block_on(command.run()),
            Self::Delivery(command) => block_on(command.run()),
            Self::Delete(command) => block_on(command.run()),
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
