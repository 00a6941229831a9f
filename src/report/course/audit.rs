//! A course under test: what is wrong with it, what came of each of its programs, which mistake fails which check.

use super::sheet::Sheet;
use crate::course::audit::{Audit, LabAudit};
use crate::course::conform::Difference;
use crate::course::fixtures::Role;
use crate::lab::{Check, Lab};
use crate::outcome::Verdict;
use crate::report::terminal::Style;
use crate::report::words::{count, duration};

/// What came of a program.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The lab.
    pub lab: String,
    /// The program, for example `mistakes/no-key`.
    pub program: String,
    /// What it is there for.
    pub role: Role,
    /// What came of it.
    pub ending: Ending,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The command that grades it alone.
    pub alone: String,
}

/// What came of a program.
#[derive(Debug, Clone)]
pub enum Ending {
    /// It was graded as it was to be.
    AsWanted {
        /// The checks that failed.
        failed: Vec<String>,
        /// Points reached.
        score: u32,
        /// Points that can be reached.
        max_score: u32,
    },
    /// It was graded otherwise.
    Otherwise(Vec<Difference>),
    /// It could not be graded; why.
    NotGraded(String),
    /// It was not tried; why.
    Left(String),
}

impl Tried {
    /// Whether the course is wrong here.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.ending, Ending::Otherwise(_) | Ending::NotGraded(_))
    }
}

/// What can be said without grading.
#[must_use]
pub fn seen(audit: &Audit, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    let labs = audit.labs.iter().filter_map(|lab| lab.lab.as_ref());
    let checks = labs.clone().map(|lab| lab.checks.len() as u64).sum();
    let points = labs.map(|lab| u64::from(lab.points)).sum();
    let programs = audit.labs.iter().map(|lab| lab.programs.len() as u64).sum();
    sheet.heading(&audit.title);
    sheet.text(
        "",
        &format!(
            "{} · {} · {} · {}",
            count(audit.labs.len() as u64, "lab", "labs"),
            count(checks, "check", "checks"),
            count(points, "point", "points"),
            count(programs, "program", "programs")
        ),
    );
    if !audit.awaited.is_empty() {
        sheet.aside("not there yet: ", &audit.awaited.join(", "));
    }
    sheet.gap();
    let told = audit.labs.iter().flat_map(|lab| lab.faults.iter().map(|fault| (lab.name.as_str(), fault)));
    let told: Vec<(&str, &String)> = audit.faults.iter().map(|fault| ("course.yaml", fault)).chain(told).collect();
    let width = told.iter().map(|(place, _)| place.len()).max().unwrap_or(0);
    for (place, fault) in told {
        sheet.marked("", Verdict::Failed, place, width, fault);
    }
    sheet.gap();
    sheet.finish()
}

/// The widths that all lines of programs share.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns {
    name: usize,
}

impl Columns {
    /// For all programs of a course.
    #[must_use]
    pub fn of(audit: &Audit) -> Self {
        let name = |lab: &LabAudit| lab.programs.iter().map(|(program, _)| lab.name.len() + 1 + program.name.len()).max().unwrap_or(0);
        Self { name: audit.labs.iter().map(name).max().unwrap_or(0) }
    }
}

/// A program that has ended: a line, and what is wrong when something is.
#[must_use]
pub fn tried(tried: &Tried, columns: Columns, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    let name = format!("{} {}", tried.lab, tried.program);
    let (verdict, text) = match &tried.ending {
        Ending::AsWanted { failed, score, max_score } => (Verdict::Passed, as_wanted(tried.role, failed, *score, *max_score)),
        Ending::Otherwise(differences) => {
            let n = differences.len() as u64;
            (Verdict::Failed, format!("{} {} other than expected", count(n, "thing", "things"), if n == 1 { "is" } else { "are" }))
        }
        Ending::NotGraded(why) => (Verdict::Error, format!("not graded: {why}")),
        Ending::Left(why) => (Verdict::Skipped, format!("skipped: {why}")),
    };
    let took = if matches!(tried.ending, Ending::Left(_)) { String::new() } else { format!(" · {}", duration(tried.took_ms)) };
    sheet.marked("", verdict, &name, columns.name, &format!("{text}{took}"));
    if let Ending::Otherwise(differences) = &tried.ending {
        for difference in differences {
            sheet.text("  expected  ", &difference.expected);
            sheet.text("  observed  ", &difference.observed);
        }
    }
    if tried.is_wrong() {
        sheet.command("  alone     ", &tried.alone);
    }
    sheet.finish()
}

