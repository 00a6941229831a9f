//! The faults that are there against those that were reported.

use super::fault::Fault;
use super::reported::Reported;

/// What does not fit.
pub struct Compared<'a> {
    /// Faults that were not reported, with what comes nearest to it in words.
    pub missing: Vec<(&'a Fault, String)>,
    /// Findings that are no fault. One that names a fault without its whole place is none: it is what is missing.
    pub alarms: Vec<&'a Reported>,
}

impl<'a> Compared<'a> {
    /// Everything fits.
    pub fn is_right(&self) -> bool {
        self.missing.is_empty() && self.alarms.is_empty()
    }

    /// The same without what is about these topics.
    pub fn outside(&self, left_out: impl Fn(&str) -> bool) -> Self {
        let missing = self.missing.iter().filter(|(fault, _)| !left_out(&fault.topic)).cloned().collect();
        let alarms = self.alarms.iter().copied().filter(|alarm| !alarm.topic.as_deref().is_some_and(&left_out)).collect();
        Self { missing, alarms }
    }
}

/// Compares both as sets, each fault by the fields of its place.
pub fn compare<'a>(faults: &'a [Fault], reported: &'a [Reported]) -> Compared<'a> {
    let missing = faults.iter().filter(|fault| !reported.iter().any(|one| is(one, fault))).map(|fault| (fault, nearest(fault, reported)));
    let mut alarms: Vec<&Reported> = Vec::new();
    for one in reported.iter().filter(|one| !faults.iter().any(|fault| is(one, fault) || is_vague(one, fault))) {
        if !alarms.contains(&one) {
            alarms.push(one);
        }
    }
    Compared { missing: missing.collect(), alarms }
}

/// Whether a finding names this fault with its place.
fn is(one: &Reported, fault: &Fault) -> bool {
    one.problem == fault.problem
        && one.topic.as_ref() == Some(&fault.topic)
        && fault.partition.is_none_or(|partition| one.partition == Some(partition.into()))
        && (fault.group.is_none() || one.group == fault.group)
}

/// Whether a finding says nothing about this fault that is wrong, but too little.
fn is_vague(one: &Reported, fault: &Fault) -> bool {
    one.problem == fault.problem
        && one.topic.as_ref().is_none_or(|topic| *topic == fault.topic)
        && fault.partition.is_none_or(|partition| one.partition.is_none_or(|seen| seen == i64::from(partition)))
        && (fault.group.is_none() || one.group.is_none() || one.group == fault.group)
}

/// What was reported instead of a fault.
fn nearest(fault: &Fault, reported: &[Reported]) -> String {
    let same = |one: &&Reported| one.topic.as_ref() == Some(&fault.topic) && (fault.group.is_none() || one.group.is_none() || one.group == fault.group);
    if let Some(vague) = reported.iter().find(|one| is_vague(one, fault)) {
        let lacks = [
            (vague.topic.is_none(), "topic"),
            (fault.partition.is_some() && vague.partition.is_none(), "partition"),
            (fault.group.is_some() && vague.group.is_none(), "group"),
        ];
        let lacks: Vec<&str> = lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, field)| field).collect();
        return format!("reported without its {}", lacks.join(" and "));
    }
    if let Some(other) = reported.iter().find(|one| one.problem == fault.problem && same(one)) {
        return format!("reported in another place: {other}");
    }
    let instead = reported.iter().find(|one| same(one) && fault.partition.is_none_or(|partition| one.partition.is_none_or(|seen| seen == i64::from(partition))));
    match instead {
        Some(one) => format!("reported as {}", one.problem.name()),
        None => "not reported".to_owned(),
    }
}
