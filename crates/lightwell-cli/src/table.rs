//! Tables of text: columns as wide as their widest cell, two spaces apart, nothing after the last.

use crate::paint::{Paint, printable};

/// Where a column's text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table being filled.
pub struct Table {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub fn new(heads: &[(&'static str, Align)]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: one cell a column.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| printable(&cell).replace(['\n', '\t'], " ")).into());
    }

    /// The table as text, heads first.
    pub fn render(&self, paint: Paint) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0).max(self.heads[column].0.chars().count())
        };
        let widths: Vec<_> = (0..self.heads.len()).map(width).collect();
        let heads: Vec<_> = self.heads.iter().map(|(head, _)| (*head).to_owned()).collect();
        let mut text = paint.bold(self.line(&heads, &widths));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
            text.push('\n');
        }
        text
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let aligned =
            cells.iter().zip(widths).zip(&self.heads).map(|((cell, &width), (_, align))| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
        aligned.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

/// The beginning of a text, at most `limit` characters.
pub fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(limit - 1).map_or(0, |(end, _)| end);
            format!("{}…", &text[..end])
        }
    }
}

/// A number with its thousands apart.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Dollars as the page writes them: cents from one dollar up, below that three digits that tell something.
pub fn dollars(amount: f64) -> String {
    if amount == 0.0 {
        return "$0".to_owned();
    }
    if amount.abs() >= 1.0 {
        let text = format!("{amount:.2}");
        let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
        return whole
            .parse()
            .map_or_else(|_| format!("${text}"), |whole| format!("${}.{cents}", thousands(whole)));
    }
    #[expect(clippy::cast_possible_truncation, reason = "from -324 to -1")]
    let zeros = -(amount.abs().log10().floor() as i32);
    let places = usize::try_from(zeros + 2).unwrap_or(2).min(12);
    let text = format!("{amount:.places$}");
    format!("${}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn dollars_show_digits_that_tell_something() {
        let written = [0.0, 0.000_001_23, 0.012_345_6, 0.5, 1.0, 1234.567].map(dollars);
        assert_eq!(written, ["$0", "$0.00000123", "$0.0123", "$0.5", "$1.00", "$1,234.57"]);
    }
}