fn as_wanted(role: Role, failed: &[String], score: u32, max_score: u32) -> String {
    let fails = format!("fails {}", failed.join(", "));
    match role {
        Role::Starter => format!("{score} of {}, {fails}", count(max_score.into(), "point", "points")),
        Role::Solution | Role::AlsoRight => "passes every check".to_owned(),
        Role::Mistake => fails,
    }
}

/// The sum by lab, and what it all comes to; `graded` is false when nothing was to be graded.
#[must_use]
pub fn summary(audit: &Audit, tried: &[Tried], graded: bool, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    let width = audit.labs.iter().map(|lab| lab.name.len()).max().unwrap_or(0);
    for lab in audit.labs.iter().filter(|_| graded) {
        let own: Vec<&Tried> = tried.iter().filter(|tried| tried.lab == lab.name).collect();
        let wrong = lab.wrong() + own.iter().filter(|tried| tried.is_wrong()).count();
        let (verdict, text) = match (&lab.left, wrong) {
            (Some(left), 0) => (Verdict::Skipped, format!("not graded: it {}", left)),
            (Some(left), _) => (Verdict::Failed, format!("{}; not graded: it {left}", amiss(wrong))),
            (None, 0) => (Verdict::Passed, sums(&own)),
            (None, _) => (Verdict::Failed, format!("{}; {}", amiss(wrong), sums(&own))),
        };
        sheet.marked("", verdict, &lab.name, width, &text);
    }
    let wrong = audit.wrong() + tried.iter().filter(|tried| tried.is_wrong()).count();
    let left = audit.labs.iter().filter(|lab| lab.left.is_some()).count()
        + tried.iter().filter(|one| matches!(one.ending, Ending::Left(_))).count();
    sheet.gap();
    sheet.heading(&match (wrong, graded, left) {
        (0, false, _) => "nothing is wrong, as far as it shows without grading".to_owned(),
        (0, true, 0) => "the course is as it should be".to_owned(),
        (0, true, _) => "the course is as it should be, as far as it was graded".to_owned(),
        _ => format!("{} in this course", amiss(wrong)),
    });
    // The lines of the programs stand before.
    let lead = if tried.is_empty() { "" } else { "\n" };
    format!("{lead}{}", sheet.finish())
}

fn amiss(wrong: usize) -> String {
    format!("{} {} wrong", count(wrong as u64, "thing", "things"), if wrong == 1 { "is" } else { "are" })
}

