//! Reads one member of an object, by what it should hold.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use lightwell_model::{ExactBytes, Tags};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::read::{List, Members, Object, Place, Shape, Shaped};
use super::tree::Tree;
use crate::json_value::{base64, integer_of_number, integer_of_text};
use crate::path::Path;
use crate::timestamp;

/// A member whose value has not been read yet.
pub struct Member<'r, A> {
    pub access: &'r mut A,
    pub place: Place<'r>,
}

impl<'de, A: MapAccess<'de>> Member<'_, A> {
    /// A string; empty when absent.
    pub fn text(self) -> Result<String, A::Error> {
        self.leaf("a string", text)
    }

    /// A string that may be absent.
    pub fn optional_text(self) -> Result<Option<String>, A::Error> {
        self.leaf("a string", |scalar| match scalar {
            Scalar::Null => Ok(None),
            other => text(other).map(Some),
        })
    }

    /// A boolean.
    pub fn boolean(self) -> Result<Option<bool>, A::Error> {
        self.leaf("a boolean", |scalar| match scalar {
            Scalar::Null => Ok(None),
            Scalar::Boolean(value) => Ok(Some(value)),
            other => Err(other.of_another_type()),
        })
    }

    /// A whole number, as a number or as text.
    pub fn int64(self) -> Result<Option<i64>, A::Error> {
        self.leaf("a whole number", |scalar| match &scalar {
            Scalar::Null => Ok(None),
            other => other.integer().map(Some).ok_or_else(|| other.of_another_type()),
        })
    }

    /// A double, as a number or as text, `NaN` and `Infinity` included.
    pub fn double(self) -> Result<Option<f64>, A::Error> {
        self.leaf("a number", |scalar| {
            let number = match &scalar {
                Scalar::Null => return Ok(None),
                Scalar::Number(number) => number.as_f64(),
                Scalar::Text(text) => text.trim().parse().ok(),
                Scalar::Boolean(_) => None,
            };
            number.map(Some).ok_or_else(|| scalar.of_another_type())
        })
    }

    /// Bytes, as base64 text.
    pub fn bytes(self) -> Result<ExactBytes, A::Error> {
        self.leaf("a string", |scalar| match scalar {
            Scalar::Null => Ok(ExactBytes::default()),
            Scalar::Text(text) => base64(&text).map(ExactBytes::from).ok_or(Wrong::NotBase64),
            other => Err(other.of_another_type()),
        })
    }

    /// A moment in RFC 3339.
    pub fn time(self) -> Result<Option<Timestamp>, A::Error> {
        self.leaf("a string", |scalar| match scalar {
            Scalar::Null => Ok(None),
            Scalar::Text(text) if text.is_empty() => Ok(None),
            Scalar::Text(text) => timestamp::parse(&text).map(Some).ok_or(Wrong::Value),
            other => Err(other.of_another_type()),
        })
    }

    /// What an enum's value means: `read` takes it in lower case without its prefix, or as a number in decimal.
    pub fn enumeration<T>(self, prefix: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, A::Error> {
        self.leaf(ENUM, |scalar| read(&scalar.enumeration(prefix)?).ok_or(Wrong::Value))
    }

    /// The same; a value that `read` does not know is kept as unknown.
    pub fn enumeration_or_keep<T>(
        mut self,
        prefix: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, A::Error> {
        let place = self.place.lend();
        let told = self.access.next_value_seed(Leaf {
            place,
            expected: ENUM,
            read: |scalar: Scalar<'de>| match read(&scalar.enumeration(prefix)?) {
                Some(known) => Ok(Ok(known)),
                None => Ok(Err(scalar.into())),
            },
        })?;
        Ok(told.map_err(|unknown| self.place.keep(unknown)).ok())
    }

    /// Labels: an object of strings.
    pub fn tags(self) -> Result<Tags, A::Error> {
        self.shaped::<Labels>()
    }

    /// An object of anything, its numbers in their plainest spelling.
    pub fn structure<T: Default + Extend<(String, Value)>>(self) -> Result<Option<T>, A::Error> {
        self.shaped::<Structure<T>>()
    }

    /// An object of the contract; one without members when absent.
    pub fn object<T: Members>(mut self) -> Result<T::Read, A::Error> {
        let read = self.access.next_value_seed(Shaped::<Object<T>>::at(self.place.lend()))?;
        Ok(read.unwrap_or_else(|| T::empty().finish(&mut self.place)))
    }

    /// An object of the contract that may be absent.
    pub fn optional_object<T: Members>(self) -> Result<Option<T::Read>, A::Error> {
        self.shaped::<Object<T>>()
    }

    /// A list of objects of the contract.
    pub fn list<T: Members>(self) -> Result<Vec<T::Read>, A::Error> {
        self.shaped::<List<T>>()
    }

    /// A list of strings.
    pub fn texts(self) -> Result<Vec<String>, A::Error> {
        self.shaped::<Texts>()
    }

    /// Anything, as it came.
    pub fn tree(&mut self) -> Result<Value, A::Error> {
        self.access.next_value_seed(Tree::exact(self.place.path))
    }

    /// Keeps the member as unknown.
    pub fn keep(mut self) -> Result<(), A::Error> {
        let tree = self.tree()?;
        self.place.keep(tree);
        Ok(())
    }

    /// The member's name as it was sent.
    pub fn name(&self) -> &str {
        match self.place.path {
            Path::Key(_, name) => name,
            _ => "",
        }
    }

    fn shaped<S: Shape>(self) -> Result<S::Read, A::Error> {
        self.access.next_value_seed(Shaped::<S>::at(self.place))
    }

    fn leaf<T>(
        self,
        expected: &'static str,
        read: impl FnOnce(Scalar<'de>) -> Result<T, Wrong>,
    ) -> Result<T, A::Error> {
        self.access.next_value_seed(Leaf { place: self.place, expected, read })
    }
}

const ENUM: &str = "an enum's name or number";

/// A value without members or elements.
enum Scalar<'de> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Cow<'de, str>),
}

