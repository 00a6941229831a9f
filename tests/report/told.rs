//! What each format tells, read back as its own readers would.

use kgrade::outcome::{Outcome, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use regex::Regex;
use serde_json::Value;

mod markdown;
mod platform;

pub use markdown::assert_inert;

/// What a report tells. Points of a check that was not judged are neither won nor lost, whatever number a format has for that.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Id, verdict, points and points that can be reached, of each check.
    pub checks: Vec<(String, Verdict, Option<u32>, u32)>,
    /// The sum.
    pub score: u32,
    /// The sum that can be reached.
    pub max_score: u32,
    /// What is to be entered in a gradebook, if anything is.
    pub grade: Option<u32>,
}

impl Told {
    /// What there is to tell.
    pub fn of(outcome: &Outcome) -> Self {
        let checks = outcome.checks.iter().map(|check| told(&check.id, check.verdict, Some(check.points), check.max_points));
        Self {
            checks: checks.collect(),
            score: outcome.score,
            max_score: outcome.max_score,
            grade: outcome.complete.then(|| outcome.grade()),
        }
    }
}

fn told(id: &str, verdict: Verdict, points: Option<u32>, max_points: u32) -> (String, Verdict, Option<u32>, u32) {
    assert!(verdict.is_judged() || points.is_none_or(|points| points == 0), "{id} was not judged and has {points:?} points");
    (id.to_owned(), verdict, points.filter(|_| verdict.is_judged()), max_points)
}

fn verdict(word: &str) -> Verdict {
    serde_json::from_value(Value::from(word)).unwrap()
}

/// Reads a report in the format of this name.
pub fn read(name: &str, text: &str) -> Told {
    match name {
        "terminal" => terminal(text),
        "json" => Told::of(&kgrade::report::json::read(text).unwrap()),
        "junit" => junit(text),
        "markdown" | "github-summary" => markdown::read(name, text),
        "github-annotations" => platform::annotations(text),
        "classroom50" => platform::classroom50(text),
        "gradescope" => platform::gradescope(text),
        "tap" => platform::tap(text),
        "csv" => platform::csv(text),
        "html" => html(text),
        other => panic!("a reader for {other} is missing"),
    }
}

