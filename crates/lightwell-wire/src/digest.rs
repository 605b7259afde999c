//! What a record says, as one hash: the same for records that are equal, whatever bytes they came in.
//!
//! The record is walked through its own `Serialize` and laid out piece by piece: a tag, then the piece, with its length where it has
//! one. That is several times cheaper than to write JSON, since no text is escaped. Pieces are gathered before they are hashed, since
//! BLAKE3 takes many blocks at once only of a long input.
//!
//! Invariant: digests are stored, so what a piece is hashed as never changes. A new field of a record changes no old digest as long
//! as its default is left out when it is written.

use std::fmt;

use lightwell_model::{ContentHash, ContentId};
use serde::ser::{self, Serialize};

/// The digest of all that a record says.
pub fn digest(record: &impl Serialize) -> ContentId {
    let mut digester = Digester { hash: ContentHash::default(), pieces: Vec::with_capacity(GATHERED_BYTES) };
    record.serialize(&mut digester).expect("no record refuses to be walked");
    digester.hash.update(&digester.pieces);
    digester.hash.finish()
}

/// As much as BLAKE3 takes at once on any processor.
const GATHERED_BYTES: usize = 16 * 1024;

struct Digester {
    hash: ContentHash,
    /// What is not hashed yet, less than [`GATHERED_BYTES`].
    pieces: Vec<u8>,
}

impl Digester {
    fn piece(&mut self, tag: u8, bytes: &[u8]) {
        self.number(tag, (bytes.len() as u64).to_le_bytes());
        self.put(bytes);
    }

    fn put(&mut self, mut bytes: &[u8]) {
        while bytes.len() >= GATHERED_BYTES - self.pieces.len() {
            let (first, rest) = bytes.split_at(GATHERED_BYTES - self.pieces.len());
            self.pieces.extend_from_slice(first);
            self.hash.update(&self.pieces);
            self.pieces.clear();
            bytes = rest;
        }
        self.pieces.extend_from_slice(bytes);
    }

    fn number(&mut self, tag: u8, bits: [u8; 8]) {
        self.mark(tag);
        self.put(&bits);
    }

    fn mark(&mut self, tag: u8) {
        self.put(&[tag]);
    }
}

/// One letter a kind of piece.
mod tag {
    pub const NOTHING: u8 = b'0';
    pub const BOOLEAN: u8 = b'b';
    pub const SIGNED: u8 = b'i';
    pub const UNSIGNED: u8 = b'u';
    pub const DOUBLE: u8 = b'd';
    pub const TEXT: u8 = b's';
    pub const BYTES: u8 = b'x';
    pub const NAME: u8 = b'n';
    pub const LIST: u8 = b'[';
    pub const MAP: u8 = b'{';
    pub const END: u8 = b'.';
}

/// The error of a walk that a record itself breaks off; none of ours does.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

