//! `--only`: checks by id, by tag, or by their place in the lab's file.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lab::{Check, Lab, suggestion};

/// Why nothing can be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A word that is neither an id nor a tag: the command line is wrong.
    #[error("there is no check and no tag `{word}` in {lab}{}", advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        word: String,
        /// The lab.
        lab: String,
        /// The nearest name, or all names.
        advice: Option<String>,
    },
    /// No check stands at a line.
    #[error("no check stands at {place} in {lab}; `kgrade list {lab}` shows where they stand")]
    NothingThere {
        /// What was asked for.
        place: String,
        /// The lab.
        lab: String,
    },
}

/// The checks that `only` names, in the order of the lab, with all that they rest on; all checks when `only` is empty.
///
/// A word is a check's id, with or without its item (`durable`, `durable[lost ack]`), a tag, or `FILE:LINE`. A check rests on those that it needs, and,
/// if it has `given`, on those that it comes after: what it looks at is made there. So it is with those whose programs it looks at.
///
/// # Errors
/// When a word selects nothing.
pub fn select(lab: &Lab, only: &[String]) -> Result<Vec<Arc<Check>>, SelectError> {
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    if only.is_empty() {
        chosen.extend(0..lab.checks.len());
    }
    for word in only {
        chosen.extend(named(lab, word)?);
    }
    let mut waiting: Vec<usize> = chosen.iter().copied().collect();
    while let Some(check) = waiting.pop().and_then(|index| lab.checks.get(index)) {
        let soft: &[String] = if check.given.is_empty() { &[] } else { &check.after };
        let watched: Vec<String> = check.looks_at().filter_map(|instance| Some(instance.split_once('/')?.0.to_owned())).collect();
        let ids = check.needs.iter().chain(soft).chain(&watched);
        let before = ids.filter_map(|id| lab.checks.iter().position(|other| other.id == *id));
        waiting.extend(before.filter(|index| chosen.insert(*index)));
    }
    Ok(chosen.into_iter().filter_map(|index| lab.checks.get(index)).cloned().map(Arc::new).collect())
}

fn named(lab: &Lab, word: &str) -> Result<Vec<usize>, SelectError> {
    let matching = |test: &dyn Fn(&Check) -> bool| -> Vec<usize> {
        lab.checks.iter().enumerate().filter(|(_, check)| test(check)).map(|(index, _)| index).collect()
    };
    let place = word.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
    if let Some((file, line)) = place {
        let found = matching(&|check| is_file(&check.place.file, file) && (check.place.line..=check.last_line).contains(&line));
        if found.is_empty() {
            return Err(SelectError::NothingThere { place: word.to_owned(), lab: lab.name.clone() });
        }
        return Ok(found);
    }
    let found = matching(&|check| check.id == word || check.written_id == word || check.tags.iter().any(|tag| tag == word));
    if found.is_empty() {
        let known: BTreeSet<&str> =
            lab.checks.iter().flat_map(|check| std::iter::once(&check.written_id).chain(&check.tags)).map(String::as_str).collect();
        return Err(SelectError::Unknown { word: word.to_owned(), lab: lab.name.clone(), advice: suggestion::advice(word, known) });
    }
    Ok(found)
}

/// True when `asked` is the file, or the end of its path: `lab.yaml:20` is enough.
fn is_file(file: &str, asked: &str) -> bool {
    std::path::Path::new(file).ends_with(asked.trim_start_matches("./"))
}
