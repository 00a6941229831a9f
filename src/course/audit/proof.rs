//! Whether there are programs to prove a lab: a right one, and for each check one that fails it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::course::conform::Wanted;
use crate::course::fixtures::{Program, Role};
use crate::lab::Lab;

/// What is missing among a lab's programs, a sentence each; `folder` is where they should be.
pub fn faults(folder: &Path, lab: &Lab, programs: &[(Program, Wanted)]) -> Vec<String> {
    let shown = folder.display();
    let mut found = Vec::new();
    if programs.iter().all(|(program, _)| program.role != Role::Solution) {
        found.push(format!("{shown}: there is no solution; a lab without a right program is a guess"));
    }
    let mut seen = BTreeSet::new();
    let unproven = lab.checks.iter().filter(|check| seen.insert(&check.written_id)).filter(|check| {
        let items: Vec<&String> = lab.checks.iter().filter(|item| item.written_id == check.written_id).map(|item| &item.id).collect();
        !programs.iter().any(|(_, wanted)| matches!(wanted, Wanted::Wrong(expect) if expect.fails.iter().any(|id| items.contains(&id))))
    });
    found.extend(unproven.map(|check| {
        format!("{shown}/mistakes: no mistake fails the check `{}`; add a wrong program that does, with its expect.yaml", check.written_id)
    }));
    found
}
