//! Reads one item of proto-JSON straight into the model: no tree is built of what has a place in a record.
//!
//! An object of the contract is read by its [`Members`], a member by the method of [`Member`] that fits its type. Names are
//! those of the generated schema, in snake_case or camelCase; null means "absent" for every one of them; a member that the
//! schema does not have is kept by its path.
//!
//! Invariant: what a text means depends on no order. Whatever would (a member twice, or in two spellings, or two payloads of a
//! part) is odd, and so is an error: then the item is parsed to a tree, whose members are unique and sorted, and read again
//! from there. That costs what it costs; nearly no item is odd.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use lightwell_model::Unknown;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::member::Member;
use crate::r#gen::schema::MessageSchema;
use crate::item::ItemError;
use crate::json_value::parse;
use crate::path::Path;

/// An object of the contract while it is read.
pub trait Members: Sized {
    /// What it is in the end.
    type Read;
    /// Its fields; no message of the contract has more than 64.
    const SCHEMA: &'static MessageSchema;

    /// An object without members.
    fn empty() -> Self;

    /// Reads the member whose name in the schema is `name`.
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, member: Member<'_, A>) -> Result<(), A::Error>;

    /// Reads a member that the schema does not have.
    fn other<'de, A: MapAccess<'de>>(&mut self, member: Member<'_, A>) -> Result<(), A::Error> {
        member.keep()
    }

    /// The object, all its members read.
    fn finish(self, place: &mut Place<'_>) -> Self::Read;
}

/// Reads an item where a text is being read, and what it has that we do not know; fails where it is odd.
pub fn read_plain<'de, T: Members<Read = T>, D: Deserializer<'de>>(
    name: &'static str,
    text: D,
) -> Result<(T, Unknown), D::Error> {
    let mut reader = Reader::new(name);
    let item = reader.item::<T, _>(text)?;
    if reader.odd { Err(D::Error::custom("")) } else { Ok((item, reader.unknown)) }
}

/// Reads an item, and what it has that we do not know. `name` is what it is called in error texts.
pub fn read<T: Members<Read = T>>(name: &'static str, text: &str) -> Result<(T, Unknown), ItemError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    if let Ok(read) = read_plain::<T, _>(name, &mut deserializer)
        && deserializer.end().is_ok()
    {
        return Ok(read);
    }
    let garbled = |error: serde_json::Error| ItemError::Garbled { format: "JSON", reason: error.to_string() };
    let tree = parse(text).map_err(garbled)?;
    let mut reader = Reader::new(name);
    match reader.item::<T, _>(tree) {
        Ok(item) => Ok((item, reader.unknown)),
        Err(error) => Err(reader.refusal.unwrap_or_else(|| garbled(error))),
    }
}

/// What is found while an item is read.
pub struct Reader {
    item: &'static str,
    unknown: Unknown,
    /// Why the item is refused. The error of serde that goes with it says nothing.
    refusal: Option<ItemError>,
    /// What was read may depend on the order of members.
    odd: bool,
}

impl Reader {
    fn new(item: &'static str) -> Self {
        Self { item, unknown: Unknown::new(), refusal: None, odd: false }
    }

    fn item<'de, T: Members, D: Deserializer<'de>>(&mut self, text: D) -> Result<T::Read, D::Error> {
        let place = Place { reader: self, path: &Path::Root };
        let read = Shaped::<Object<T>>::at(place).deserialize(text)?;
        read.ok_or_else(|| {
            self.refusal = Some(ItemError::Required { field: self.item.to_owned() });
            D::Error::custom("")
        })
    }
}

/// Where in the item we are.
pub struct Place<'r> {
    pub reader: &'r mut Reader,
    pub path: &'r Path<'r>,
}

impl Place<'_> {
    /// The same place, lent.
    pub fn lend(&mut self) -> Place<'_> {
        Place { reader: self.reader, path: self.path }
    }

    /// Keeps a value that we do not know.
    pub fn keep(&mut self, value: Value) {
        if self.reader.unknown.insert(self.path.to_string(), value).is_some() {
            self.odd();
        }
    }

    /// What has been read so far may depend on the order of members.
    pub fn odd(&mut self) {
        self.reader.odd = true;
    }

    /// Refuses the item: this place has a value that it cannot have.
    pub fn invalid<E: serde::de::Error>(self) -> E {
        let field = self.name();
        self.refuse(ItemError::Invalid { field })
    }

    /// Refuses the item: this place has a value of another type.
    pub fn mismatch<E: serde::de::Error>(self, expected: &'static str, found: &'static str) -> E {
        let field = self.name();
        self.refuse(ItemError::Type { field, expected, found })
    }

    fn refuse<E: serde::de::Error>(self, error: ItemError) -> E {
        self.reader.refusal = Some(error);
        E::custom("")
    }

    fn name(&self) -> String {
        match self.path {
            Path::Root => self.reader.item.to_owned(),
            path => format!("{}.{path}", self.reader.item),
        }
    }
}

