//! Outcomes as a gradebook in CSV (RFC 4180), a row for each.

use anyhow::Context as _;
use csv::{Terminator, WriterBuilder};

use super::terminal::tidy;
use super::{provenance, summary};
use crate::outcome::{CheckOutcome, Outcome};

/// The columns before those of the checks.
const FIRST: &[&str] = &["learner", "lab", "score", "max_score", "grade", "complete"];

/// The columns after those of the checks.
const LAST: &[&str] = &[
    "verdicts",
    "not_a_grade",
    "hidden_checks",
    "tier",
    "commit",
    "submission_digest",
    "checks_digest",
    "kgrade",
    "kafka",
    "clients",
    "sandbox",
    "seed",
    "late_s",
    "extended",
    "penalty_percent",
    "started_at",
    "workflow_run",
];

/// The report: a gradebook of one.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    gradebook(&[outcome])
}

/// A gradebook: a row for each outcome, in the order of learner and lab, with a column for each check of any of them, in the order in which
/// they come first.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn gradebook(outcomes: &[&Outcome]) -> anyhow::Result<String> {
    gradebook_of_all(outcomes, &[])
}

/// A submission that was not graded: in a gradebook it must not look as if it were not there.
#[derive(Debug, Clone, Copy)]
pub struct NotGraded<'a> {
    /// Whose it is.
    pub learner: &'a str,
    /// The lab.
    pub lab: &'a str,
    /// Why.
    pub why: &'a str,
}

/// As [`gradebook`], with a row without a grade for each submission that was not graded, after the others.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn gradebook_of_all(outcomes: &[&Outcome], not_graded: &[NotGraded<'_>]) -> anyhow::Result<String> {
    let mut rows = outcomes.to_vec();
    rows.sort_by_key(|outcome| (outcome.run.learner.clone(), outcome.lab.clone(), outcome.run.started_at));
    let mut ids: Vec<&str> = Vec::new();
    for check in rows.iter().flat_map(|outcome| &outcome.checks) {
        if !ids.contains(&check.id.as_str()) {
            ids.push(&check.id);
        }
    }
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let checks = ids.iter().map(|id| heading(id)).collect();
    writer.write_record([fixed(FIRST), checks, fixed(LAST)].concat())?;
    for outcome in rows {
        writer.write_record(row(outcome, &ids))?;
    }
    for one in not_graded {
        let mut cells = vec![String::new(); FIRST.len() + ids.len() + LAST.len()];
        let said = [("learner", text(one.learner)), ("lab", text(one.lab)), ("complete", "false".to_owned())];
        for (name, cell) in said {
            set(&mut cells, FIRST.iter().position(|column| *column == name), cell);
        }
        let why = LAST.iter().position(|column| *column == "not_a_grade").map(|at| FIRST.len() + ids.len() + at);
        set(&mut cells, why, text(&format!("this was not graded: {}", one.why)));
        writer.write_record(cells)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error()).context("failed to write CSV")?;
    String::from_utf8(bytes).context("failed to write CSV as UTF-8")
}

fn set(cells: &mut [String], at: Option<usize>, text: String) {
    if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
        *cell = text;
    }
}

/// The name of a check's column: its id, told apart from the columns that every gradebook has.
fn heading(id: &str) -> String {
    if FIRST.contains(&id) || LAST.contains(&id) { format!("check {id}") } else { text(id) }
}

