//! Taking a generation apart into what is its own and what it shares with others, and putting it together again.

use crate::{Content, ContentId, Generation, Message, NodeId, ToolDefinition};

/// A generation with its content replaced by addresses.
///
/// `head` holds everything but system prompt, tools, input and output. The input is the history from
/// [`NodeId::ROOT`] to `input_head`, the output continues it to `output_head`: the next turn's input then begins with
/// this turn's output.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressedGeneration {
    /// The generation without content.
    pub head: Generation,
    /// The system prompt as UTF-8; none when empty.
    pub system_prompt: Option<Content>,
    /// The tool definitions as JSON; none when there are none.
    pub tools: Option<Content>,
    /// One content a message.
    pub input: Vec<Content>,
    /// One content a message.
    pub output: Vec<Content>,
    /// The history after each input message.
    pub input_nodes: Vec<NodeId>,
    /// The history after each output message.
    pub output_nodes: Vec<NodeId>,
}

impl AddressedGeneration {
    /// The history that was sent.
    pub fn input_head(&self) -> NodeId {
        self.input_nodes.last().copied().unwrap_or(NodeId::ROOT)
    }

    /// The history with what came back.
    pub fn output_head(&self) -> NodeId {
        self.output_nodes.last().copied().unwrap_or_else(|| self.input_head())
    }

    /// What the generation says, for telling a re-sent one from another one of the same id. Fragments and the time
    /// of receipt are not part of it.
    pub fn digest(&self) -> ContentId {
        let mut said = self.head.clone();
        said.fragments.clear();
        let mut bytes = serde_json::to_vec(&said).expect("a generation has string keys only");
        for content in [&self.system_prompt, &self.tools] {
            match content {
                Some(content) => bytes.extend_from_slice(content.id().as_bytes()),
                None => bytes.extend_from_slice(NodeId::ROOT.as_bytes()),
            }
        }
        bytes.extend_from_slice(self.input_head().as_bytes());
        bytes.extend_from_slice(self.output_head().as_bytes());
        ContentId::of(&bytes)
    }

    /// The generation with its content back in place.
    pub fn assemble(self) -> Result<Generation, NotCanonical> {
        let mut generation = self.head;
        generation.system_prompt = match &self.system_prompt {
            Some(content) => String::from_utf8_lossy(content.canonical()).into_owned(),
            None => String::new(),
        };
        generation.tools = match &self.tools {
            Some(content) => ToolDefinition::from_canonical(content.canonical())?,
            None => Vec::new(),
        };
        generation.input = messages(&self.input)?;
        generation.output = messages(&self.output)?;
        Ok(generation)
    }
}

impl Generation {
    /// Takes the generation apart.
    pub fn address(mut self) -> AddressedGeneration {
        let system_prompt = std::mem::take(&mut self.system_prompt);
        let tools = std::mem::take(&mut self.tools);
        let input: Vec<_> = std::mem::take(&mut self.input).iter().map(Message::address).collect();
        let output: Vec<_> = std::mem::take(&mut self.output).iter().map(Message::address).collect();
        let input_nodes = chain(NodeId::ROOT, &input);
        let output_nodes = chain(input_nodes.last().copied().unwrap_or(NodeId::ROOT), &output);
        AddressedGeneration {
            head: self,
            system_prompt: (!system_prompt.is_empty()).then(|| Content::new(system_prompt.into_bytes())),
            tools: (!tools.is_empty()).then(|| ToolDefinition::address(&tools)),
            input,
            output,
            input_nodes,
            output_nodes,
        }
    }
}

impl ToolDefinition {
    /// The canonical bytes of a tool set and their address.
    pub fn address(tools: &[Self]) -> Content {
        Content::new(serde_json::to_vec(tools).expect("a tool definition has string keys only"))
    }

    /// The tool set that canonical bytes stand for.
    pub fn from_canonical(canonical: &[u8]) -> Result<Vec<Self>, NotCanonical> {
        serde_json::from_slice(canonical).map_err(|source| NotCanonical { what: "tool set", source })
    }
}

/// Stored bytes are not what this version writes: the store is damaged, or newer.
#[derive(Debug, thiserror::Error)]
#[error("{what} is not in canonical form")]
pub struct NotCanonical {
    pub(crate) what: &'static str,
    pub(crate) source: serde_json::Error,
}

fn chain(from: NodeId, messages: &[Content]) -> Vec<NodeId> {
    messages
        .iter()
        .scan(from, |node, message| {
            *node = node.then(message.id());
            Some(*node)
        })
        .collect()
}

fn messages(contents: &[Content]) -> Result<Vec<Message>, NotCanonical> {
    contents.iter().map(|content| Message::from_canonical(content.canonical())).collect()
}
