//! Texts out of rules. `name = text` adds an alternative of a rule, `name ~ words` gives words, the most frequent first. In a text,
//! `«name»` stands for one of the rule's alternatives, `«name*2-5»` for two to five of them, `«hex:8»` for eight random digits and
//! `«number:90»` for a number below 90. `\n` and `\\` stay as they are: the texts are inside JSON strings.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

/// A rule's alternatives.
#[derive(Default)]
struct Rule<'a> {
    alternatives: Vec<&'a str>,
    /// The first ones are taken more often: the nth in proportion to 1/n.
    by_rank: bool,
}

/// Rules by name.
pub struct Grammar<'a> {
    rules: HashMap<&'a str, Rule<'a>>,
}

impl<'a> Grammar<'a> {
    /// Reads rules, one a line.
    pub fn parse(sources: &[&'a str]) -> Result<Self> {
        let mut rules: HashMap<&str, Rule<'_>> = HashMap::new();
        let lines = sources.iter().flat_map(|source| source.lines());
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some((name, text)) = line.split_once(" = ") {
                rules.entry(name).or_default().alternatives.push(text);
            } else if let Some((name, words)) = line.split_once(" ~ ") {
                let rule = rules.entry(name).or_default();
                rule.alternatives.extend(words.split(' '));
                rule.by_rank = true;
            } else {
                bail!("{line:?} is neither `name = text` nor `name ~ words`");
            }
        }
        Ok(Self { rules })
    }

    /// A text of a rule. The same seed gives the same text.
    pub fn text(&self, rule: &str, seed: u64) -> Result<String> {
        let mut text = String::new();
        self.expand(rule, &mut Random(seed), &mut text)?;
        Ok(text)
    }

    fn expand(&self, name: &str, random: &mut Random, to: &mut String) -> Result<()> {
        let rule = self.rules.get(name).with_context(|| format!("there is no rule {name:?}"))?;
        let mut rest = random.choose(rule);
        while let Some((before, after)) = rest.split_once('«') {
            let (slot, after) = after.split_once('»').with_context(|| format!("{rest:?} lacks a »"))?;
            to.push_str(before);
            self.fill(slot, random, to)?;
            rest = after;
        }
        to.push_str(rest);
        Ok(())
    }

    fn fill(&self, slot: &str, random: &mut Random, to: &mut String) -> Result<()> {
        let number = |text: &str| text.parse::<u64>().with_context(|| format!("{slot:?} has no number"));
        if let Some(digits) = slot.strip_prefix("hex:") {
            (0..number(digits)?).for_each(|_| to.push(char::from(b"0123456789abcdef"[random.below(16)])));
        } else if let Some(end) = slot.strip_prefix("number:") {
            to.push_str(&random.below(number(end)? as usize).to_string());
        } else if let Some((name, times)) = slot.split_once('*') {
            let (least, most) = times.split_once('-').with_context(|| format!("{slot:?} has no range"))?;
            let (least, most) = (number(least)?, number(most)?);
            for _ in 0..least + random.below((most - least + 1) as usize) as u64 {
                self.expand(name, random, to)?;
            }
        } else {
            self.expand(slot, random, to)?;
        }
        Ok(())
    }
}

/// SplitMix64: a few lines that give the same numbers for ever.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    fn choose<'a>(&mut self, rule: &Rule<'a>) -> &'a str {
        let count = rule.alternatives.len();
        if !rule.by_rank {
            return rule.alternatives[self.below(count)];
        }
        // Doubling ranges are equally likely: rank r is taken in proportion to 1/r.
        let ranges = usize::BITS - count.leading_zeros();
        let range = self.below(ranges as usize);
        let place = (1 << range) + self.below(1 << range) - 1;
        rule.alternatives[place.min(count - 1)]
    }
}
