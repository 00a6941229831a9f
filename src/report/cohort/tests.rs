//! Cohorts with every kind of ending, and names that are no names.

use scraper::{Html, Selector};

use super::*;
use crate::outcome::{sample, sample_run};

fn outcome(id: &str, verdicts: &[(&str, Verdict, &str)]) -> Outcome {
    let check = |(id, verdict, message): &(&str, Verdict, &str)| {
        let points = if *verdict == Verdict::Passed { 10 } else { 0 };
        CheckOutcome { verdict: *verdict, points, message: (*message).to_owned(), ..sample(id) }
    };
    let mut outcome = sample_run(verdicts.iter().map(check).collect());
    outcome.run.learner = Some(id.to_owned());
    outcome
}

fn entry(id: &str, state: State, outcome: Option<&Outcome>) -> Entry {
    let why = (state == State::Error).then(|| "there is no folder".to_owned());
    let graded = outcome.map(Graded::of);
    Entry { id: id.to_owned(), name: None, state, why, tries: 1, key: "k".to_owned(), at: 1_764_547_200, took_ms: 1_500, graded }
}

fn cohort(submissions: Vec<Entry>) -> Cohort {
    Cohort {
        schema: SCHEMA.to_owned(),
        lab: "lab-02".to_owned(),
        title: "First producer and consumer".to_owned(),
        kgrade: "0.1.0".to_owned(),
        checks_digest: "c0ffee".to_owned(),
        shards: Vec::new(),
        at: 1_764_547_200,
        submissions,
    }
}

