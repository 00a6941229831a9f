//! What the labs do for the course: which of its lines they show, and whether it knows them.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use crate::course::Course;
use crate::lab::Lab;

/// The lines that blocks owe whose labs are all there, and that no check of these serves.
pub fn unserved(course: &Course, labs: &[impl Borrow<Lab>]) -> Vec<String> {
    let named = |name: &String| labs.iter().map(Borrow::borrow).find(|lab| lab.name == *name);
    let built = course.blocks().filter(|block| block.labs.iter().all(|lab| named(lab).is_some()));
    built
        .flat_map(|block| {
            let served = |line: &str| {
                let checks = block.labs.iter().filter_map(named).flat_map(|lab| &lab.checks);
                checks.filter_map(|check| check.criterion.as_deref()).any(|criterion| criterion == line)
            };
            block.owed().iter().filter(move |line| !served(line)).cloned().collect::<Vec<_>>()
        })
        .collect()
}

/// The checks that serve no line of the course. One whose line the course does not have is told by lint.
pub fn without_criterion(lab: &Lab) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let without = lab.checks.iter().filter(|check| check.criterion.is_none() && seen.insert(&check.written_id));
    without
        .map(|check| {
            format!("{}: the check `{}` has no `criterion`; name the line of course.yaml that it serves", check.place, check.written_id)
        })
        .collect()
}

/// Whether the course names the lab.
pub fn named(course: &Course, name: &str) -> Option<String> {
    let known = course.blocks().any(|block| block.labs.iter().any(|lab| lab == name));
    (!known).then(|| format!("course.yaml does not name {name}; add it to the `labs` of a block"))
}

/// The labs that the course names more than once.
pub fn named_twice(course: &Course) -> Vec<String> {
    let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
    let all = course.labs();
    all.filter(|lab| !seen.insert(*lab) && told.insert(*lab)).map(|lab| format!("it names {lab} more than once; keep one")).collect()
}
