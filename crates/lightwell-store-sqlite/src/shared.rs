//! What a generation shares with others: its content, addressed, and the histories that its messages make.
//!
//! Nearly always the call before has told all of a history but its last messages. Such a history is recognised as a whole, from its
//! end; its messages are carried along as they are, for the file that does not have it yet, and not looked at one by one.

use lightwell_model::{Generation, Message, NodeId, TenantId};

use crate::codec::Encoder;
use crate::memo::{Memo, Said, Source};

/// The content of a generation, and the history after each message.
#[derive(Debug, Default)]
pub struct Shared {
    /// System prompt.
    pub system_prompt: Option<Said>,
    /// Tool set.
    pub tools: Option<Said>,
    /// The first messages, when their history is known.
    known: Vec<Message>,
    /// Their history, unless there are none.
    pub known_node: Option<NodeId>,
    /// The other messages, of input and output.
    pub messages: Vec<Said>,
    /// The history after each of [`Self::messages`].
    pub nodes: Vec<NodeId>,
    /// How many of all messages are input.
    inputs: usize,
}

impl Shared {
    /// Takes the content out of a generation.
    pub fn take(tenant: &TenantId, generation: &mut Generation, memo: &Memo) -> Self {
        let prompt = std::mem::take(&mut generation.system_prompt);
        let tools = std::mem::take(&mut generation.tools);
        let mut input = std::mem::take(&mut generation.input);
        let inputs = input.len();
        let trail = memo.trail(tenant, input.iter().chain(&generation.output));
        let (known, known_node) = (0..inputs)
            .rev()
            .find_map(|place| Some((place + 1, Some(memo.history(trail.fingerprint(place)?)?))))
            .unwrap_or((0, None));
        let rest = input.split_off(known);
        let output = std::mem::take(&mut generation.output);
        let address = |source| memo.address(tenant, source);
        let system_prompt = (!prompt.is_empty()).then(|| address(Source::Text(prompt)));
        let tools = (!tools.is_empty()).then(|| address(Source::Tools(tools)));
        let messages: Vec<Said> =
            rest.into_iter().chain(output).map(|message| address(Source::Message(message))).collect();
        let nodes = chain(known_node.unwrap_or(NodeId::ROOT), &messages);
        for (place, node) in nodes.iter().enumerate() {
            if let Some(fingerprint) = trail.fingerprint(known + place) {
                memo.remember(fingerprint, *node);
            }
        }
        Self { system_prompt, tools, known: input, known_node, messages, nodes, inputs }
    }

    /// Compresses what is new.
    pub fn compress(&mut self, encoder: &mut Encoder) {
        let said = self.messages.iter_mut().chain(&mut self.system_prompt).chain(&mut self.tools);
        said.filter_map(|said| said.packed.as_mut()).for_each(|packed| packed.compress(encoder));
    }

    /// Puts the content back.
    pub fn put(self, generation: &mut Generation) {
        let Self { system_prompt, tools, known, messages, inputs, .. } = self;
        generation.input = known;
        for said in messages.into_iter().chain(system_prompt).chain(tools) {
            match said.source {
                Source::Message(message) if generation.input.len() < inputs => generation.input.push(message),
                Source::Message(message) => generation.output.push(message),
                Source::Text(text) => generation.system_prompt = text,
                Source::Tools(tools) => generation.tools = tools,
            }
        }
    }

    /// How many of [`Self::messages`] are input.
    pub fn inputs(&self) -> usize {
        self.inputs - self.known.len()
    }

    /// All messages one by one, and the history after each, for a file that does not have the known one; how many are input.
    pub fn spelled_out(&self) -> (Vec<Said>, Vec<NodeId>, usize) {
        let known = self.known.iter().map(|message| {
            let source = Source::Message(message.clone());
            Said { id: source.address().id(), source, packed: None }
        });
        let messages: Vec<Said> = known.chain(self.messages.iter().cloned()).collect();
        let nodes = chain(NodeId::ROOT, &messages);
        (messages, nodes, self.inputs)
    }

    /// Roughly what it takes of memory.
    pub fn bytes(&self) -> usize {
        let contents = self.messages.iter().chain(&self.system_prompt).chain(&self.tools);
        let known = self.known.iter().map(Source::message_bytes).sum::<usize>();
        contents.map(|said| said.source.bytes()).sum::<usize>() + known
    }
}

fn chain(from: NodeId, messages: &[Said]) -> Vec<NodeId> {
    let then = |node: &mut NodeId, said: &Said| {
        *node = node.then(said.id);
        Some(*node)
    };
    messages.iter().scan(from, then).collect()
}

#[cfg(test)]
mod tests {
    use lightwell_model::{Role, ToolDefinition};

    use super::*;

    fn generation(texts: &[&str], output: &[&str]) -> Generation {
        let said = |texts: &[&str]| texts.iter().map(|text| Message::text(Role::User, *text)).collect();
        Generation {
            id: "g".to_owned(),
            system_prompt: "be brief".to_owned(),
            tools: vec![ToolDefinition { name: "look".to_owned(), ..ToolDefinition::default() }],
            input: said(texts),
            output: said(output),
            ..Generation::default()
        }
    }

    #[test]
    fn a_known_history_changes_neither_what_is_stored_nor_what_comes_back() {
        let (memo, tenant) = (Memo::new(100), TenantId::default_tenant());
        let calls: [(&[&str], &[&str], usize); 6] = [
            (&["a"], &["b"], 0),
            (&["a", "b", "c"], &["d"], 2),
            (&["a", "b", "c", "d", "e"], &[], 4),
            (&["a", "b", "c"], &["other"], 3),
            (&["a", "b", "c", "other", "e"], &["f"], 4),
            (&[], &["x"], 0),
        ];
        for (input, output, known) in calls {
            let told = generation(input, output);
            let mut head = told.clone();
            let shared = Shared::take(&tenant, &mut head, &memo);
            assert_eq!(shared.known.len(), known, "{input:?}");
            assert_eq!(shared.inputs(), input.len() - known);

            let (messages, nodes, inputs) = shared.spelled_out();
            let ids: Vec<_> = told.input.iter().chain(&told.output).map(|said| said.address().id()).collect();
            assert_eq!(messages.iter().map(|said| said.id).collect::<Vec<_>>(), ids);
            assert_eq!(inputs, input.len());
            assert_eq!(nodes.get(known.wrapping_sub(1)).copied(), shared.known_node);
            assert_eq!(nodes[known..], shared.nodes);

            shared.put(&mut head);
            assert_eq!(head, told);
        }
    }

    #[test]
    fn tenants_do_not_know_the_histories_of_others() {
        let memo = Memo::new(100);
        for tenant in ["a", "b"] {
            let tenant = tenant.parse().unwrap();
            let shared = Shared::take(&tenant, &mut generation(&["a", "b"], &[]), &memo);
            assert_eq!(shared.known_node, None);
        }
    }
}
