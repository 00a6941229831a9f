//! The lane of the grader: what the check did, in the author's words.

use super::{Item, Lane, Look, Role, Subject};
use crate::kinds::ActionSpec;
use crate::timeline::event::What;

/// The check's actions; none when it only looks.
pub fn lane(subject: &Subject<'_>) -> Option<Lane> {
    let (from, end) = subject.window()?;
    let mut items: Vec<Item> = Vec::new();
    let mut open: Option<usize> = None;
    for event in subject.timeline.events() {
        match &event.what {
            What::ActionBegun { check, nth, kind } if **check == *subject.check.id => {
                let done = subject.check.actions.len();
                let nth = usize::try_from(*nth).unwrap_or(usize::MAX);
                let action = subject.check.actions.get(nth).or_else(|| subject.check.finally.get(nth.checked_sub(done)?));
                let words = action.map_or_else(|| kind.to_string(), |placed| written(&placed.spec));
                open = Some(items.len());
                items.push(Item::bar(event.at, end, Look::Action, &**kind, words));
            }
            What::ActionEnded { check, .. } if **check == *subject.check.id => {
                if let Some(item) = open.take().and_then(|place| items.get_mut(place)) {
                    item.to = event.at;
                }
            }
            What::Evicted { group, member } if event.at >= from && event.at <= end && groups(subject, group) => {
                let words = format!("the grader removes member {member} from group {group}: it is dead, and Kafka would wait for it");
                items.push(Item::point(event.at, Look::Evicted, "", words));
            }
            // Also what another check did, as far as this one saw it.
            What::Broker { node, did, .. } if event.at >= from && event.at <= end => {
                items.push(Item::point(event.at, Look::Broker, node.to_string(), format!("broker {node} {}", did.words())));
            }
            What::ClusterDied { reason } => items.push(Item::point(event.at, Look::Note, "!", format!("the cluster ended: {reason}"))),
            _ => {}
        }
    }
    let about = "what the check did".to_owned();
    (!items.is_empty()).then(|| Lane { name: "grader".to_owned(), about, role: Role::Grader, items, more: 0, marked: false })
}

/// Whether a group has committed offsets of the check's topics.
fn groups(subject: &Subject<'_>, group: &str) -> bool {
    let topics = subject.topics();
    subject.timeline.group(group).is_none_or(|group| group.offsets.is_empty() || group.offsets.keys().any(|topic| topics.contains(topic)))
}

/// An action as it stands in the lab file, on one line: `sink: {hold: {nth: 23}}`.
fn written(spec: &ActionSpec) -> String {
    let value = serde_json::to_value(spec).unwrap_or_default();
    let text = plain(&value);
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&text).to_owned()
}

/// JSON as YAML in flow style, without quotes.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        serde_json::Value::Object(fields) => {
            format!("{{{}}}", fields.iter().map(|(name, field)| format!("{name}: {}", plain(field))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