/// The words of a report without its marks, on one line: where sentences can be looked for.
pub fn plain(name: &str, text: &str) -> String {
    let text = match name {
        "json" | "classroom50" | "gradescope" | "csv" => facts(name, text),
        "github-annotations" => platform::unescape(text),
        "junit" => Report::deserialize_from_str(text).unwrap().test_suites[0].system_out.as_ref().unwrap().as_str().to_owned(),
        "html" => {
            let bare = Regex::new("<[^>]*>").unwrap().replace_all(text, "").into_owned();
            sentence_case(&bare.replace("&#39;", "'").replace("&amp;", "&"))
        }
        _ => text.to_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// These formats are for programs: what is a sentence elsewhere is a number in them. It is put into words again.
fn facts(name: &str, text: &str) -> String {
    match name {
        "json" => {
            let outcome = kgrade::report::json::read(text).unwrap();
            sentences(outcome.late.as_ref(), outcome.hidden())
        }
        "csv" => platform::csv_sentences(text),
        "gradescope" => serde_json::from_str::<Value>(text).unwrap()["output"].as_str().unwrap().to_owned(),
        _ => platform::classroom50_sentences(text),
    }
}

/// The sentences that an outcome with this lateness and so many hidden checks has.
fn sentences(late: Option<&kgrade::outcome::Late>, hidden: u64) -> String {
    let (_, mut outcome) = crate::fixtures().into_iter().find(|(name, _)| name == "full-pass").unwrap();
    outcome.late = late.cloned();
    let mut check = outcome.checks[0].clone();
    check.disclosure = kgrade::outcome::Disclosure::Points;
    outcome.checks = (0..hidden).map(|_| check.clone()).collect();
    let said = [kgrade::report::summary::late(&outcome), kgrade::report::summary::hidden(&outcome)];
    said.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// A page's sentences begin with a capital.
fn sentence_case(text: &str) -> String {
    let lower = |line: &str| {
        let mut letters = line.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    };
    text.lines().map(lower).collect::<Vec<_>>().join("\n")
}

/// `10 of 25 points`.
fn of_points(text: &str) -> (u32, u32) {
    let mut words = text.split_whitespace();
    let (score, of, max_score) = (words.next().unwrap(), words.next(), words.next().unwrap());
    assert_eq!(of, Some("of"), "{text}");
    (score.parse().unwrap(), max_score.parse().unwrap())
}

/// The grade, by what people are told: the score, less what is lost by lateness, unless it is said to be none.
fn grade<'a>(score: u32, mut lines: impl Iterator<Item = &'a str> + Clone) -> Option<u32> {
    if lines.clone().any(|line| line.starts_with("this is not a grade")) {
        return None;
    }
    let late = lines.find_map(|line| line.split_once(" after the late penalty of ")?.0.parse().ok());
    Some(late.unwrap_or(score))
}

fn terminal(text: &str) -> Told {
    let marks =
        [("✓", Verdict::Passed), ("✗", Verdict::Failed), ("!", Verdict::Error), ("-", Verdict::Skipped), ("?", Verdict::Inconclusive)];
    let check = |line: &str| {
        let verdict = marks.iter().find(|(mark, _)| line.starts_with(&format!("{mark} ")))?.1;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (points, max_points) = words[2].split_once('/').unwrap();
        Some(told(words[1], verdict, points.parse().ok(), max_points.parse().unwrap()))
    };
    let sums: Vec<&str> = text.lines().filter(|line| Regex::new(r"^\d+ of \d+ points? [·-] ").unwrap().is_match(line)).collect();
    // In a narrow terminal the line of the sum may be broken.
    let (score, max_score) = sums.first().map_or((0, 0), |line| of_points(line));
    assert!(sums.len() <= 1, "{text}");
    Told { checks: text.lines().filter_map(check).collect(), score, max_score, grade: grade(score, text.lines()) }
}

fn junit(xml: &str) -> Told {
    assert!(xml.chars().all(|c| matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)), "{xml:?}");
    let report = Report::deserialize_from_str(xml).unwrap();
    let [suite] = report.test_suites.as_slice() else { panic!("{} suites", report.test_suites.len()) };
    let cases = suite.test_cases.iter().map(|case| {
        let out = case.system_out.as_ref().unwrap().as_str();
        let line = |name: &str| out.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let (points, max_points) = of_points(line("points: "));
        let word = match &case.status {
            TestCaseStatus::Success { .. } => "passed",
            TestCaseStatus::Skipped { .. } => "skipped",
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, ty, .. } => {
                assert_eq!(ty.as_ref().unwrap().as_str(), "failed");
                "failed"
            }
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, ty, .. } => ty.as_ref().unwrap().as_str(),
        };
        assert_eq!(line("verdict: "), word);
        told(case.name.as_str(), verdict(word), Some(points), max_points)
    });
    let about = suite.system_out.as_ref().unwrap().as_str();
    let (score, max_score) = of_points(about.lines().find_map(|line| line.strip_prefix("score: ")).unwrap());
    Told { checks: cases.collect(), score, max_score, grade: grade(score, about.lines()) }
}

fn html(page: &str) -> Told {
    let rows = Regex::new(
        r#"<li class="row of-(\w+)"><span class="verdict (\w+)">.*?<code class="id">([^<]*)</code>.*?<span class="points"><b>([^<]*)</b> of (\d+)</span></li>"#,
    )
    .unwrap();
    let checks = rows.captures_iter(page).map(|row| {
        assert_eq!(row[1], row[2]);
        told(&row[3], verdict(&row[1]), row[4].parse().ok(), row[5].parse().unwrap())
    });
    let of = Regex::new(r#"<p class="score"><strong>(\d+)</strong> of (\d+)"#).unwrap();
    let sums: Vec<_> = of.captures_iter(page).collect();
    let [sum] = sums.as_slice() else { panic!("{} sums", sums.len()) };
    let score = sum[1].parse().unwrap();
    let bare = Regex::new("<[^>]*>").unwrap().replace_all(page, "").into_owned();
    let bare = sentence_case(&bare);
    Told { checks: checks.collect(), score, max_score: sum[2].parse().unwrap(), grade: grade(score, bare.lines()) }
}
