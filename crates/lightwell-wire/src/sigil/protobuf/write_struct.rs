//! A `google.protobuf.Struct` written as its values come, with no tree built first.

use super::write::{Open, Writer};

/// Members of `google.protobuf.Value`.
const NULL: u32 = 1;
const NUMBER: u32 = 2;
const STRING: u32 = 3;
const BOOL: u32 = 4;
const STRUCT: u32 = 5;
const LIST: u32 = 6;
/// The entries of a `Struct` and the values of a `ListValue`.
const ENTRIES: u32 = 1;
const ENTRY_KEY: u32 = 1;
const ENTRY_VALUE: u32 = 2;

enum Level {
    /// Inside an object; the entry whose value comes next.
    Object(Option<Open>),
    List,
}

/// Writes values into a message whose one field is a `Struct`: an object, or anything else under the key `value`.
///
/// Every value inside an object is preceded by its [`StructWriter::key`]; what is opened is closed.
pub struct StructWriter<'w> {
    out: &'w mut Writer,
    levels: Vec<(Level, Opened)>,
    /// The outermost message.
    root: Option<Open>,
    number: u32,
}

/// The messages that a container stands in, innermost last.
struct Opened {
    entry: Option<Open>,
    value: Option<Open>,
    content: Open,
}

impl<'w> StructWriter<'w> {
    /// Writes the `Struct` as field `number`.
    pub fn new(out: &'w mut Writer, number: u32) -> Self {
        Self { out, levels: Vec::new(), root: None, number }
    }

    /// Null.
    pub fn null(&mut self) {
        self.scalar(|out| out.present_int(NULL, 0));
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) {
        self.scalar(|out| out.present_flag(BOOL, value));
    }

    /// A number.
    pub fn number(&mut self, value: f64) {
        self.scalar(|out| out.present_double(NUMBER, value));
    }

    /// A text.
    pub fn string(&mut self, value: &str) {
        self.scalar(|out| out.present_string(STRING, value));
    }

    /// The key of the value that comes next.
    pub fn key(&mut self, key: &str) {
        if let Some((Level::Object(entry), _)) = self.levels.last_mut() {
            let open = self.out.open(ENTRIES);
            self.out.string(ENTRY_KEY, key);
            *entry = Some(open);
        }
    }

    /// Begins an object.
    pub fn open_object(&mut self) {
        if self.levels.is_empty() && self.root.is_none() {
            let content = self.out.open(self.number);
            self.levels.push((Level::Object(None), Opened { entry: None, value: None, content }));
            return;
        }
        let (entry, value) = self.begin();
        let content = self.out.open(STRUCT);
        self.levels.push((Level::Object(None), Opened { entry, value: Some(value), content }));
    }

    /// Begins a list.
    pub fn open_list(&mut self) {
        let (entry, value) = self.begin();
        let content = self.out.open(LIST);
        self.levels.push((Level::List, Opened { entry, value: Some(value), content }));
    }

    /// Ends the innermost object or list.
    pub fn close(&mut self) {
        let Some((_, opened)) = self.levels.pop() else { return };
        self.out.close(opened.content);
        if let Some(value) = opened.value {
            self.end(opened.entry, value);
        }
    }

    fn scalar(&mut self, write: impl FnOnce(&mut Writer)) {
        let (entry, value) = self.begin();
        write(self.out);
        self.end(entry, value);
    }

    /// Opens the `Value` that comes next, and what must stand around it.
    fn begin(&mut self) -> (Option<Open>, Open) {
        match self.levels.last_mut() {
            Some((Level::List, _)) => (None, self.out.open(ENTRIES)),
            Some((Level::Object(entry), _)) => (entry.take(), self.out.open(ENTRY_VALUE)),
            None => {
                self.root = Some(self.out.open(self.number));
                let entry = self.out.open(ENTRIES);
                self.out.string(ENTRY_KEY, "value");
                (Some(entry), self.out.open(ENTRY_VALUE))
            }
        }
    }

    fn end(&mut self, entry: Option<Open>, value: Open) {
        self.out.close(value);
        if let Some(entry) = entry {
            self.out.close(entry);
        }
        if self.levels.is_empty()
            && let Some(root) = self.root.take()
        {
            self.out.close(root);
        }
    }
}
