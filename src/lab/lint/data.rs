//! Data sets of one check that hold the same events: then nobody can tell whose event was delivered.

use std::collections::HashMap;

use crate::lab::error::{Code, LabError};
use crate::lab::resolve::{Draft, Subject};

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    subject.drafts.iter().filter_map(|draft| overlap(subject, draft)).collect()
}

fn overlap(subject: &Subject<'_>, draft: &Draft) -> Option<LabError> {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for (name, set) in &draft.check.data {
        for event in set.events.iter() {
            let Some(other) = owners.insert(&event.id, name) else { continue };
            let own = subject.slots.iter().find(|slot| slot.id == draft.check.id).and_then(|slot| slot.node.get("data"));
            let at = [own, subject.root.get("data")].into_iter().flatten().find_map(|data| data.key_span(name));
            let message = format!("the data sets `{other}` and `{name}` of the check `{}` both hold event {}", draft.check.id, event.id);
            let error = LabError::new(Code::BAD_DATA, message, at.unwrap_or_else(|| draft.node.anchor()));
            return Some(error.help("let one go on where the other ends, with `first`"));
        }
    }
    None
}
