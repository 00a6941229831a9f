//! A lab without what its author does not show: for the evidence that a learner may have.

use serde_json::{Map, Value, json};

use super::load::LabSource;
use super::model::{Check, Lab};
use super::node::{Content, Node};
use crate::outcome::{CheckOutcome, Disclosure, Verdict};

/// The text of a lab in which every check that is not shown in full holds only what its author shows of it. Made anew from the tree, as JSON (which
/// is YAML): comments tell things, too. Such a lab still has the same checks and points; what came of those is told by the evidence.
#[must_use]
pub fn withhold(source: &LabSource, lab: &Lab) -> String {
    let mut root = value(&source.root);
    let mut stubs: Map<String, Value> = Map::new();
    for check in lab.checks.iter().filter(|check| check.disclosure != Disclosure::Full) {
        let stub = stub(check);
        let known = stubs.entry(check.written_id.clone()).or_insert_with(|| stub.clone());
        // The items of one `each` may have texts of their own; here they share one.
        for text in ["title", "hint"].into_iter().filter(|text| known[text] != stub[text]).collect::<Vec<_>>() {
            known[text] = json!(check.written_id);
        }
    }
    for check in root.get_mut("checks").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(stub) = check.get("id").and_then(Value::as_str).and_then(|id| stubs.get(id)) else { continue };
        let names = each(check, lab);
        *check = stub.clone();
        if !names.is_empty() {
            check["each"] = json!(names);
        }
    }
    format!("{root:#}\n")
}

/// What the author shows of a check.
fn stub(check: &Check) -> Value {
    let mut told = CheckOutcome {
        title: check.title.clone(),
        criterion: check.criterion.clone(),
        hint: Some(check.hint.clone()),
        verdict: Verdict::Failed,
        ..crate::run::referee::blank(check, "")
    };
    check.disclosure.apply(&mut told);
    // What looks like a variable would be replaced a second time.
    let text = |text: Option<String>| text.filter(|text| !text.contains("$("));
    json!({
        "id": check.written_id,
        "title": text(Some(told.title)).unwrap_or_else(|| "a check that is not shown".to_owned()),
        "criterion": text(told.criterion),
        "points": check.points,
        "hint": text(told.hint).unwrap_or_else(|| "none is shown".to_owned()),
        "disclosure": check.disclosure,
        // A check must ask for something. This is never looked at.
        "expect": [{ "topic": { "name": "withheld" } }],
    })
}

/// The items' names of a check with `each`, as they stand in the ids of its checks.
fn each(check: &Value, lab: &Lab) -> Vec<String> {
    let written = check.get("id").and_then(Value::as_str).unwrap_or_default();
    if check.get("each").is_none() {
        return Vec::new();
    }
    let made = lab.checks.iter().filter(|check| check.written_id == written);
    let name = |check: &Check| Some(check.id.strip_prefix(written)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    made.filter_map(name).collect()
}

fn value(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Bool(is) => json!(is),
        Content::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) => json!(number),
            // No key of the language takes such a number.
            _ => json!(number.to_string()),
        },
        Content::Float(number) => json!(number),
        Content::Text(text) => json!(text),
        Content::List(items) => items.iter().map(value).collect(),
        Content::Map(entries) => Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), value(node))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, find};

    const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab   # SECRET-0
vars: { topic: "t-$(run.id)" }
checks:
  - { id: open, title: Open $(topic), points: 40, hint: h, needs: [hidden-1], expect: [ { topic: { name: $(topic), partitions: 6 } } ] }
  # SECRET-1
  - id: hidden-1
    title: SECRET-2
    criterion: SECRET-3
    points: 30
    hint: SECRET-4
    disclosure: none
    vars: { x: SECRET-5 }
    do: [ { create-topic: { name: "secret-6-$(x)", partitions: 1 } } ]
    expect: [ { topic: { name: secret-7 } } ]
  - id: hidden-2
    title: Shown title $(each.n)
    points: 15
    hint: shown hint
    disclosure: rationale
    each: [ { n: one, v: SECRET-8 }, { n: two, v: SECRET-9 } ]
    expect: [ { topic: { name: "secret-10-$(each.v)" } } ]
"#;

    #[test]
    fn nothing_is_left_of_what_is_not_shown_and_the_rest_is_as_it_was() {
        let bindings = Bindings { run_id: "r".into(), seed: 1 };
        let source = LabSource::parse("lab.yaml", LAB).unwrap();
        let lab = source.resolve(&bindings).unwrap();
        let text = withhold(&source, &lab);
        assert!(!text.to_lowercase().contains("secret"), "{text}");
        let again = LabSource::parse("the evidence", &text).unwrap().resolve(&bindings).unwrap();
        let facts = |lab: &Lab| -> Vec<_> {
            lab.checks.iter().map(|check| (check.id.clone(), check.points, check.disclosure, check.needs.clone())).collect()
        };
        assert_eq!(facts(&again), facts(&lab));
        assert_eq!(again.checks[0].title, "Open t-r");
        assert_eq!(format!("{:?}", again.checks[0].expect[0].spec), format!("{:?}", lab.checks[0].expect[0].spec));
        assert_eq!((again.checks[2].title.as_str(), again.checks[2].hint.as_str()), ("hidden-2", "shown hint"));
    }

    #[test]
    fn every_lab_of_the_course_stays_what_it_is() {
        let bindings = Bindings { run_id: "r".into(), seed: 7 };
        for name in find::names(None).unwrap() {
            let source = find::find(&name, None).unwrap();
            let lab = source.resolve(&bindings).unwrap();
            let again = LabSource::parse("again", &withhold(&source, &lab)).unwrap().resolve(&bindings).unwrap();
            for (check, other) in lab.checks.iter().zip(&again.checks) {
                let told = |check: &Check| {
                    let specs = |placed: &[crate::lab::Placed<crate::kinds::ExpectSpec>]| -> String {
                        placed.iter().map(|placed| format!("{:?}", placed.spec)).collect()
                    };
                    let asks = [&check.given, &check.always, &check.never, &check.expect].map(|part| specs(part));
                    (check.id.clone(), check.title.clone(), check.points, format!("{:?}", check.data), asks)
                };
                assert_eq!(told(check), told(other), "{name}");
            }
        }
    }
}
