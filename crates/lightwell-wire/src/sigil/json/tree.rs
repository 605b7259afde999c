//! Reads anything as a tree: what has no place in a record, and what a record holds as it is.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::json_value::{NESTING_LEVELS, plain_number};
use crate::path::Path;

/// Reads a tree; of members with the same name the last one counts.
#[derive(Clone, Copy)]
pub struct Tree {
    /// How many levels of lists and objects it may have.
    levels: usize,
    spelling: Spelling,
}

/// How numbers are spelt.
#[derive(Clone, Copy)]
enum Spelling {
    AsItCame,
    Plainest,
}

impl Tree {
    /// A tree at this path, as it came.
    pub fn exact(path: &Path<'_>) -> Self {
        Self { levels: NESTING_LEVELS.saturating_sub(path.depth()), spelling: Spelling::AsItCame }
    }

    /// A tree at this path, its numbers in their plainest spelling: `1.0` becomes `1`, as both mean the same to the sender.
    pub fn plain(path: &Path<'_>) -> Self {
        Self { spelling: Spelling::Plainest, ..Self::exact(path) }
    }

    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { levels, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(match self.spelling {
            Spelling::AsItCame => number.into(),
            Spelling::Plainest => plain_number(number),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(element) = access.next_element_seed(inside)? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = access.next_key()? {
            object.insert(name, access.next_value_seed(inside)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_made_alike_where_that_is_asked_for() {
        let text = r#"{"a":[1.0,1,0.5,-3.0,1e20,1152921504606846977],"a":[1.0,-0.0]}"#;
        let read = |tree: Tree| tree.deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
        assert_eq!(read(Tree::exact(&Path::Root)), json!({"a": [1.0, -0.0]}));
        assert_eq!(read(Tree::plain(&Path::Root)).to_string(), r#"{"a":[1,-0.0]}"#);
        let text = text.replace(r#","a":[1.0,-0.0]"#, "");
        let read = Tree::plain(&Path::Root).deserialize(&mut serde_json::Deserializer::from_str(&text));
        assert_eq!(read.unwrap().to_string(), r#"{"a":[1,1,0.5,-3,1e+20,1152921504606846977]}"#);
    }

    #[test]
    fn nesting_has_a_limit_that_counts_where_the_tree_is() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let root = Path::Root;
        for (path, levels) in [(root, NESTING_LEVELS), (root.key("a"), NESTING_LEVELS - 1)] {
            let read =
                |text: &str| Tree::exact(&path).deserialize(&mut serde_json::Deserializer::from_str(text));
            assert!(read(&nested(levels)).is_ok());
            assert!(read(&nested(levels + 1)).is_err());
        }
    }
}