/// How many of each kind came out as they were to.
fn sums(own: &[&Tried]) -> String {
    let sum = |role: Role, one: &str, many: &str| {
        let of: Vec<_> = own.iter().filter(|tried| tried.role == role && !matches!(tried.ending, Ending::Left(_))).collect();
        let right = of.iter().filter(|tried| !tried.is_wrong()).count();
        (!of.is_empty()).then(|| format!("{right} of {}", count(of.len() as u64, one, many)))
    };
    let starter = own.iter().find_map(|tried| match &tried.ending {
        Ending::AsWanted { score, max_score, .. } if tried.role == Role::Starter => {
            Some(format!("starter {score} of {}", count((*max_score).into(), "point", "points")))
        }
        _ => None,
    });
    let left = own.iter().filter(|tried| matches!(tried.ending, Ending::Left(_))).count();
    let parts = [
        sum(Role::Solution, "solution", "solutions"),
        sum(Role::AlsoRight, "other right program", "other right programs"),
        sum(Role::Mistake, "mistake", "mistakes"),
        starter,
        (left > 0).then(|| format!("{left} skipped")),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() { "nothing was graded".to_owned() } else { said.join(" · ") }
}

/// For each line of the course that a lab serves, its checks, and the mistakes that fail each.
#[must_use]
pub fn matrix(audit: &Audit, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    for (audit, lab) in audit.labs.iter().filter_map(|audit| Some((audit, audit.lab.as_ref()?))) {
        sheet.gap();
        sheet.heading(&format!("{}  {}", lab.name, lab.title));
        let width = lab.checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
        for criterion in criteria(lab) {
            sheet.text("  ", criterion.unwrap_or("(no line of the course)"));
            for check in lab.checks.iter().filter(|check| check.criterion.as_deref() == criterion) {
                let (verdict, text) = proof(audit, check);
                sheet.marked("    ", verdict, &check.id, width, &text);
            }
        }
    }
    sheet.gap();
    sheet.finish()
}

/// The lines that a lab serves, in the order of its checks, each once.
fn criteria(lab: &Lab) -> Vec<Option<&str>> {
    let mut found: Vec<Option<&str>> = Vec::new();
    for criterion in lab.checks.iter().map(|check| check.criterion.as_deref()) {
        if !found.contains(&criterion) {
            found.push(criterion);
        }
    }
    found
}

fn proof(audit: &LabAudit, check: &Check) -> (Verdict, String) {
    let failing: Vec<&str> = audit.mistakes().filter(|(_, expect)| expect.fails.contains(&check.id)).map(|(name, _)| name).collect();
    if failing.is_empty() { (Verdict::Failed, "no mistake fails it".to_owned()) } else { (Verdict::Passed, failing.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(role: Role, program: &str, ending: Ending) -> Tried {
        Tried {
            lab: "lab-30".to_owned(),
            program: program.to_owned(),
            role,
            ending,
            took_ms: 2_100,
            alone: format!("kgrade lab-30 --submission fixtures/lab-30/{program}"),
        }
    }

    fn told(tried: &Tried) -> String {
        super::tried(tried, Columns { name: 20 }, &Style::FILE)
    }

    #[test]
    fn a_program_is_a_line_and_what_differs_is_told_with_the_command() {
        let right = Ending::AsWanted { failed: Vec::new(), score: 100, max_score: 100 };
        assert_eq!(told(&one(Role::Solution, "solution", right)), "✓ lab-30 solution       passes every check · 2.1 s\n");
        let wrong = Ending::AsWanted { failed: vec!["a".into(), "b".into()], score: 10, max_score: 100 };
        assert_eq!(told(&one(Role::Mistake, "mistakes/x", wrong.clone())), "✓ lab-30 mistakes/x     fails a, b · 2.1 s\n");
        assert_eq!(told(&one(Role::Starter, "starter", wrong)), "✓ lab-30 starter        10 of 100 points, fails a, b · 2.1 s\n");
        let difference = Difference { expected: "`a` fails".into(), observed: "`a` passed".into() };
        assert_eq!(
            told(&one(Role::Mistake, "mistakes/x", Ending::Otherwise(vec![difference]))),
            "✗ lab-30 mistakes/x     1 thing is other than expected · 2.1 s\n  expected  `a` fails\n  observed  `a` passed\n  \
             alone     kgrade lab-30 --submission fixtures/lab-30/mistakes/x\n"
        );
        let why = "no Java\u{1b}[2J";
        assert!(
            told(&one(Role::Starter, "starter", Ending::NotGraded(why.into())))
                .starts_with("! lab-30 starter        not graded: no Java · 2.1 s\n")
        );
        assert_eq!(
            told(&one(Role::AlsoRight, "also-right/go", Ending::Left("needs go".into()))),
            "- lab-30 also-right/go  skipped: needs go\n"
        );
    }

    #[test]
    fn the_sum_counts_each_kind() {
        let right = || Ending::AsWanted { failed: vec!["a".into()], score: 0, max_score: 100 };
        let tried = [
            one(Role::Starter, "starter", right()),
            one(Role::Solution, "solution", right()),
            one(Role::Mistake, "mistakes/x", right()),
            one(Role::Mistake, "mistakes/y", Ending::Otherwise(Vec::new())),
            one(Role::AlsoRight, "also-right/go", Ending::Left("needs go".into())),
        ];
        let lab = |left: Option<&str>| LabAudit {
            name: "lab-30".into(),
            lab: None,
            findings: Vec::new(),
            faults: Vec::new(),
            programs: Vec::new(),
            left: left.map(str::to_owned),
        };
        let audit = |left| Audit { title: "T".into(), faults: Vec::new(), awaited: Vec::new(), labs: vec![lab(left)] };
        assert_eq!(
            summary(&audit(None), &tried, true, &Style::FILE),
            "\n✗ lab-30  1 thing is wrong; 1 of 1 solution · 1 of 2 mistakes · starter 0 of 100 points · 1 skipped\n\n1 thing is wrong in this course\n"
        );
        assert_eq!(
            summary(&audit(Some("needs steps")), &[], true, &Style::FILE),
            "- lab-30  not graded: it needs steps\n\nthe course is as it should be, as far as it was graded\n"
        );
        assert_eq!(summary(&audit(None), &[], false, &Style::FILE), "nothing is wrong, as far as it shows without grading\n");
    }
}