fn row(outcome: &Outcome, ids: &[&str]) -> Vec<String> {
    let run = &outcome.run;
    let or_empty = |value: Option<&String>| value.map(|value| text(value)).unwrap_or_default();
    let late = outcome.late.as_ref();
    let mut cells = vec![
        or_empty(run.learner.as_ref()),
        text(&outcome.lab),
        outcome.score.to_string(),
        outcome.max_score.to_string(),
        // A sum that is not a grade must not be entered as one.
        if outcome.complete { outcome.grade().to_string() } else { String::new() },
        outcome.complete.to_string(),
    ];
    cells.extend(ids.iter().map(|id| outcome.checks.iter().find(|check| check.id == *id).map(points).unwrap_or_default()));
    cells.extend([
        text(&outcome.checks.iter().map(|check| format!("{} {}", tidy(&check.id), check.verdict.word())).collect::<Vec<_>>().join(" · ")),
        summary::not_a_grade(outcome).map(|why| text(&why)).unwrap_or_default(),
        outcome.hidden().to_string(),
        provenance::tier(run.tier).to_owned(),
        or_empty(run.commit.as_ref()),
        or_empty(run.submission_digest.as_ref()),
        text(&run.checks_digest),
        text(&run.kgrade),
        or_empty(run.broker_version.as_ref()),
        text(&run.clients.join(" · ")),
        text(&run.sandbox),
        run.seed.to_string(),
        late.and_then(|late| late.late_s).map(|s| s.to_string()).unwrap_or_default(),
        late.map(|late| late.extended.to_string()).unwrap_or_default(),
        late.map(|late| late.penalty_percent.to_string()).unwrap_or_default(),
        provenance::moment(run.started_at).unwrap_or_default(),
        run.workflow.as_ref().map(|workflow| text(&workflow.url)).unwrap_or_default(),
    ]);
    cells
}

/// The points; empty where they are neither won nor lost.
fn points(check: &CheckOutcome) -> String {
    use crate::outcome::Verdict::{Error, Failed, Inconclusive, Passed, Skipped};
    match check.verdict {
        Passed | Failed | Skipped => check.points.to_string(),
        Error | Inconclusive => String::new(),
    }
}

/// A text on one line that no spreadsheet takes for a formula: not as it stands, nor where the spreadsheet splits at another separator.
fn text(raw: &str) -> String {
    let mut safe = String::new();
    let mut begins = true;
    for sign in tidy(raw).chars() {
        if begins && matches!(sign, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}') {
            safe.push('\'');
        }
        begins = matches!(sign, ',' | ';' | '"') || (begins && sign == ' ');
        safe.push(sign);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Verdict, sample, sample_run};

    #[test]
    fn nothing_is_a_formula() {
        for (raw, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            (" \t\r\n+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("a; =1,=2", "a; '=1,'=2"),
            ("\"=1", "\"'=1"),
            ("kafka-python 2.0", "kafka-python 2.0"),
            ("1=1", "1=1"),
        ] {
            assert_eq!(text(raw), cell, "{raw:?}");
        }
    }

    #[test]
    fn a_gradebook_has_a_column_for_each_check_and_a_row_for_each_learner() {
        let mut ada = sample_run(vec![sample("topic"), sample("score")]);
        ada.run.learner = Some("ada".to_owned());
        let mut broken = sample("key");
        (broken.verdict, broken.points) = (Verdict::Inconclusive, 0);
        let mut ben = sample_run(vec![broken, sample("topic")]);
        ben.run.learner = Some("=ben".to_owned());
        let book = gradebook(&[&ada, &ben]).unwrap();
        let rows: Vec<Vec<&str>> = book.split("\r\n").map(|row| row.split(',').take(9).collect()).collect();
        assert_eq!(rows[0], ["learner", "lab", "score", "max_score", "grade", "complete", "key", "topic", "check score"]);
        assert_eq!(rows[1], ["'=ben", "lab-02", "10", "20", "", "false", "", "10", ""]);
        assert_eq!(rows[2], ["ada", "lab-02", "20", "20", "20", "true", "", "10", "10"]);
        assert_eq!(gradebook(&[]).unwrap().matches("\r\n").count(), 1);
    }

    #[test]
    fn what_was_not_graded_has_a_row_without_a_grade() {
        let ada = sample_run(vec![sample("topic")]);
        let eve = NotGraded { learner: "=eve", lab: "lab-02", why: "no folder,\nreally" };
        let book = gradebook_of_all(&[&ada], &[eve]).unwrap();
        let mut reader = csv::Reader::from_reader(book.as_bytes());
        let names = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cell = |name: &str| rows[1].get(names.iter().position(|column| column == name).unwrap()).unwrap();
        assert_eq!((cell("learner"), cell("lab"), cell("grade"), cell("score"), cell("complete")), ("'=eve", "lab-02", "", "", "false"));
        assert_eq!((cell("topic"), cell("not_a_grade")), ("", "this was not graded: no folder, really"));
        assert_eq!(rows.len(), 2);
    }
}
