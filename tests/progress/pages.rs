//! What status and checkpoint say: at every width, as files, and as JSON that fits its schema.

use std::path::{Path, PathBuf};

use kgrade::course::Course;
use kgrade::course::Moment;
use kgrade::course::progress::{Entry, LabStanding, Store};
use kgrade::course::status::{CheckpointStatus, Known, Status};
use kgrade::exit;
use kgrade::lab::{Lab, find};
use kgrade::outcome::Verdict;
use kgrade::report::course::checkpoint::{self, Report};
use kgrade::report::course::commands::Place;
use kgrade::report::course::{roadmap, status};
use kgrade::report::terminal::Style;
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use super::desk::{Desk, MONDAY, at, lab, outcome};

const WIDTHS: [usize; 3] = [44, 80, 100];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn expect(actual: &str, name: &str) {
    let expected = Data::read_from(&root().join("fixtures/course").join(name), Some(DataFormat::Text)).raw();
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual.to_owned()).raw(), expected);
}

/// A learner in the second week: lab-01 by an earlier version of it, lab-02 done after a failure, lab-03 not right yet.
fn desk() -> Desk {
    let desk = Desk::new();
    let mut old = outcome("lab-01", 7, |_| Verdict::Passed);
    "0ld".clone_into(&mut old.run.checks_digest);
    Store::at(desk.work()).record(&old, at(0)).unwrap();
    desk.result(1, "lab-02", |id| if id == "manual-commit" { Verdict::Failed } else { Verdict::Passed });
    desk.passes(2, "lab-02");
    desk.result(6, "lab-03", |id| match id {
        "durable-no-loss" => Verdict::Failed,
        "throughput-batches" => Verdict::Inconclusive,
        "throughput-pays" => Verdict::Skipped,
        _ => Verdict::Passed,
    });
    std::fs::create_dir(desk.work().join("reviews")).unwrap();
    std::fs::write(desk.work().join("reviews/week-1.md"), "## What did I learn this week?\nkeys\n").unwrap();
    desk
}

/// Everything that the pages are made from, as the command has it.
fn known<T>(desk: &Desk, answered: &[(u32, usize)], work_out: impl FnOnce(&Known<'_>) -> T) -> T {
    let course = Course::of(None).unwrap().unwrap();
    let labs: Vec<Lab> = find::names(None).unwrap().iter().map(|name| lab(name)).collect();
    let entries: Vec<Entry> = Store::at(desk.work()).read().unwrap().entries;
    let standings: Vec<_> = labs.iter().map(|lab| LabStanding::of(lab, &entries)).collect();
    work_out(&Known { course: &course, labs: &standings, entries: &entries, answered, begun: &[] })
}

/// A lab's file changes more often than what is said about it.
fn settled(text: &str) -> String {
    find::names(None).unwrap().iter().fold(text.to_owned(), |text, name| {
        let digest = lab(name).digest;
        text.replace(&digest, &"d".repeat(64)).replace(&digest[..12], &"d".repeat(12))
    })
}

fn fits(text: &str, width: usize) {
    // Names and commands are not broken.
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > width && line.trim().contains(' ')).collect();
    assert!(wide.iter().all(|line| line.trim_start().starts_with("kgrade ") || line.starts_with("Next: ")), "{width}: {wide:#?}");
}

#[test]
fn status_at_every_width() {
    let desk = desk();
    let status = known(&desk, &[(1, 1)], Status::of);
    for width in WIDTHS {
        let text = status::render(&status, &Place::default(), &Style { width, timings: false, ..Style::FILE });
        fits(&text, width);
        expect(&text, &format!("status.{width}.txt"));
        if width == 100 {
            let said = desk.kgrade(&["status"]);
            assert_eq!((said.stdout, said.stderr.as_str()), (text, ""));
        }
    }
    let plain = status::render(&status, &Place::default(), &Style { unicode: false, ..Style::FILE });
    assert!(plain.is_ascii(), "{plain}");
}

#[test]
fn commands_name_the_folders_that_are_not_the_usual_ones() {
    let desk = desk();
    let checks = root().join("checks").display().to_string();
    let work = desk.work().display().to_string();
    let said = desk.kgrade(&["status", &work, "--checks", &checks]).stdout;
    assert!(said.contains(&format!("kgrade review week-1 {work} --checks {checks}\n")), "{said}");
}

#[test]
fn somebody_below_the_work_is_told_where_it_is() {
    let desk = desk();
    std::fs::create_dir(desk.work().join("lab-03")).unwrap();
    let mut command = desk.command(&["status"]);
    let said = command.current_dir(desk.work().join("lab-03")).output().unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("there is no progress here, but in ") && said.contains("kgrade status /"), "{said}");
}