/// Why a scalar is not what it should be.
enum Wrong {
    /// It is of another type.
    Type { found: &'static str },
    /// It is text, and not base64.
    NotBase64,
    /// No such value can be.
    Value,
}

impl Scalar<'_> {
    fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => integer_of_number(number),
            Self::Text(text) => integer_of_text(text),
            Self::Null | Self::Boolean(_) => None,
        }
    }

    fn enumeration(&self, prefix: &str) -> Result<String, Wrong> {
        match self {
            Self::Null => Ok(String::new()),
            Self::Text(name) => {
                let name = name.trim();
                Ok(name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase())
            }
            Self::Number(_) | Self::Boolean(_) => {
                let number = self.integer().ok_or_else(|| self.of_another_type())?;
                Ok(number.to_string())
            }
        }
    }

    fn of_another_type(&self) -> Wrong {
        let found = match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
        };
        Wrong::Type { found }
    }
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Boolean(value) => Self::Bool(value),
            Scalar::Number(number) => Self::Number(number),
            Scalar::Text(text) => Self::String(text.into_owned()),
        }
    }
}

fn text(scalar: Scalar<'_>) -> Result<String, Wrong> {
    match scalar {
        Scalar::Null => Ok(String::new()),
        Scalar::Text(text) => Ok(text.into_owned()),
        other => Err(other.of_another_type()),
    }
}

/// Reads a scalar and what it means.
struct Leaf<'r, F> {
    place: Place<'r>,
    expected: &'static str,
    read: F,
}

impl<F> Leaf<'_, F> {
    fn take<'de, T, E: serde::de::Error>(self, scalar: Scalar<'de>) -> Result<T, E>
    where
        F: FnOnce(Scalar<'de>) -> Result<T, Wrong>,
    {
        (self.read)(scalar).map_err(|wrong| match wrong {
            Wrong::Type { found } => self.place.mismatch(self.expected, found),
            Wrong::NotBase64 => self.place.mismatch("base64 text", "another string"),
            Wrong::Value => self.place.invalid(),
        })
    }
}

impl<'de, T, F: FnOnce(Scalar<'de>) -> Result<T, Wrong>> DeserializeSeed<'de> for Leaf<'_, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnOnce(Scalar<'de>) -> Result<T, Wrong>> Visitor<'de> for Leaf<'_, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<T, E> {
        self.take(Scalar::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<T, E> {
        self.take(Scalar::Boolean(value))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        self.take(Scalar::Number(number.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.take(Scalar::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
        self.take(Number::from_f64(number).map_or(Scalar::Null, Scalar::Number))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<T, E> {
        self.take(Scalar::Text(text.into()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        self.take(Scalar::Text(text.to_owned().into()))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<T, E> {
        self.take(Scalar::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<T, A::Error> {
        Err(self.place.mismatch(self.expected, "a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<T, A::Error> {
        Err(self.place.mismatch(self.expected, "an object"))
    }
}

/// A list of strings.
struct Texts;

impl Shape for Texts {
    type Read = Vec<String>;
    const EXPECTED: &'static str = "a list";

    fn absent() -> Self::Read {
        Vec::new()
    }

    fn elements<'de, A: SeqAccess<'de>>(place: Place<'_>, mut access: A) -> Result<Self::Read, A::Error> {
        let Place { reader, path } = place;
        let mut list = Vec::new();
        loop {
            let path = path.index(list.len());
            let place = Place { reader, path: &path };
            match access.next_element_seed(Leaf { place, expected: "a string", read: text })? {
                Some(text) => list.push(text),
                None => return Ok(list),
            }
        }
    }
}

/// An object of strings.
struct Labels;

impl Shape for Labels {
    type Read = Tags;
    const EXPECTED: &'static str = "an object";

    fn absent() -> Self::Read {
        Tags::new()
    }

    fn members<'de, A: MapAccess<'de>>(place: Place<'_>, mut access: A) -> Result<Self::Read, A::Error> {
        let Place { reader, path } = place;
        let mut labels = Tags::new();
        while let Some(name) = access.next_key::<String>()? {
            let path = path.key(&name);
            let place = Place { reader, path: &path };
            let label = access.next_value_seed(Leaf { place, expected: "a string", read: text })?;
            labels.insert(name, label);
        }
        Ok(labels)
    }
}

/// An object of anything, its numbers in their plainest spelling; null is none.
struct Structure<T>(PhantomData<T>);

impl<T: Default + Extend<(String, Value)>> Shape for Structure<T> {
    type Read = Option<T>;
    const EXPECTED: &'static str = "an object";

    fn absent() -> Self::Read {
        None
    }

    fn members<'de, A: MapAccess<'de>>(place: Place<'_>, mut access: A) -> Result<Self::Read, A::Error> {
        let mut structure = T::default();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Tree::plain(&place.path.key(&name)))?;
            structure.extend([(name, value)]);
        }
        Ok(Some(structure))
    }
}
