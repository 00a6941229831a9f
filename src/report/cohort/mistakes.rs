//! The commonest mistakes: failures of one check that say the same but for numbers.

use indexmap::IndexMap;

use super::{Cohort, Entry};
use crate::outcome::Verdict;

/// A mistake that somebody made.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake<'a> {
    /// The check that shows it.
    pub check: &'a str,
    /// The check's title.
    pub title: &'a str,
    /// What it says, in the words of the first who made it.
    pub says: &'a str,
    /// What it probably means.
    pub cause: Option<&'a str>,
    /// Who made it, in the cohort's order.
    pub by: Vec<&'a Entry>,
}

/// The mistakes, the commonest first.
pub fn mistakes(cohort: &Cohort) -> Vec<Mistake<'_>> {
    let mut found: IndexMap<(&str, String), Mistake<'_>> = IndexMap::new();
    for (entry, graded) in cohort.graded() {
        for check in graded.checks.iter().filter(|check| check.verdict == Verdict::Failed) {
            let shape = masked(check.cause.as_deref().unwrap_or(&check.message));
            let new = || Mistake { check: &check.id, title: &check.title, says: &check.message, cause: check.cause.as_deref(), by: Vec::new() };
            let mistake = found.entry((&check.id, shape)).or_insert_with(new);
            mistake.by.push(entry);
        }
    }
    let mut mistakes: Vec<_> = found.into_values().collect();
    // Stable: those that are equally common stay in the order of the checks.
    mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.by.len()));
    mistakes
}

/// A text with everything masked that differs between two learners with one mistake: numbers, and random ids.
pub fn masked(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.len() - rest.trim_start_matches(|sign: char| sign.is_alphanumeric()).len();
        let (piece, after) = rest.split_at(word.max(first.len_utf8()));
        let digits = piece.chars().filter(char::is_ascii_digit).count();
        let random = digits > 0 && (digits == piece.len() || piece.len() >= 6);
        if random { shape.push('#') } else { shape.extend(piece.chars().map(|sign| if sign.is_ascii_digit() { '#' } else { sign })) }
        rest = after;
    }
    // 3 of 1,000 and 12 of 900 are alike.
    for separator in ["#,#", "#.#", "##"] {
        while shape.contains(separator) {
            shape = shape.replace(separator, "#");
        }
    }
    shape
}
