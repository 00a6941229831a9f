//! The registry: every kind's own example is right.

use super::{REGISTRY, Row};
use crate::lab::{Code, LabSource};

/// A small lab that holds everything an example may name, and the example itself.
fn lab(row: &Row, example: &str) -> String {
    let starts = ["first", "plain", "with-bad"].into_iter().filter(|name| !example.contains(&format!("as: {name} ")));
    let starts: String = starts.map(|name| format!("      - start: {{ program: consumer, as: {name} }}\n")).collect();
    let fault = if example.contains("arm:") { "" } else { "      - fault: { arm: { name: lost-ack, do: { drop-response: {} } } }\n" };
    let (action, expectation) =
        if row.action { (format!("      - {example}\n"), String::new()) } else { (String::new(), format!("      - {example}\n")) };
    format!(
        "kgrade: 1\nlab: lab-90\ntitle: A lab for the tests\nvars: {{ topic: t, group: g }}\n\
         data: {{ events: {{ generate: user-events, count: 10, users: 2 }}, bad: {{ records: [ {{ value: null }} ] }} }}\n\
         programs:\n  producer: {{ default: [python, p.py] }}\n  consumer: {{ default: [python, c.py] }}\n\
         checks:\n  - id: one\n    title: One\n    points: 100\n    hint: h\n    do:\n{fault}{starts}{action}    \
         always: [ {{ alive: {{ instance: first }} }} ]\n    expect:\n      - alive: {{ instance: first }}\n{expectation}"
    )
}

#[test]
fn every_example_lints_cleanly() {
    for row in REGISTRY {
        let text = lab(row, row.example);
        let source = LabSource::parse("example", &text).unwrap_or_else(|errors| panic!("`{}`: {errors}\n{text}", row.name));
        let found = source.lint();
        let own: Vec<_> = found.found.iter().filter(|error| error.code != Code::UNUSED).collect();
        assert!(own.is_empty(), "`{}`: {found}\n{text}", row.name);
        assert!(row.example.starts_with(&format!("{}: ", row.name)), "the example of `{}` shows another kind", row.name);
    }
}

#[test]
fn an_example_with_a_slip_does_not() {
    for row in REGISTRY {
        let slip = row.example.replacen(": {", ": { nonsense: 1,", 1);
        let found = LabSource::parse("example", &lab(row, &slip)).map(|source| source.lint());
        assert!(found.unwrap_or_else(|errors| errors).to_string().contains("nonsense"), "`{}`", row.name);
    }
}

#[test]
fn every_kind_has_a_doc_of_whole_sentences() {
    for row in REGISTRY {
        assert!(row.doc.len() > 60 && row.doc.ends_with('.'), "`{}`: {}", row.name, row.doc);
        assert!(row.doc.chars().next().is_some_and(char::is_uppercase), "`{}`: {}", row.name, row.doc);
    }
}
