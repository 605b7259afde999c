//! Where in a document we are: costs nothing until it is written out.

use std::fmt;

/// A place in a document, as a chain up to its root.
#[derive(Clone, Copy)]
pub enum Path<'a> {
    /// The document; its name is written only in error texts.
    Root,
    /// A document inside an envelope, such as an event inside its kind.
    Named(&'a str),
    /// A member of an object.
    Key(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The member of this object.
    pub fn key(&'a self, key: &'a str) -> Self {
        Path::Key(self, key)
    }

    /// The element of this list.
    pub fn index(&'a self, index: usize) -> Self {
        Path::Index(self, index)
    }

    /// How many lists and objects this place is inside.
    pub fn depth(&self) -> usize {
        match self {
            Path::Root | Path::Named(_) => 0,
            Path::Key(parent, _) | Path::Index(parent, _) => 1 + parent.depth(),
        }
    }
}

/// `input[0].parts[1].text`
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Named(name) => f.write_str(name),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(parent, key) => write!(f, "{parent}.{key}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_code() {
        let root = Path::Root;
        let input = root.key("input");
        let first = input.index(0);
        assert_eq!(first.key("role").to_string(), "input[0].role");
        assert_eq!((root.depth(), first.depth(), first.key("role").depth()), (0, 2, 3));
        assert_eq!(Path::Named("llm.request").key("payload").to_string(), "llm.request.payload");
    }
}
