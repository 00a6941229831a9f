//! The page as an HTML parser reads it.

use std::collections::HashSet;

use base64::Engine as _;
use kgrade::outcome::redact::{Redactor, Secret};
use kgrade::outcome::{Outcome, Tier, Verdict};
use proptest::test_runner::{Config, TestRunner};
use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};

use crate::{fixture, hostile, page};

/// Every test by its name.
pub const TESTS: &[(&str, fn())] = &[
    ("tells_what_the_outcome_tells", tells_what_the_outcome_tells),
    ("no_text_is_markup", no_text_is_markup),
    ("a_hostile_picture_is_harmless", a_hostile_picture_is_harmless),
    ("a_long_line_does_not_make_a_large_page", a_long_line_does_not_make_a_large_page),
    ("pictures_have_a_limit_together", pictures_have_a_limit_together),
    ("what_is_not_to_be_seen_is_not_drawn", what_is_not_to_be_seen_is_not_drawn),
    ("a_picture_tells_no_secret", a_picture_tells_no_secret),
];

fn over_outcomes(test: impl Fn(&Outcome)) {
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&hostile::outcome(), |outcome| {
            test(&outcome);
            Ok(())
        })
        .unwrap();
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// The text of the one element of this selector below another.
fn text(from: ElementRef<'_>, selector: &str) -> String {
    let found: Vec<_> = from.select(&Selector::parse(selector).unwrap()).collect();
    assert_eq!(found.len(), 1, "{selector} in {}", from.html());
    found[0].text().collect::<String>().trim().to_owned()
}

fn agrees(outcome: &Outcome) {
    let html = Html::parse_document(&page(outcome, &[]));
    assert_eq!(html.errors, Vec::<String>::new());
    let root = html.root_element();
    let noun = if outcome.max_score == 1 { "point" } else { "points" };
    assert_eq!(text(root, ".score"), format!("{} of {} {noun}", outcome.score, outcome.max_score));
    let grade = if outcome.run.tier == Tier::Practice { "Complete: " } else { "This is a grade: " };
    assert_eq!(text(root, ".grade").starts_with(grade), outcome.complete);
    assert_eq!(text(root, ".grade").starts_with("This is not a grade: "), !outcome.complete);
    assert!(!text(root, ".grade").ends_with(" above."), "the checks stand below");
    let rows = all(&html, ".list > li");
    assert_eq!(rows.len(), outcome.checks.len());
    for (row, check) in rows.into_iter().zip(&outcome.checks) {
        let (word, sign) = match check.verdict {
            Verdict::Passed => ("passed", "✓"),
            Verdict::Failed => ("failed", "✗"),
            Verdict::Error => ("error", "!"),
            Verdict::Skipped => ("skipped", "–"),
            Verdict::Inconclusive => ("inconclusive", "?"),
        };
        assert_eq!(text(row, ".verdict"), format!("{sign} {word}"));
        let points = match check.verdict {
            Verdict::Error | Verdict::Inconclusive => "–".to_owned(),
            _ => check.points.to_string(),
        };
        assert_eq!(text(row, ".points"), format!("{points} of {}", check.max_points));
    }
    let told = outcome.checks.iter().filter(|check| check.verdict != Verdict::Passed || !check.remarks.is_empty());
    let told: Vec<&str> = told.map(|check| check.verdict.word()).collect();
    let shown: Vec<String> =
        all(&html, "article").into_iter().map(|part| text(part, ".verdict")[..].split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(shown, told);
}

fn tells_what_the_outcome_tells() {
    for name in ["full-pass", "no-topic", "broker-died", "interrupted", "hostile", "python-repr", "not-shown"] {
        agrees(&fixture(name));
    }
    over_outcomes(agrees);
}

/// The names of all elements with what is not text in them, in order.
fn shape(html: &Html) -> Vec<String> {
    let element = |element: ElementRef<'_>| {
        let value = element.value();
        let fixed =
            value.attrs().filter(|(name, _)| ["class", "id", "href"].contains(name)).map(|(name, value)| format!(" {name}={value}"));
        let mut fixed: Vec<String> = fixed.collect();
        fixed.sort();
        format!("{}{}", value.name(), fixed.concat())
    };
    html.root_element().descendants().filter_map(ElementRef::wrap).map(element).collect()
}