#[test]
fn json_fits_its_schema() {
    let desk = desk();
    let path = desk.work().join("week-1.json");
    desk.kgrade(&["checkpoint", "week-1", "--report", &format!("json={}", path.display())]);
    let line = std::fs::read_to_string(desk.file()).unwrap().lines().next().unwrap().to_owned();
    for (name, text) in
        [("status", desk.kgrade(&["status", "--json"]).stdout), ("checkpoint", std::fs::read_to_string(path).unwrap()), ("progress", line)]
    {
        let schema = std::fs::read_to_string(root().join(format!("checks/schema/{name}.v1.json"))).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str::<Value>(&schema).unwrap()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn a_checkpoint_at_every_width_and_as_files() {
    let desk = desk();
    for week in [1, 2] {
        let status = known(&desk, &[], |known| CheckpointStatus::of(known.course.checkpoint(week).unwrap(), known.labs));
        assert_eq!(status.reached, week == 1);
        let mut report = Report::new("Kafka Expert Training Roadmap", Some("ada"), Moment(MONDAY + 864_000), status);
        "0.1.0".clone_into(&mut report.kgrade);
        for width in WIDTHS {
            let text = checkpoint::render(&report, Some("kgrade lab-03"), &Style { width, timings: false, ..Style::FILE });
            fits(&text, width);
            expect(&settled(&text), &format!("checkpoint-{week}.{width}.txt"));
        }
        let markdown = "markdown=x".parse::<checkpoint::Target>().unwrap().format.render(&report).unwrap();
        expect(&settled(&markdown), &format!("checkpoint-{week}.md"));
    }
}

#[test]
fn a_checkpoint_is_reached_or_says_what_is_missing() {
    let desk = desk();
    let page = desk.work().join("page.html");
    let said = desk.kgrade(&["checkpoint", "week-1", "--learner", "ada", "--report", &format!("html={}", page.display())]);
    assert_eq!(said.code, Some(i32::from(exit::ALL_PASSED)), "{}", said.stderr);
    assert!(said.stdout.starts_with("Checkpoint, end of week 1: reached\n"), "{}", said.stdout);
    assert!(said.stdout.contains("practice runs") && said.stdout.contains("graded by an earlier"), "{}", said.stdout);
    let page = std::fs::read_to_string(page).unwrap();
    let document = scraper::Html::parse_document(&page);
    let texts = |what: &str| -> Vec<String> {
        let selector = scraper::Selector::parse(what).unwrap();
        document.select(&selector).map(|element| element.text().collect::<String>()).collect()
    };
    assert_eq!(texts(".result"), ["reached"]);
    assert_eq!(texts("section h2").len(), 3);
    assert!(texts("section td code").contains(&"lab-02/keyed".to_owned()), "{page}");

    let said = desk.kgrade(&["checkpoint", "week-2"]);
    assert_eq!(said.code, Some(i32::from(exit::SOMETHING_FAILED)));
    assert!(said.stdout.contains("failed  lab-03/durable-no-loss"), "{}", said.stdout);
    assert!(said.stdout.ends_with("Next: kgrade lab-03\n"), "{}", said.stdout);

    for (arguments, word) in [
        (vec!["checkpoint", "week-3"], "the course has: week-1, week-2"),
        (vec!["checkpoint", "week-1", "--report", "pdf=x"], "markdown, html, json"),
        (vec!["checkpoint", "week-1", "--report", "json=none/x"], "there is no folder none"),
        (vec!["checkpoint", "week-1", "--report", "json=x", "--report", "html=x"], "the same file"),
        (vec!["checkpoint", "week-1", "nowhere"], "there is no folder nowhere"),
    ] {
        let said = desk.kgrade(&arguments);
        assert_eq!(said.code, Some(i32::from(exit::USAGE)), "{arguments:?}: {}", said.stdout);
        assert!(said.stderr.contains(word), "{}", said.stderr);
    }
}

#[test]
fn a_course_with_a_wrong_checkpoint_is_refused() {
    let desk = desk();
    let checks = desk.work().join("checks");
    std::fs::create_dir_all(checks.join("lab-02")).unwrap();
    std::fs::copy(root().join("checks/lab-02/lab.yaml"), checks.join("lab-02/lab.yaml")).unwrap();
    let course = std::fs::read_to_string(root().join("checks/course.yaml")).unwrap();
    std::fs::write(checks.join("course.yaml"), course.replace("lab-02/keyed]", "lab-02/keyd]")).unwrap();
    let checks = checks.display().to_string();
    for arguments in [vec!["lint", "--checks", &checks], vec!["checkpoint", "week-1", "--checks", &checks]] {
        let said = desk.kgrade(&arguments);
        assert_eq!(said.code, Some(i32::from(exit::USAGE)), "{arguments:?}: {}", said.stdout);
        assert!(said.stderr.contains("there is no check `"), "{}", said.stderr);
    }
    let said = desk.kgrade(&["lint", "--checks", &checks]).stderr;
    assert!(said.contains("there is no check `lab-02/keyd`; did you mean `keyed`?"), "{said}");
}

#[test]
fn the_roadmap_fits_every_width() {
    let course = Course::of(None).unwrap().unwrap();
    for width in WIDTHS {
        for week in (1..=8).map(Some).chain([None]) {
            let text = roadmap::render(&course, week, &find::names(None).unwrap(), &Style { width, timings: false, ..Style::FILE });
            fits(&text, width);
            assert!(text.is_ascii());
        }
    }
    let desk = Desk::new();
    let week = desk.kgrade(&["roadmap", "--week", "3"]).stdout;
    assert!(week.contains("Day 11-15: Producer Patterns") && !week.contains("Day 16-20"), "{week}");
    assert!(week.contains("Labs: lab-07, lab-08, lab-09 (not graded by this kgrade yet)"), "{week}");
    assert_eq!(desk.kgrade(&["roadmap", "--week", "9"]).code, Some(i32::from(exit::USAGE)));
    assert!(!Path::new(&desk.file()).exists(), "looking at the course begins no progress");
}