/// A list or an object, and what it is read as.
pub trait Shape {
    /// What it is read as.
    type Read;
    /// What it is called in error texts.
    const EXPECTED: &'static str;

    /// What null means.
    fn absent() -> Self::Read;

    /// Reads its elements, if it is a list.
    fn elements<'de, A: SeqAccess<'de>>(place: Place<'_>, _: A) -> Result<Self::Read, A::Error> {
        Err(place.mismatch(Self::EXPECTED, "a list"))
    }

    /// Reads its members, if it is an object.
    fn members<'de, A: MapAccess<'de>>(place: Place<'_>, _: A) -> Result<Self::Read, A::Error> {
        Err(place.mismatch(Self::EXPECTED, "an object"))
    }
}

/// Reads what should have this shape.
pub struct Shaped<'r, S> {
    place: Place<'r>,
    shape: PhantomData<S>,
}

impl<'r, S: Shape> Shaped<'r, S> {
    /// At this place.
    pub fn at(place: Place<'r>) -> Self {
        Self { place, shape: PhantomData }
    }

    fn mismatch<E: serde::de::Error>(self, found: &'static str) -> Result<S::Read, E> {
        Err(self.place.mismatch(S::EXPECTED, found))
    }
}

impl<'de, S: Shape> DeserializeSeed<'de> for Shaped<'_, S> {
    type Value = S::Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Read, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape> Visitor<'de> for Shaped<'_, S> {
    type Value = S::Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::EXPECTED)
    }

    fn visit_unit<E>(self) -> Result<S::Read, E> {
        Ok(S::absent())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<S::Read, E> {
        self.mismatch("a boolean")
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<S::Read, E> {
        self.mismatch("a number")
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<S::Read, E> {
        self.mismatch("a number")
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<S::Read, E> {
        self.mismatch("a number")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<S::Read, E> {
        self.mismatch("a string")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<S::Read, A::Error> {
        S::elements(self.place, access)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<S::Read, A::Error> {
        S::members(self.place, access)
    }
}

/// An object of the contract; null is none.
pub struct Object<T>(PhantomData<T>);

impl<T: Members> Shape for Object<T> {
    type Read = Option<T::Read>;
    const EXPECTED: &'static str = "an object";

    fn absent() -> Self::Read {
        None
    }

    fn members<'de, A: MapAccess<'de>>(mut place: Place<'_>, mut access: A) -> Result<Self::Read, A::Error> {
        let mut object = T::empty();
        let mut seen = 0_u64;
        while let Some(name) = access.next_key_seed(Name)? {
            let path = place.path.key(&name);
            let mut here = Place { reader: place.reader, path: &path };
            match position(T::SCHEMA, &name) {
                Some(position) => {
                    let bit = 1 << position;
                    if seen & bit != 0 {
                        here.odd();
                    }
                    seen |= bit;
                    let member = Member { access: &mut access, place: here };
                    object.member(T::SCHEMA.fields[position].name, member)?;
                }
                None => object.other(Member { access: &mut access, place: here })?,
            }
        }
        Ok(Some(object.finish(&mut place)))
    }
}

/// A list of objects of the contract; null is an empty one, and a null in it an object without members.
pub struct List<T>(PhantomData<T>);

impl<T: Members> Shape for List<T> {
    type Read = Vec<T::Read>;
    const EXPECTED: &'static str = "a list";

    fn absent() -> Self::Read {
        Vec::new()
    }

    fn elements<'de, A: SeqAccess<'de>>(place: Place<'_>, mut access: A) -> Result<Self::Read, A::Error> {
        let Place { reader, path } = place;
        let mut list = Vec::new();
        loop {
            let path = path.index(list.len());
            match access.next_element_seed(Shaped::<Object<T>>::at(Place { reader, path: &path }))? {
                Some(Some(element)) => list.push(element),
                Some(None) => list.push(T::empty().finish(&mut Place { reader, path: &path })),
                None => return Ok(list),
            }
        }
    }
}

/// The name of a member, borrowed where no escape is in it.
pub struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(name.into())
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(name.to_owned().into())
    }

    fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
        Ok(name.into())
    }
}

/// Where in the schema the field of this name is.
fn position(schema: &MessageSchema, name: &str) -> Option<usize> {
    let fields = schema.fields;
    let snake = fields.iter().position(|field| field.name == name);
    snake.or_else(|| fields.iter().position(|field| is_camel_case(name, field.name)))
}

/// Whether `name` is what camelCase makes of `field`, which is in snake_case.
fn is_camel_case(name: &str, field: &str) -> bool {
    // Without an underscore both are the same, and compared already.
    if name.len() >= field.len() {
        return false;
    }
    let mut after_underscore = false;
    let camel = field.bytes().filter_map(|byte| {
        let upper = std::mem::replace(&mut after_underscore, byte == b'_');
        (byte != b'_').then(|| if upper { byte.to_ascii_uppercase() } else { byte })
    });
    camel.eq(name.bytes())
}