fn mixed() -> Cohort {
    use Verdict::{Failed, Inconclusive, Passed, Skipped};
    let right = [("topic", Passed, ""), ("keyed", Passed, ""), ("late", Passed, "")];
    let few = |n: u32| [("topic", Failed, "wrong"), ("keyed", Failed, "x"), ("late", Passed, "")].map(|(id, verdict, _)| (id, verdict, format!("{n} of 600 events lost in run-{n}ab4c5d")));
    let mut entries: Vec<Entry> = (0..10).map(|n| entry(&format!("good-{n}"), State::Graded, Some(&outcome("x", &right)))).collect();
    for n in 3..5 {
        let checks = few(n);
        let checks: Vec<_> = checks.iter().map(|(id, verdict, message)| (*id, *verdict, message.as_str())).collect();
        entries.push(entry(&format!("few-{n}"), State::Graded, Some(&outcome("x", &checks))));
    }
    let open = [("topic", Passed, ""), ("keyed", Inconclusive, "nothing moved"), ("late", Skipped, "")];
    entries.push(entry("half", State::Incomplete, Some(&outcome("x", &open))));
    entries.push(entry("gone", State::Error, None));
    entries.push(entry("next", State::Open, None));
    cohort(entries)
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap()).map(|found| found.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn rates_count_what_was_decided() {
    let cohort = mixed();
    let rates = rates::rates(&cohort);
    let told: Vec<_> = rates.iter().map(|rate| (rate.id, rate.passed, rate.lost, rate.undecided, rate.percent())).collect();
    assert_eq!(told, [("topic", 11, 2, 0, Some(84)), ("keyed", 10, 2, 1, Some(83)), ("late", 12, 1, 0, Some(92))]);
}

#[test]
fn one_mistake_is_one_whatever_its_numbers() {
    let cohort = mixed();
    let mistakes = mistakes::mistakes(&cohort);
    let told: Vec<_> = mistakes.iter().map(|mistake| (mistake.check, mistake.by.len())).collect();
    assert_eq!(told, [("topic", 2), ("keyed", 2)]);
    assert_eq!(mistakes[0].by[0].id, "few-3");
    for (a, b) in [
        ("3 of 1,000 lost", "12 of 900 lost"),
        ("topic user-events-ab12cd34", "topic user-events-9z8y7x6w"),
        ("after 3.2 s", "after 12 s"),
        ("partition 3", "partition 15"),
    ] {
        assert_eq!(mistakes::masked(a), mistakes::masked(b));
    }
    assert_ne!(mistakes::masked("acks=0 was sent"), mistakes::masked("no key was sent"));
    assert_eq!(mistakes::masked("grüße ☕ utf8 lab"), "grüße ☕ utf# lab");
}

#[test]
fn help_is_offered_by_the_rules_that_are_told() {
    let cohort = mixed();
    let needed: Vec<_> = help::needed(&cohort).into_iter().map(|(entry, reason)| (entry.id.clone(), reason)).collect();
    let reason = "10 of 30 points; did not pass topic and keyed, which nearly everybody did";
    assert_eq!(needed, [("few-3".to_owned(), reason.to_owned()), ("few-4".to_owned(), reason.to_owned())]);
    assert!(help::rule().contains("50 %") && help::rule().contains("80 %"));
}

#[test]
fn the_page_tells_all_of_it() {
    let page = Html::parse_document(&render(&mixed()));
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    assert_eq!(texts(&page, ".score"), ["12 of 15 submissions graded"]);
    assert!(texts(&page, ".grade.open")[0].contains("1 was not graded"), "{:?}", texts(&page, ".grade.open"));
    assert_eq!(texts(&page, "#not-graded dd"), ["keyed: nothing moved", "there is no folder"]);
    assert_eq!(texts(&page, ".rates tbody b"), ["84 %", "83 %", "92 %"]);
    assert_eq!(texts(&page, ".histogram b"), ["0", "0", "0", "2", "0", "0", "0", "0", "0", "10"]);
    assert_eq!(texts(&page, "#mistakes article").len(), 2);
    assert_eq!(texts(&page, "#help dt"), ["few-3", "few-4"]);
    let rows = texts(&page, ".all tbody tr");
    assert_eq!(rows.len(), 15);
    assert!(rows[0].starts_with("good-0 graded 30 of 30 30"), "{}", rows[0]);
    assert!(rows[12].starts_with("half incomplete 10 of 30 ✓ passed"), "what is no grade has none: {}", rows[12]);
    assert!(rows[14].starts_with("next not done yet"), "{}", rows[14]);
    let links: Vec<_> = page.select(&Selector::parse(".all a").unwrap()).map(|link| link.attr("href").unwrap().to_owned()).collect();
    assert_eq!((links.len(), links[0].as_str()), (13, "results/good-0/report.html"));
    let nobody = Html::parse_document(&render(&cohort(Vec::new())));
    assert!(nobody.errors.is_empty());
}

#[test]
fn nothing_in_a_cohort_is_markup() {
    let evil = "</script></title><img src=x onerror=alert(1)>\"'&\u{202e}\x1b[2J{{7*7}}";
    let mut hostile = mixed();
    (hostile.lab, hostile.title, hostile.kgrade, hostile.checks_digest) = (evil.into(), evil.into(), evil.into(), evil.into());
    hostile.shards = vec![evil.into()];
    for entry in &mut hostile.submissions {
        (entry.id, entry.name, entry.why) = (format!("{}{evil}", entry.id), Some(evil.into()), Some(evil.into()));
        for check in entry.graded.iter_mut().flat_map(|graded| &mut graded.checks) {
            check.id.push_str(evil);
            (check.title, check.message, check.cause) = (evil.into(), evil.into(), Some(evil.into()));
        }
        if let Some(graded) = &mut entry.graded {
            (graded.sandbox, graded.commit) = (evil.into(), Some(evil.into()));
        }
    }
    let text = render(&hostile);
    let page = Html::parse_document(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    let count = |selector: &str| page.select(&Selector::parse(selector).unwrap()).count();
    assert_eq!((count("img"), count("script"), count("style"), count("title"), count("[onerror]")), (0, 1, 1, 1, 0));
    assert!(!text.contains('\u{202e}') && !text.contains('\x1b'));
    for link in page.select(&Selector::parse("a").unwrap()) {
        let to = link.attr("href").unwrap();
        assert!(to.starts_with('#') || to.starts_with("results/") && to.matches('/').count() == 2, "{to}");
    }
    let json = hostile.json().unwrap();
    assert_eq!(Cohort::read(&json).unwrap(), hostile);
    assert!(!json.contains('\u{202e}') && !json.contains('\x1b'));
}

#[test]
fn data_are_read_back_and_nothing_else_is() {
    let cohort = mixed();
    let json = cohort.json().unwrap();
    assert_eq!(Cohort::read(&json).unwrap(), cohort);
    assert!(Cohort::read(&json.replace(SCHEMA, "kgrade/cohort/v9")).unwrap_err().to_string().contains("kgrade/cohort/v9"));
    assert!(Cohort::read(&json.replacen("\"lab\"", "\"labb\"", 1)).is_err());
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(validator.is_valid(&value), "{:?}", validator.iter_errors(&value).next());
}
