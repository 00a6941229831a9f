//! What is said about one check beyond its verdict, the same in every report that people read.

use super::words::{count, duration};
use crate::outcome::{CheckOutcome, OutputLine, Reading, Verdict};

/// How many of the last output lines are shown.
const OUTPUT_LINES: usize = 30;

/// One thing to say.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name; empty when it goes on from the row above.
    pub label: &'static str,
    /// Its text, not cleaned.
    pub text: String,
    /// How it is laid out.
    pub layout: Layout,
}

/// How a row is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As the sentence that the other rows explain.
    Headline,
    /// As prose, wrapped.
    Prose,
    /// As one of a list, wrapped so that it can be told from the next.
    Item,
    /// In one piece, so that it can be copied.
    Whole,
    /// As something that a program said.
    Quote,
}

/// The longest label.
pub const LABEL: usize = 8;

/// All there is to say about a check, in the order in which it helps: what is wrong, how it shows, what to do.
pub fn rows(check: &CheckOutcome) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    if check.verdict != Verdict::Passed {
        rows.add("", Some(&headline(check)).filter(|text| !text.is_empty()), Layout::Headline);
        rows.prose("expected", check.expected.as_ref());
        rows.prose("observed", check.observed.as_ref());
        rows.prose("", looks(check).filter(|_| check.observed.is_some()).as_ref());
        rows.list("evidence", &check.witnesses);
        let more = (check.more_witnesses > 0).then(|| format!("and {} more", check.more_witnesses));
        rows.prose(if check.witnesses.is_empty() { "evidence" } else { "" }, more.as_ref());
        rows.prose("probably", check.cause.as_ref());
        rows.list("read", &check.read.iter().flat_map(Reading::places).collect::<Vec<_>>());
        rows.prose("hint", check.hint.as_ref());
    }
    rows.list("remark", &check.remarks);
    if check.verdict != Verdict::Passed {
        output(&mut rows, &check.output);
        let place = check
            .place
            .as_ref()
            .filter(|_| check.verdict != Verdict::Skipped)
            .map(|place| format!("{}:{}:{}", place.file, place.line, place.column));
        rows.add("place", place.as_ref(), Layout::Whole);
        rows.add("next", check.next.as_ref(), Layout::Whole);
    }
    rows.0
}

/// The check's sentence; what is not the learner's doing is called by its name.
pub fn headline(check: &CheckOutcome) -> String {
    match (check.verdict, check.message.as_str()) {
        (Verdict::Passed | Verdict::Failed, message) => message.to_owned(),
        (verdict, "") => verdict.word().to_owned(),
        (verdict, message) => format!("{}: {message}", verdict.word()),
    }
}

fn looks(check: &CheckOutcome) -> Option<String> {
    let looks = (check.looks > 0).then(|| count(check.looks, "look", "looks"));
    match (check.first_seen_ms.map(duration), looks) {
        (Some(at), Some(looks)) => Some(format!("(first seen {at} into the run, {looks})")),
        (Some(at), None) => Some(format!("(first seen {at} into the run)")),
        (None, looks) => looks.map(|looks| format!("({looks})")),
    }
}

fn output(rows: &mut Rows, lines: &[OutputLine]) {
    let hidden = lines.len().saturating_sub(OUTPUT_LINES);
    let mut label = "output";
    if hidden > 0 {
        rows.prose(label, Some(&format!("({} not shown)", count(hidden as u64, "earlier line", "earlier lines"))));
        label = "";
    }
    for group in lines.get(hidden..).unwrap_or_default().chunk_by(|a, b| (&a.program, &a.stream) == (&b.program, &b.stream)) {
        if let [first, ..] = group {
            rows.prose(label, Some(&format!("{}, {}:", first.program, first.stream)));
            label = "";
        }
        for line in group {
            rows.add("", Some(&line.text), Layout::Quote);
        }
    }
}

struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, label: &'static str, text: Option<&String>, layout: Layout) {
        self.0.extend(text.map(|text| Row { label, text: text.clone(), layout }));
    }

    fn prose(&mut self, label: &'static str, text: Option<&String>) {
        self.add(label, text, Layout::Prose);
    }

    fn list(&mut self, label: &'static str, texts: &[String]) {
        for (at, text) in texts.iter().enumerate() {
            self.add(if at == 0 { label } else { "" }, Some(text), Layout::Item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;

    fn failed() -> CheckOutcome {
        let mut check = crate::outcome::sample("topic");
        check.verdict = Verdict::Failed;
        check
    }

    fn texts(check: &CheckOutcome) -> Vec<String> {
        rows(check).into_iter().map(|row| format!("{}|{}", row.label, row.text)).collect()
    }

    #[test]
    fn a_pass_has_nothing_to_explain_but_its_remarks() {
        let mut check = crate::outcome::sample("topic");
        check.hint = Some("not now".to_owned());
        assert_eq!(texts(&check), Vec::<String>::new());
        check.remarks = vec!["worth knowing".to_owned()];
        assert_eq!(texts(&check), ["remark|worth knowing"]);
    }

    #[test]
    fn says_what_is_left_out() {
        let mut check = failed();
        check.observed = Some("five partitions".to_owned());
        (check.looks, check.first_seen_ms) = (1, Some(3_200));
        check.witnesses = vec!["a".to_owned(), "b".to_owned()];
        check.more_witnesses = 37;
        assert_eq!(
            texts(&check),
            ["observed|five partitions", "|(first seen 3.2 s into the run, 1 look)", "evidence|a", "|b", "|and 37 more"]
        );
    }

    #[test]
    fn says_where_to_read_between_the_cause_and_the_hint() {
        let mut check = failed();
        (check.cause, check.hint) = (Some("a timer commits".to_owned()), Some("look at the clock".to_owned()));
        check.read = Some(Reading {
            handout: Some("Automatic commit".to_owned()),
            show: Some("kgrade show lab-02".to_owned()),
            kafka: Some("Consumer Configs: enable.auto.commit".to_owned()),
        });
        let places = ["read|handout: Automatic commit (kgrade show lab-02)", "|Kafka documentation, Consumer Configs: enable.auto.commit"];
        assert_eq!(texts(&check), ["probably|a timer commits", places[0], places[1], "hint|look at the clock"]);
        check.verdict = Verdict::Passed;
        assert_eq!(texts(&check), Vec::<String>::new());
    }

    #[test]
    fn shows_the_last_lines_under_who_said_them() {
        let line = |at: u64, stream: &str| OutputLine {
            program: "consumer".to_owned(),
            stream: stream.to_owned(),
            at_ms: at,
            text: format!("line {at}"),
        };
        let mut check = failed();
        check.output = (1..=32).map(|at| line(at, if at == 32 { "stderr" } else { "stdout" })).collect();
        let texts = texts(&check);
        assert_eq!(&texts[..3], ["output|(2 earlier lines not shown)", "|consumer, stdout:", "|line 3"]);
        assert_eq!(&texts[texts.len() - 2..], ["|consumer, stderr:", "|line 32"]);
    }

    #[test]
    fn what_is_not_the_learners_doing_has_a_name() {
        let mut check = failed();
        (check.verdict, check.message) = (Verdict::Error, "the broker ended".to_owned());
        assert_eq!(headline(&check), "error: the broker ended");
        check.message.clear();
        assert_eq!(headline(&check), "error");
    }
}
