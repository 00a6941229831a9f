//! Outcomes and pictures whose every text tries to be something else.

use kgrade::outcome::{Outcome, Score, Verdict};
use kgrade::report::json;
use kgrade::report::timeline::{Item, Lane, Look, Mark, Picture, Role, Scale};
use proptest::prelude::*;
use serde_json::Value;

/// Sets `window.canary`, each in its own way, where it is let.
pub const SCRIPTS: &[&str] = &[
    "<script>window.canary=1</script>",
    "</script><script>window.canary=1</script>",
    "<img src=x onerror=\"window.canary=1\">",
    "\"><svg onload=window.canary=1>",
    "' onmouseover='window.canary=1' autofocus onfocus='window.canary=1",
    "<a href=\"javascript:window.canary=1\">100 of 100 points</a>",
    "<iframe srcdoc=\"<script>parent.canary=1</script>\"></iframe>",
    "</style><script>window.canary=1</script>",
    "</title><script>alert(1)</script>",
    "<!-- --!><script>window.canary=1</script>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
    "</pre></dd></dl><h1>100 of 100 points</h1>",
    "&lt;script&gt;window.canary=1&lt;/script&gt;",
    "<style>*{display:none}</style>",
    "<form action=https://evil.example><button>copy",
    "<details><summary>",
    "<template><noscript><plaintext>",
];

const OTHERS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "]]>",
    "<![CDATA[",
    "&amp;",
    "&#x3c;b>",
    "\"",
    "'",
    "`",
    "\0",
    "\x07",
    "\x1b[31m",
    "\x1b]0;t\x07",
    "\x1b",
    "\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{ffff}",
    "\u{feff}",
    "\u{200b}",
    "::error::",
    "##[error]",
    "[x](javascript:1)",
    "| a |",
    "=cmd|'/c'!A1",
    "✓ passed 100 of 100",
    "</",
    "<",
    ">",
    "-->",
    "grüße ☕",
    "👩‍💻",
    "e\u{301}\u{301}\u{301}",
    "שלום",
    "{{7*7}}",
    "${1}",
];

/// Text that tries to be something else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(SCRIPTS).prop_map(str::to_owned),
        prop::sample::select(OTHERS).prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{1,60}",
        "x{900,3000}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::Passed, Verdict::Failed, Verdict::Error, Verdict::Skipped, Verdict::Inconclusive])
}

/// An outcome with these texts, one after the other, in all its places.
pub fn outcome() -> impl Strategy<Value = Outcome> {
    let checks = prop::collection::vec((verdict(), 0..50_u32, any::<bool>(), 0..40_usize), 0..6);
    (checks, prop::collection::vec(text(), 1..40), any::<bool>()).prop_map(|(checks, texts, interrupted)| {
        let checks: Vec<Value> = checks.into_iter().map(|(verdict, max, some, lines)| check(verdict, max, some, lines)).collect();
        let mut value = whole(checks);
        let mut texts = texts.iter().cycle();
        each_text(&mut value, &mut |text| texts.next().unwrap().clone_into(text));
        let mut outcome: Outcome = serde_json::from_value(value).unwrap();
        let score = Score::of(&outcome.checks);
        (outcome.score, outcome.max_score, outcome.interrupted) = (score.points, score.max_points, interrupted);
        outcome.complete = score.complete && !interrupted;
        outcome
    })
}

/// One in which every text is an attempt to run a script.
pub fn scripts() -> Outcome {
    let verdicts = [Verdict::Failed, Verdict::Passed, Verdict::Error, Verdict::Skipped, Verdict::Inconclusive];
    let mut value = whole(verdicts.into_iter().map(|verdict| check(verdict, 10, true, 30)).collect());
    let mut next = SCRIPTS.iter().cycle();
    each_text(&mut value, &mut |text| (*next.next().unwrap()).clone_into(text));
    value["checks"][0]["id"] = Value::from("drawn");
    serde_json::from_value(value).unwrap()
}

