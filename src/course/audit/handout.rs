//! What a handout must say: which checks there are, what they are worth, and what the programs find in their environment.

use std::collections::BTreeSet;

use crate::kinds::ActionSpec;
use crate::lab::{Check, Lab};
use crate::outcome::Disclosure;

/// Always set for a program.
const BOOTSTRAP: &str = "KAFKA_BOOTSTRAP_SERVERS";

/// What is wrong with a handout, a sentence each.
pub fn faults(text: &str, lab: &Lab) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    // What is not shown after a run must not be told before it.
    for check in lab.checks.iter().filter(|check| check.disclosure != Disclosure::None && seen.insert(&check.written_id)) {
        let id = &check.written_id;
        if !text.contains(&format!("`{id}`")) {
            found.push(format!("it does not name the check `{id}`; say in a sentence what it does"));
            continue;
        }
        let all: u32 = lab.checks.iter().filter(|other| other.written_id == *id).map(|other| other.points).sum();
        if let Some(said) = points(text, id).filter(|said| *said != check.points && *said != all) {
            found.push(format!("it says that `{id}` is worth {said} points, and it is worth {all}"));
        }
    }
    let missing = variables(lab).into_iter().filter(|name| !has_word(text, name));
    found.extend(missing.map(|name| format!("it does not name {name}, which the programs find in their environment; say what it is")));
    found
}

/// The number that follows the check's id in a table's row.
fn points(text: &str, id: &str) -> Option<u32> {
    let cell = format!("`{id}`");
    let rows = text.lines().filter_map(|line| line.trim().strip_prefix('|'));
    rows.map(|row| row.split('|').map(str::trim))
        .filter(|cells| cells.clone().next() == Some(&cell))
        .find_map(|mut cells| cells.nth(1)?.parse().ok())
}

/// The environment of the lab's programs, beside what is set for every program.
fn variables(lab: &Lab) -> BTreeSet<String> {
    let of_check = |check: &Check| {
        let declared = check.programs.values().flat_map(|program| program.env.keys().cloned()).collect::<Vec<_>>();
        let started = check.actions.iter().flat_map(|action| match &action.spec {
            ActionSpec::Run(run) => run.env.keys().cloned().collect::<Vec<_>>(),
            ActionSpec::Start(start) => start.env.keys().cloned().collect(),
            _ => Vec::new(),
        });
        declared.into_iter().chain(started).collect::<Vec<_>>()
    };
    let own: BTreeSet<String> = lab.checks.iter().flat_map(of_check).collect();
    let programs = lab.checks.iter().any(|check| !check.programs.is_empty());
    own.into_iter().chain(programs.then(|| BOOTSTRAP.to_owned())).collect()
}

/// Whether a name stands in a text on its own, not as a part of another.
fn has_word(text: &str, name: &str) -> bool {
    let part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..).unwrap_or_default());
        !before.ends_with(part) && !after.starts_with(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource};

    const LAB: &str = "
kgrade: 1
lab: relay
title: Relay
programs: { relay: { default: [python, relay.py], env: { SINK_URL: $(sink.url) } } }
checks:
  - id: plain
    title: Plain
    points: 40
    hint: Look.
    do: [ { run: { program: relay, env: { MODE: plain } } } ]
    expect: [ { exited: { instance: relay, codes: [0] } } ]
  - id: each
    title: Each
    points: 20
    hint: Look.
    each: [1, 2]
    do: [ { run: { program: relay } } ]
    expect: [ { exited: { instance: relay, codes: [0] } } ]
  - id: hidden-1
    title: Secret
    points: 20
    hint: Look.
    disclosure: none
    do: [ { run: { program: relay } } ]
    expect: [ { exited: { instance: relay, codes: [0] } } ]
";

    fn found(handout: &str) -> Vec<String> {
        let lab = LabSource::parse("lab.yaml", LAB).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 1 }).unwrap();
        faults(handout, &lab)
    }

    #[test]
    fn a_handout_tells_checks_points_and_environment() {
        let right = "`SINK_URL`, `MODE=plain` and $KAFKA_BOOTSTRAP_SERVERS\n| check | points |\n| `plain` | 40 |\n| `each` | 40 | both |\n";
        assert!(found(right).is_empty());
        assert!(found(&right.replace("`each` | 40", "`each` | 20")).is_empty(), "of one item, or of all");
        assert_eq!(found(&right.replace("`plain` | 40", "`plain` | 30")), ["it says that `plain` is worth 30 points, and it is worth 40"]);
        assert_eq!(
            found("each, `plain`: MODE, SINK_URLS and KAFKA_BOOTSTRAP_SERVERS"),
            [
                "it does not name the check `each`; say in a sentence what it does",
                "it does not name SINK_URL, which the programs find in their environment; say what it is",
            ]
        );
    }
}
