//! Topics that are made twice: all checks of a lab share a cluster, and Kafka makes a topic only once.

use std::collections::BTreeMap;

use super::setting_at;
use crate::kinds::ActionSpec;
use crate::lab::error::{Code, LabError};
use crate::lab::resolve::Subject;

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut made: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for draft in subject.drafts {
        let check = &draft.check;
        for (list, actions) in [("do", &check.actions), ("finally", &check.finally)] {
            for (index, action) in actions.iter().enumerate() {
                let ActionSpec::CreateTopic(topic) = &action.spec else { continue };
                let Some(other) = made.insert(&topic.name, &check.id) else { continue };
                let by = if other == check.id { "this check".to_owned() } else { format!("the check `{other}`") };
                let message = format!("the topic `{}` is already made by {by}", topic.name);
                let at = setting_at(draft, list, index, action.spec.word(), "name");
                let help = "every topic needs a name of its own: `$(check.id)-$(run.id)` is one for each check and run";
                found.push(LabError::new(Code::DUPLICATE_TOPIC, message, at).help(help));
            }
        }
    }
    found
}