/// A picture of its first check, as hostile.
pub fn picture() -> Picture {
    let mut next = SCRIPTS.iter().cycle();
    let mut text = || (*next.next().unwrap()).to_owned();
    let roles = [Role::Grader, Role::Faults, Role::Program, Role::Partition];
    let lanes: Vec<Lane> = roles
        .into_iter()
        .map(|role| Lane {
            name: text(),
            about: text(),
            role,
            items: Look::ALL.into_iter().zip(0..).map(|(look, at)| Item::bar(at * 50, at * 50 + 40, look, text(), text())).collect(),
            more: 3,
            marked: true,
        })
        .collect();
    Picture {
        check: "drawn".to_owned(),
        title: text(),
        verdict: Verdict::Failed,
        points: (0, 10),
        explanation: Vec::new(),
        scale: Scale::new(vec![0, 500, 1_200], Some(500)),
        mark: Some(Mark { at: 500, lane: Some(3), item: Some(10), named: true }),
        left_out: vec![text()],
        lanes,
    }
}

/// The same outcome with a short plain word for each different text: what a page looks like that nobody attacks.
pub fn tamed(outcome: &Outcome) -> Outcome {
    let mut value: Value = serde_json::from_str(&json::render(outcome).unwrap()).unwrap();
    let mut seen: Vec<String> = Vec::new();
    each_text(&mut value, &mut |text| {
        if !text.is_empty() {
            let at = seen.iter().position(|other| other == text).unwrap_or_else(|| {
                seen.push(text.clone());
                seen.len() - 1
            });
            *text = format!("w{at}");
        }
    });
    serde_json::from_value(value).unwrap()
}

/// Every text that a lab, a learner or a runner decides on.
fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => {
            const FIXED: [&str; 5] = ["schema", "verdict", "tier", "disclosure", "sandbox"];
            fields.iter_mut().filter(|(name, _)| !FIXED.contains(&name.as_str())).for_each(|(_, field)| each_text(field, change));
        }
        _ => {}
    }
}

fn check(verdict: Verdict, max_points: u32, some: bool, lines: usize) -> Value {
    let maybe = |text: &str| if some { Value::from(text) } else { Value::Null };
    let output = vec![serde_json::json!({ "program": "p", "stream": "s", "at_ms": 1, "text": "t" }); lines];
    serde_json::json!({
        "id": "i", "title": "t", "criterion": maybe("c"), "verdict": verdict.word(), "points": if verdict == Verdict::Passed { max_points } else { 0 },
        "max_points": max_points, "message": "m", "expected": maybe("e"), "observed": "o", "witnesses": ["w", "w"], "more_witnesses": 2,
        "cause": maybe("c"), "moment": null, "remarks": if some { vec!["r"] } else { Vec::new() }, "hint": maybe("h"), "next": "n",
        "place": { "file": "f", "line": 1, "column": 1 }, "looks": 2, "first_seen_ms": 3, "duration_ms": 4, "output": output,
    })
}

fn whole(checks: Vec<Value>) -> Value {
    serde_json::json!({
        "schema": kgrade::outcome::SCHEMA, "lab": "l", "title": "t", "score": 0, "max_score": 0, "complete": true, "interrupted": false,
        "checks": checks, "timings_ms": { "total": 5 },
        "late": { "due": 1_767_261_600, "extended": false, "grace_s": 0, "late_s": 60, "penalty_percent": 10, "score": 0 },
        "run": {
            "id": "i", "seed": 1, "tier": "official", "kgrade": "k", "checks_digest": "d", "submission_digest": "s", "commit": "c",
            "broker_version": "b", "cluster": "c", "started_at": 1_767_261_600, "learner": "l", "committed_at": u64::MAX, "clients": ["c"],
            "sandbox": "none",
            "workflow": { "repository": "r", "workflow": "w", "reference": "r", "event": "e", "actor": "a", "url": "u", "attempt": 1 },
        },
    })
}
