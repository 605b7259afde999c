//! Answering: what the store says, in the API's shapes. Nothing here decides anything.

mod conversations;
mod delete;
mod delivery;
mod detail;
mod generation;
mod parameters;
mod parents;
mod records;
mod totals;

pub(crate) use conversations::{__path_conversations, conversations};
pub use conversations::{ConversationItem, ConversationPage};
pub use delete::DeletedBody;
pub(crate) use delete::{
    __path_delete_conversation, __path_delete_records, __path_delete_tenant, delete_conversation,
    delete_records, delete_tenant,
};
pub(crate) use delivery::{__path_delivery, delivery, delivery_sums};
pub use delivery::{DeliveryBody, DeliveryTotals, ProcessDelivery};
pub(crate) use detail::{
    __path_conversation, __path_conversation_alias, __path_generation, conversation, conversation_alias,
    generation,
};
pub(crate) use parameters::Parameters;
pub use records::{ErrorDetail, EventBody, StepBody};
pub use totals::TotalsBody;
pub(crate) use totals::{__path_totals, totals};

use jiff::Timestamp;

/// A moment as the API writes it: UTC with six digits, which is what every SDK's parser reads.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    format!("{moment:.6}")
}
