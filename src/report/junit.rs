//! The outcome as JUnit XML, for CI. JUnit knows no points: they stand in `system-out`, and the JSON report is the source
//! of truth.

use anyhow::Context as _;
use junit_report::{Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestSuiteBuilder};

use super::terminal::{Style, explanation};
use super::{detail, summary};
use crate::outcome::{CheckOutcome, Outcome, Verdict, sanitize};

/// Lines are cut after this many characters.
const LINE: usize = 10_000;

/// The report: a suite for the lab, a case for each check. The same outcome gives the same bytes.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let began = i64::try_from(outcome.run.started_at).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    let suite = TestSuiteBuilder::new(&line(&outcome.lab))
        .set_timestamp(began.unwrap_or(OffsetDateTime::UNIX_EPOCH))
        .set_system_out(&text(&about_run(outcome)))
        .add_testcases(outcome.checks.iter().map(|check| case(outcome, check)))
        .build();
    let mut bytes = Vec::new();
    ReportBuilder::new().add_testsuite(suite).build().write_xml(&mut bytes).context("failed to write JUnit XML")?;
    bytes.push(b'\n');
    String::from_utf8(bytes).context("failed to write JUnit XML as UTF-8")
}

fn case(outcome: &Outcome, check: &CheckOutcome) -> TestCase {
    let (name, word) = (line(&check.id), check.verdict.word());
    let time = Duration::milliseconds(i64::try_from(check.duration_ms).unwrap_or(i64::MAX));
    let message = line(&detail::headline(check));
    let mut case = match check.verdict {
        Verdict::Passed => TestCaseBuilder::success(&name, time),
        Verdict::Failed => TestCaseBuilder::failure(&name, time, word, &message),
        Verdict::Error | Verdict::Inconclusive => TestCaseBuilder::error(&name, time, word, &message),
        Verdict::Skipped => TestCaseBuilder::skipped_with_cause(&name, word, &message),
    };
    case.set_classname(&line(&outcome.lab)).set_system_out(&text(&about_check(check)));
    if matches!(check.verdict, Verdict::Failed | Verdict::Error | Verdict::Inconclusive) {
        case.set_trace(&text(&explanation(check, &Style { width: LINE, ..Style::FILE })));
    }
    if let Some(place) = &check.place {
        case.set_filepath(&line(&place.file));
    }
    if !check.output.is_empty() {
        let said: Vec<String> = check.output.iter().map(|line| format!("{} {}: {}", line.program, line.stream, line.text)).collect();
        case.set_system_err(&text(&said.join("\n")));
    }
    // The builder gives a skipped case no time of its own.
    TestCase { time, ..case.build() }
}

fn about_check(check: &CheckOutcome) -> String {
    let mut about = vec![
        format!("title: {}", check.title),
        format!("verdict: {}", check.verdict.word()),
        format!("points: {} of {}", check.points, check.max_points),
    ];
    about.extend(check.criterion.iter().map(|criterion| format!("criterion: {criterion}")));
    about.extend(check.remarks.iter().map(|remark| format!("remark: {remark}")));
    one_each(about)
}

fn about_run(outcome: &Outcome) -> String {
    let mut about = vec![
        format!("title: {}", outcome.title),
        format!("score: {} of {}", outcome.score, outcome.max_score),
        format!("checks: {}", summary::counts(&outcome.checks)),
    ];
    about.extend(summary::not_a_grade(outcome));
    about.extend(summary::late(outcome));
    about.extend(summary::hidden(outcome));
    about.push(format!("seed: {}", outcome.run.seed));
    about.extend(summary::facts(outcome));
    one_each(about)
}

/// One line for each: no text can begin a line of its own.
fn one_each(facts: Vec<String>) -> String {
    facts.iter().map(|fact| sanitize::one_line(fact)).collect::<Vec<_>>().join("\n")
}

fn line(raw: &str) -> String {
    sanitize::one_line(&text(raw))
}

/// Cleaned last, when nothing is joined to it any more.
fn text(raw: &str) -> String {
    sanitize::xml(&raw.split('\n').map(|line| sanitize::cut(line, LINE)).collect::<Vec<_>>().join("\n"))
}
