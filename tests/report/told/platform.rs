//! What platforms and programs read, each by the rules of its reader.

use kgrade::outcome::{Late, Verdict};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{Told, grade, of_points, sentences, told, verdict};

/// The runner's own rules: `::name key=value,key=value::message`, in this order of escapes.
pub fn unescape(text: &str) -> String {
    let signs = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    signs.iter().fold(text.to_owned(), |text, (escape, sign)| text.replace(escape, sign))
}

/// Reads annotations: the notice has the score and all verdicts, the others must agree with it.
pub fn annotations(text: &str) -> Told {
    let line = Regex::new(r"^::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)$").unwrap();
    let commands: Vec<_> = text.split_terminator('\n').map(|text| line.captures(text).unwrap_or_else(|| panic!("{text:?}"))).collect();
    let [others @ .., notice] = commands.as_slice() else { panic!("no commands") };
    assert_eq!(&notice[1], "notice");
    let said = unescape(&notice[3]);
    let said: Vec<&str> = said.lines().collect();
    let first = said.iter().position(|line| line.starts_with("score: ")).unwrap();
    let check = |line: &&str| {
        let [_, id, points, word] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        let (points, max_points) = points.split_once('/').unwrap();
        told(id, verdict(word), points.parse().ok(), max_points.parse().unwrap())
    };
    let checks: Vec<_> = said[..first].iter().map(check).collect();
    let (score, max_score) = of_points(said[first].strip_prefix("score: ").unwrap());
    let many = |name: &str| others.iter().filter(|command| &command[1] == name).count();
    let of = |wanted: &[Verdict]| checks.iter().filter(|check| wanted.contains(&check.1)).count().min(10);
    assert_eq!((many("error"), many("warning")), (of(&[Verdict::Failed]), of(&[Verdict::Error, Verdict::Inconclusive])));
    assert_eq!(many("notice"), 0);
    Told { checks, score, max_score, grade: grade(score, said.iter().copied()) }
}

/// The rules of Classroom 50: texts, whole numbers. What is not listed is kept as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Result50 {
    schema: String,
    #[serde(rename = "classroom")]
    _classroom: String,
    #[serde(rename = "assignment")]
    _assignment: String,
    #[serde(rename = "submission")]
    _submission: String,
    #[serde(rename = "commit")]
    _commit: String,
    #[serde(rename = "release")]
    _release: String,
    #[serde(rename = "review")]
    _review: String,
    #[serde(rename = "datetime")]
    _datetime: String,
    /// `null` where there is no grade, which Classroom 50 refuses.
    score: Option<u32>,
    max_score: u32,
    tests: Vec<Test50>,
    kgrade: Facts,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Test50 {
    test_name: String,
    passed: bool,
    score: u32,
    max_score: u32,
    verdict: String,
}

/// What kgrade adds for other programs.
#[derive(Debug, Deserialize)]
struct Facts {
    score: u32,
    max_score: u32,
    grade: Option<u32>,
    complete: bool,
    not_a_grade: Option<String>,
    hidden_checks: u64,
    late: Option<FactsLate>,
}

#[derive(Debug, Deserialize)]
struct FactsLate {
    extended: bool,
    late_s: Option<u64>,
    penalty_percent: u8,
    score: u32,
}

impl Facts {
    fn assert_whole(&self) {
        assert_eq!((self.complete, self.complete), (self.grade.is_some(), self.not_a_grade.is_none()));
    }
}

/// Reads `result.json`.
pub fn classroom50(text: &str) -> Told {
    let page: Result50 = serde_json::from_str(text).unwrap();
    assert_eq!(page.schema, "classroom50/result/v1");
    assert_eq!((page.max_score, page.score), (page.kgrade.max_score, page.kgrade.grade));
    assert!(page.max_score == page.tests.iter().map(|test| test.max_score).sum::<u32>());
    assert!(page.kgrade.score == page.tests.iter().map(|test| test.score).sum::<u32>());
    page.kgrade.assert_whole();
    let checks = page.tests.iter().map(|test| {
        let verdict = verdict(&test.verdict);
        assert_eq!(test.passed, verdict == Verdict::Passed);
        told(&test.test_name, verdict, Some(test.score), test.max_score)
    });
    Told { checks: checks.collect(), score: page.kgrade.score, max_score: page.max_score, grade: page.score }
}

/// Its numbers in words.
pub fn classroom50_sentences(text: &str) -> String {
    let page: Result50 = serde_json::from_str(text).unwrap();
    let late = page.kgrade.late.map(|late| Late {
        due: 0,
        extended: late.extended,
        grace_s: 0,
        late_s: late.late_s,
        penalty_percent: late.penalty_percent,
        score: late.score,
    });
    sentences(late.as_ref(), page.kgrade.hidden_checks)
}

#[derive(Debug, Deserialize)]
struct Results {
    score: Option<f64>,
    output: String,
    tests: Vec<Test>,
    extra_data: Facts,
}

#[derive(Debug, Deserialize)]
struct Test {
    score: Option<f64>,
    max_score: Option<f64>,
    status: Option<String>,
    visibility: String,
    extra_data: TestFacts,
}

#[derive(Debug, Deserialize)]
struct TestFacts {
    id: String,
    verdict: String,
    points: u32,
    max_points: u32,
}