impl ser::Error for Broken {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

/// Numbers of all widths are hashed alike: a field may grow without changing what was said.
macro_rules! numbers {
    ($($method:ident($type:ty) as $wide:ty, $tag:ident;)+) => {
        $(fn $method(self, value: $type) -> Result<(), Broken> {
            self.number(tag::$tag, <$wide>::from(value).to_le_bytes());
            Ok(())
        })+
    };
}

impl<'a> ser::Serializer for &'a mut Digester {
    type Ok = ();
    type Error = Broken;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    numbers! {
        serialize_i8(i8) as i64, SIGNED;
        serialize_i16(i16) as i64, SIGNED;
        serialize_i32(i32) as i64, SIGNED;
        serialize_i64(i64) as i64, SIGNED;
        serialize_u8(u8) as u64, UNSIGNED;
        serialize_u16(u16) as u64, UNSIGNED;
        serialize_u32(u32) as u64, UNSIGNED;
        serialize_u64(u64) as u64, UNSIGNED;
        serialize_f32(f32) as f64, DOUBLE;
        serialize_f64(f64) as f64, DOUBLE;
        serialize_char(char) as u64, UNSIGNED;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Broken> {
        self.put(&[tag::BOOLEAN, u8::from(value)]);
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Broken> {
        self.piece(tag::TEXT, text.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Broken> {
        self.piece(tag::BYTES, bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Broken> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Broken> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Broken> {
        self.mark(tag::NOTHING);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Broken> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Broken> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Broken> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Broken> {
        self.piece(tag::NAME, variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Compound<'a>, Broken> {
        Ok(Compound::open(self, tag::LIST))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Compound<'a>, Broken> {
        Ok(Compound::open(self, tag::LIST))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'a>, Broken> {
        Ok(Compound::open(self, tag::LIST))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a>, Broken> {
        self.piece(tag::NAME, variant.as_bytes());
        Ok(Compound::open(self, tag::LIST))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Compound<'a>, Broken> {
        Ok(Compound::open(self, tag::MAP))
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'a>, Broken> {
        Ok(Compound::open(self, tag::MAP))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a>, Broken> {
        self.piece(tag::NAME, variant.as_bytes());
        Ok(Compound::open(self, tag::MAP))
    }
}

/// A list or a map, between its mark and its end.
struct Compound<'a> {
    digester: &'a mut Digester,
}

impl<'a> Compound<'a> {
    fn open(digester: &'a mut Digester, tag: u8) -> Self {
        digester.mark(tag);
        Self { digester }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Broken> {
        value.serialize(&mut *self.digester)
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Broken> {
        self.digester.piece(tag::NAME, name.as_bytes());
        self.element(value)
    }

    fn close(self) -> Result<(), Broken> {
        self.digester.mark(tag::END);
        Ok(())
    }
}

/// The traits of lists differ in the name of one method only.
macro_rules! lists {
    ($($kind:ident::$method:ident),+) => {
        $(impl ser::$kind for Compound<'_> {
            type Ok = ();
            type Error = Broken;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Broken> {
                self.element(value)
            }

            fn end(self) -> Result<(), Broken> {
                self.close()
            }
        })+
    };
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Broken;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Broken> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Broken> {
        self.element(value)
    }

    fn end(self) -> Result<(), Broken> {
        self.close()
    }
}

/// A struct and a variant with named fields are walked alike.
macro_rules! structs {
    ($($kind:ident),+) => {
        $(impl ser::$kind for Compound<'_> {
            type Ok = ();
            type Error = Broken;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Broken> {
                self.member(name, value)
            }

            fn end(self) -> Result<(), Broken> {
                self.close()
            }
        })+
    };
}

structs!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use lightwell_model::{Generation, Message, Part, PartBody, Role};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_has_another_digest() {
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!([[]]),
            json!([null]),
            json!(["a", "b"]),
            json!(["ab"]),
            json!([["a"], "b"]),
            json!({"a": "b"}),
            json!({"a": null}),
            json!(1),
            json!(-1),
            json!(1.5),
            json!("1"),
            json!(true),
        ];
        for (index, one) in values.iter().enumerate() {
            for (other_index, other) in values.iter().enumerate() {
                assert_eq!(digest(one) == digest(other), index == other_index, "{one} {other}");
            }
        }
    }

    #[test]
    fn parts_of_another_kind_have_another_digest() {
        let told = |body: PartBody| {
            let output =
                vec![Message { role: Role::User, name: String::new(), parts: vec![Part::new(body)] }];
            digest(&Generation { output, ..Generation::default() })
        };
        assert_ne!(told(PartBody::Text("a".to_owned())), told(PartBody::Thinking("a".to_owned())));
        assert_eq!(told(PartBody::Text("a".to_owned())), told(PartBody::Text("a".to_owned())));
    }

    #[test]
    fn how_pieces_are_gathered_does_not_show() {
        for length in [0, 1, GATHERED_BYTES - 10, GATHERED_BYTES - 9, GATHERED_BYTES - 8, 5 * GATHERED_BYTES]
        {
            let texts = vec!["x".repeat(length); 3];
            let mut laid_out = vec![tag::LIST];
            for text in &texts {
                laid_out.push(tag::TEXT);
                laid_out.extend((text.len() as u64).to_le_bytes());
                laid_out.extend(text.as_bytes());
            }
            laid_out.push(tag::END);
            assert_eq!(digest(&texts), ContentId::of(&laid_out), "{length}");
        }
    }

    /// Stored digests are compared with new ones for ever.
    #[test]
    fn a_digest_never_changes() {
        let record = Generation {
            id: "g".to_owned(),
            output: vec![Message::text(Role::Assistant, "Käse")],
            metadata: [("n".to_owned(), json!([1, -2, 0.5, null, true]))].into(),
            started_at: "2026-01-02T03:04:05Z".parse().ok(),
            ..Generation::default()
        };
        assert_eq!(digest(&record).to_string(), "ccf4a864b67320b71e1e5bb237f61e18");
    }
}
