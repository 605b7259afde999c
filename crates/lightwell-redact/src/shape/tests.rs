//! The walk of a shape finds what the regular expression of the documentation finds.

use proptest::prelude::*;
use regex::bytes::Regex;

use super::{Piece, Runs, end, pattern};
use crate::table::{RULES, Shape};
use crate::{Level, Redactor, Rule};

fn tokens() -> Vec<(&'static Rule, &'static [Piece])> {
    let pieces = |rule: &'static Rule| match rule.shape {
        Shape::Token(pieces) | Shape::Keyed(pieces) => Some((rule, pieces)),
        _ => None,
    };
    RULES.iter().filter_map(pieces).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_walk_is_its_regular_expression(
        which in 0..tokens().len(),
        lead in "[a-f0-9]{20,64}|[A-Za-z0-9_-]{15,45}|[A-Z2-7]{14,18}",
        tail in "[A-Za-z0-9_.+/=~-]{0,60}|T3BlbkFJ[A-Za-z0-9]{18,22}",
    ) {
        let (_, pieces) = tokens()[which];
        let text = format!("{lead}{tail}");
        let regex = Regex::new(&format!("^(?-u){}", pattern(pieces))).expect("a pattern is a regular expression");
        let found = end(pieces, text.as_bytes(), 0, &mut Runs::default());
        let expected = regex.find(text.as_bytes()).map(|found| found.end());
        let mixed = pieces.iter().any(|piece| matches!(piece, Piece::Mixed(..)));
        if !(mixed && found.is_none()) {
            prop_assert_eq!(found, expected, "{:?} {}", pieces, text);
        }
    }
}

#[test]
fn every_rule_has_a_pattern_and_finds_an_example() {
    for (rule, pieces) in tokens() {
        let example = example(pieces);
        for literal in rule.literals {
            let text = format!("see {literal}{example} there");
            let redacted = Redactor::new(true).text(&text, Level::Light);
            assert!(
                redacted.contains("[REDACTED:") && !redacted.contains(&example),
                "{}: {text} -> {redacted}",
                rule.name
            );
        }
        assert!(!rule.pattern().is_empty() && !rule.what.is_empty());
    }
}

/// A shortest text of this shape.
fn example(pieces: &[Piece]) -> String {
    pieces.iter().fold(String::new(), |text, piece| match *piece {
        Piece::Run(_, least, _) => {
            text + &"a2".repeat(least)[..least].replace('a', if least == 16 { "A" } else { "a" })
        }
        Piece::Mixed(_, least) => text + &"a2".repeat(least)[..least],
        Piece::Text(literal) => text + literal,
        Piece::Maybe(_) | Piece::Dots(_) | Piece::End => text,
    })
}