/// Asserts that nothing in the page runs, loads, leads away, or cannot be seen.
fn assert_harmless(html: &Html) {
    let scripts = all(html, "script");
    assert_eq!(scripts.len(), 1);
    assert!(scripts[0].value().attrs().next().is_none());
    let policy = all(html, "meta[http-equiv]");
    assert_eq!(policy.len(), 1);
    let policy = policy[0].attr("content").unwrap();
    for (kind, source) in
        [("script-src", scripts[0].text().collect::<String>()), ("style-src-elem", all(html, "style")[0].text().collect())]
    {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(source.as_bytes()));
        assert!(policy.contains(&format!("{kind} 'sha256-{hash}';")), "{policy}");
    }
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let place = Regex::new(r"^((left|right|width):\d+(\.\d+)?%;?)+$").unwrap();
    let mut ids = HashSet::new();
    for element in html.root_element().descendants().filter_map(ElementRef::wrap) {
        let name = element.value().name();
        assert!(
            !["iframe", "object", "embed", "img", "svg", "link", "base", "form", "template", "noscript", "video", "math"].contains(&name),
            "{}",
            element.html()
        );
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on") && !["src", "srcset", "action", "formaction"].contains(&attribute), "{}", element.html());
            match attribute {
                "href" => assert!(value.starts_with('#'), "{value}"),
                "style" => assert!(place.is_match(value), "{value}"),
                "id" => assert!(ids.insert(value.to_owned()), "{value} twice"),
                _ => {}
            }
        }
    }
    for anchor in all(html, "a") {
        let to = anchor.attr("href").unwrap().trim_start_matches('#');
        assert!(ids.contains(to), "{to} leads nowhere");
    }
    let body = all(html, "body")[0];
    let unseen = |sign: char| {
        sign != '\n' && sign.is_control() || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{200b}' | '\u{feff}' | '\u{ffff}')
    };
    let said: String = body.text().collect();
    assert!(!said.contains(unseen), "{:?}", said.chars().find(|sign| unseen(*sign)));
}

fn no_text_is_markup() {
    over_outcomes(|outcome| {
        let written = page(outcome, &[]);
        assert_eq!(written, page(outcome, &[]), "the same outcome, the same bytes");
        let html = Html::parse_document(&written);
        assert_harmless(&html);
        assert_eq!(shape(&html), shape(&Html::parse_document(&page(&hostile::tamed(outcome), &[]))));
    });
}

fn a_hostile_picture_is_harmless() {
    let written = page(&hostile::scripts(), &[hostile::picture()]);
    let html = Html::parse_document(&written);
    assert_harmless(&html);
    assert_eq!(all(&html, "figure").len(), 1);
    assert!(!all(&html, ".track a").is_empty());
}

fn a_long_line_does_not_make_a_large_page() {
    let mut outcome = fixture("hostile");
    let long = "<b>\u{202e}&'\"".repeat(1_000_000);
    for check in &mut outcome.checks {
        (check.title, check.message, check.observed) = (long.clone(), long.clone(), Some(long.clone()));
        check.output.iter_mut().for_each(|line| line.text.clone_from(&long));
    }
    outcome.title = long;
    let written = page(&outcome, &[]);
    assert!(written.len() < 200_000, "{} bytes", written.len());
    assert!(written.contains("characters cut]"));
}

fn pictures_have_a_limit_together() {
    let mut outcome = hostile::scripts();
    let first = outcome.checks[0].clone();
    outcome.checks = (0..60).map(|at| kgrade::outcome::CheckOutcome { id: format!("c{at}"), ..first.clone() }).collect();
    let pictures: Vec<_> = outcome
        .checks
        .iter()
        .map(|check| {
            let mut picture = hostile::picture();
            picture.check.clone_from(&check.id);
            picture.lanes = (0..6).flat_map(|_| hostile::picture().lanes).collect();
            picture
        })
        .collect();
    let written = page(&outcome, &pictures);
    assert!(written.len() < 4 << 20, "{} bytes", written.len());
    let html = Html::parse_document(&written);
    let (drawn, left_out) = (all(&html, "figure").len(), written.matches("The picture of this check is left out").count());
    assert!(drawn > 0 && left_out > 0 && drawn + left_out == 60, "{drawn} and {left_out}");
}

fn what_is_not_to_be_seen_is_not_drawn() {
    let mut outcome = hostile::scripts();
    outcome.checks[0].disclosure = kgrade::outcome::Disclosure::Points;
    assert!(!page(&outcome, &[hostile::picture()]).contains("<figure>"));
    outcome.checks[0].disclosure = kgrade::outcome::Disclosure::Full;
    outcome.checks[0].verdict = Verdict::Error;
    assert!(!page(&outcome, &[hostile::picture()]).contains("<figure>"), "only what failed is drawn");
}

fn a_picture_tells_no_secret() {
    let secret = Secret::new("s3nt1nel<\"pass\">");
    let mut picture = hostile::picture();
    let mut outcome = hostile::scripts();
    let plant = |text: &mut String| *text = format!("a {} b", secret.reveal());
    for lane in &mut picture.lanes {
        [&mut lane.name, &mut lane.about].into_iter().for_each(plant);
        lane.items.iter_mut().flat_map(|item| [&mut item.label, &mut item.words]).for_each(plant);
    }
    picture.left_out.iter_mut().for_each(plant);
    plant(&mut picture.title);
    assert!(page(&outcome, std::slice::from_ref(&picture)).contains("s3nt1nel"));
    let redactor = Redactor::new([&secret]);
    picture.redact(&redactor);
    redactor.outcome(&mut outcome);
    let written = page(&outcome, &[picture]);
    assert!(written.contains("<figure>") && written.contains("[redacted]") && !written.contains("s3nt1nel"));
}