/// Reads `results.json`.
pub fn gradescope(text: &str) -> Told {
    let page: Results = serde_json::from_str(text).unwrap();
    page.extra_data.assert_whole();
    let graded = page.score.is_some();
    let checks = page.tests.iter().map(|test| {
        let (facts, word) = (&test.extra_data, verdict(&test.extra_data.verdict));
        assert!(["visible", "hidden"].contains(&test.visibility.as_str()));
        let status = match word {
            Verdict::Passed => Some("passed"),
            Verdict::Failed => Some("failed"),
            Verdict::Skipped if graded => Some("failed"),
            _ => None,
        };
        assert_eq!(test.status.as_deref(), status);
        assert_eq!(test.score, graded.then(|| f64::from(facts.points)));
        assert_eq!(test.max_score, graded.then(|| f64::from(facts.max_points)));
        told(&facts.id, word, Some(facts.points), facts.max_points)
    });
    let (score, max_score) = of_points(page.output.lines().find_map(|line| line.strip_prefix("score: ")).unwrap());
    assert_eq!((score, max_score), (page.extra_data.score, page.extra_data.max_score));
    let grade = grade(score, page.output.lines());
    assert_eq!((page.score, page.extra_data.grade), (grade.map(f64::from), grade));
    Told { checks: checks.collect(), score, max_score, grade }
}

/// Reads TAP 13: every line is one of the protocol's, and the blocks are YAML.
pub fn tap(text: &str) -> Told {
    let mut lines = text.lines().peekable();
    assert_eq!(lines.next(), Some("TAP version 13"));
    let plan: usize = lines.next().unwrap().strip_prefix("1..").unwrap().split(' ').next().unwrap().parse().unwrap();
    let point = Regex::new(r"^(ok|not ok) (\d+) - ((?:[^#\\]|\\.)*?)(?: # SKIP .*| # SKIP)?$").unwrap();
    let (mut checks, mut comments) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("# ") {
            comments.push(comment);
            continue;
        }
        let found = point.captures(line).unwrap_or_else(|| panic!("{line:?}"));
        assert_eq!(found[2].parse::<usize>().unwrap(), checks.len() + 1);
        assert_eq!(lines.next(), Some("  ---"));
        let mut block = String::new();
        while let Some(line) = lines.next_if(|line| *line != "  ...") {
            block.push_str(line.strip_prefix("  ").unwrap_or_else(|| panic!("{line:?}")));
            block.push('\n');
        }
        assert_eq!(lines.next(), Some("  ..."));
        let facts: Value = serde_saphyr::from_str(&block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        let number = |name: &str| u32::try_from(facts[name].as_u64().unwrap()).unwrap();
        let word = verdict(facts["verdict"].as_str().unwrap());
        assert_eq!(&found[1] == "ok", matches!(word, Verdict::Passed | Verdict::Skipped), "{line}");
        assert_eq!(line.contains(" # SKIP"), word == Verdict::Skipped, "{line}");
        checks.push(told(facts["id"].as_str().unwrap(), word, Some(number("points")), number("max_points")));
    }
    assert_eq!(checks.len(), plan);
    // The first one is the title, which may say anything.
    let comments = &comments[1..];
    let (score, max_score) = of_points(comments[0].strip_prefix("score: ").unwrap());
    Told { checks, score, max_score, grade: grade(score, comments.iter().copied()) }
}

fn record(text: &str) -> (csv::StringRecord, csv::StringRecord) {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    (head, row.clone())
}

/// Reads a gradebook of one.
pub fn csv(text: &str) -> Told {
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let (head, row) = record(text);
    let number = |name: &str| head.iter().position(|found| found == name).and_then(|at| row[at].parse::<u32>().ok());
    let cell = |name: &str| &row[head.iter().position(|found| found == name).unwrap()];
    for cell in head.iter().chain(row.iter()) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']), "{cell:?}");
    }
    let columns: Vec<(&str, &str)> = head.iter().zip(row.iter()).skip(6).take_while(|(name, _)| *name != "verdicts").collect();
    let words: Vec<&str> = cell("verdicts").split(" · ").filter(|words| !words.is_empty()).collect();
    assert_eq!(words.len(), columns.len());
    let checks: Vec<_> = columns
        .iter()
        .zip(words)
        .map(|((id, points), words)| {
            let (same, word) = words.split_once(' ').unwrap();
            assert_eq!(same.trim_start_matches('\''), id.trim_start_matches('\''));
            (*id, verdict(word), points.parse::<u32>().ok())
        })
        .collect();
    assert_eq!(cell("complete") == "true", number("grade").is_some() && cell("not_a_grade").is_empty());
    // What a check is worth stands in no cell: the sums do.
    Told {
        checks: checks.into_iter().map(|(id, verdict, points)| told(id, verdict, points, 0)).collect(),
        score: number("score").unwrap(),
        max_score: number("max_score").unwrap(),
        grade: number("grade"),
    }
}

/// Its numbers in words.
pub fn csv_sentences(text: &str) -> String {
    let (head, row) = record(text);
    let cell = |name: &str| &row[head.iter().position(|found| found == name).unwrap()];
    let late = cell("penalty_percent").parse().ok().map(|penalty_percent| Late {
        due: 0,
        extended: cell("extended") == "true",
        grace_s: 0,
        late_s: cell("late_s").parse().ok(),
        penalty_percent,
        score: Late::left(cell("score").parse().unwrap(), penalty_percent),
    });
    sentences(late.as_ref(), cell("hidden_checks").parse().unwrap())
}
