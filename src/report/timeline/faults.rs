//! The lane of the faults that the tap injected.

use std::collections::HashMap;

use super::{Item, Lane, Look, Role, Subject, wire};
use crate::timeline::event::{Name, What};

/// The check's faults; none when there were none.
pub fn lane(subject: &Subject<'_>) -> Option<Lane> {
    let (_, end) = subject.window()?;
    let mut items: Vec<Item> = Vec::new();
    let mut armed: HashMap<Name, usize> = HashMap::new();
    for event in subject.timeline.events() {
        let own = |check: &Name| **check == *subject.check.id;
        match &event.what {
            What::FaultArmed { check, fault, text } if own(check) => {
                armed.insert(fault.clone(), items.len());
                items.push(Item::bar(event.at, end, Look::Armed, &**fault, format!("fault `{fault}`: {text}")));
            }
            What::FaultDisarmed { check, fault } if own(check) => {
                if let Some(item) = armed.remove(fault).and_then(|place| items.get_mut(place)) {
                    item.to = event.at;
                }
            }
            What::FaultUsed { check, fault, connection, correlation, did } if own(check) => {
                let api = correlation.and_then(|correlation| wire::request(subject, *connection, correlation, event.at));
                let what = api.map_or_else(String::new, |api| format!(" ({api})"));
                items.push(Item::point(event.at, Look::Used, &**fault, format!("fault `{fault}`: {}{what}", wire::done(*did))));
            }
            _ => {}
        }
    }
    let about = "faults that the grader injected between program and broker".to_owned();
    (!items.is_empty()).then(|| Lane { name: "faults".to_owned(), about, role: Role::Faults, items, more: 0, marked: false })
}
