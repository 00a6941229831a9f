//! What shows without grading: one fault each, and what its author reads.
//!
//! `SNAPSHOTS=overwrite cargo test --test check_course faults` writes the texts anew.

use std::path::Path;

use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::school::School;

const COURSE: &str = "course/course.yaml";
const LAB: &str = "course/lab-90/lab.yaml";
const HANDOUT: &str = "course/lab-90/handout.md";
const EXPECT: &str = "fixtures/lab-90/mistakes/first-fails/expect.yaml";

type Fault = (&'static str, fn(&School));

/// Each with its name.
const FAULTS: &[Fault] = &[
    ("a course names no lab", |it| it.change(COURSE, "labs: [lab-90]", "labs: [lab-91]")),
    ("a course names a lab twice", |it| it.change(COURSE, "labs: [lab-90]", "labs: [lab-90, lab-90]")),
    ("a checkpoint names no check", |it| it.change(COURSE, "lab-90/first", "lab-90/frist")),
    ("no check serves a criterion", |it| it.change(COURSE, "- Ended two programs", "- Ended two programs\n          - Ended three")),
    ("a check has no criterion", |it| it.change(LAB, "    criterion: Ended two programs\n    points: 60\n", "    points: 60\n")),
    ("a criterion is not in the course", |it| it.change(LAB, "Ended two programs\n    points: 60", "Ended two program\n    points: 60")),
    ("points do not add up", |it| {
        it.change(LAB, "points: 60", "points: 50");
        it.change(HANDOUT, "60", "50");
    }),
    ("a check has no hint", |it| it.change(LAB, "    hint: Look at its exit code.\n  - id: second", "  - id: second")),
    ("a lab has another name than its folder", |it| it.change(LAB, "lab: lab-90", "lab: lab-09")),
    ("there is no handout", |it| it.remove(HANDOUT)),
    ("a handout leaves out a check", |it| it.change(HANDOUT, "| `second` | 40 | The second one, too. |\n", "")),
    ("a handout tells other points", |it| it.change(HANDOUT, "| 40 |", "| 30 |")),
    ("a handout leaves out a variable", |it| it.change(HANDOUT, " and `MODE`", "")),
    ("there is no right program", |it| it.remove("fixtures/lab-90/solution")),
    ("no mistake fails a check", |it| it.remove("fixtures/lab-90/mistakes/second-fails")),
    ("a mistake does not say what it fails", |it| it.remove(EXPECT)),
    ("a mistake fails what is not there", |it| it.change(EXPECT, "[first]", "[frist, first]")),
    ("a mistake has another name than its folder", |it| it.change(EXPECT, "mistake: first-fails", "mistake: first")),
    ("a key is not known", |it| it.change(EXPECT, "fails:", "failes:")),
    ("a right program says that it fails", |it| it.write("fixtures/lab-90/solution/expect.yaml", "fails: []\n")),
    ("a program stands in no place", |it| it.programs("fixtures/lab-90/no-such-place", [0, 0])),
    ("there are no programs", |it| it.remove("fixtures")),
];

#[test]
fn each_fault_is_told_with_its_place_and_what_to_do() {
    let mut told = String::new();
    for (name, make) in FAULTS {
        let school = School::new();
        make(&school);
        let said = school.kgrade(&["check-course", "course", "--static"]);
        assert_eq!(said.code, Some(1), "{name}\n{}", said.text);
        let lines = said.text.lines().skip(2).skip_while(|line| line.is_empty());
        told.push_str(&format!("# {name}\n{}\n\n", lines.collect::<Vec<_>>().join("\n")));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_course/faults.txt");
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(told).raw(), Data::read_from(&file, Some(DataFormat::Text)).raw());
}

#[test]
fn a_course_without_a_fault_says_so() {
    let school = School::new();
    let said = school.kgrade(&["check-course", "course", "--static"]);
    assert_eq!(
        (said.code, said.text.as_str()),
        (Some(0), "A small course\n1 lab · 2 checks · 100 points · 4 programs\n\nnothing is wrong, as far as it shows without grading\n")
    );
    school.change(COURSE, "labs: [lab-90]", "labs: [lab-90, lab-91]");
    let said = school.kgrade(&["check-course", "course", "--static"]);
    assert!(said.code == Some(0) && said.text.contains("not there yet: lab-91\n"), "{}", said.text);
}

#[test]
fn the_matrix_tells_which_mistake_fails_which_check() {
    let school = School::new();
    school.remove("fixtures/lab-90/mistakes/second-fails");
    let said = school.kgrade(&["check-course", "course", "--static", "--matrix"]);
    let matrix = "lab-90 Two programs that end\n  Ended two programs\n    ✓ first   first-fails\n    ✗ second  no mistake fails it\n";
    assert!(said.text.contains(matrix), "{}", said.text);
}

#[test]
fn what_is_no_course_is_refused() {
    let school = School::new();
    let refused = |arguments: &[&str], text: &str| {
        let said = school.kgrade(arguments);
        assert!(said.code == Some(2) && said.text.contains(text), "{:?}: {}", said.code, said.text);
    };
    refused(&["check-course", "nowhere"], "there is no folder nowhere");
    refused(&["check-course", "fixtures"], "there is no course.yaml in fixtures; kgrade new lab fixtures/lab-01 writes one");
    refused(&["check-course", "course", "--lab", "lab-9"], "there is no lab `lab-9`; did you mean `lab-90`?");
    refused(&["check-course", "course", "--lab", "course/lab-90"], "`course/lab-90` is a path; name the lab");
    school.change(COURSE, "title: A small course", "titel: A small course");
    refused(&["check-course", "course"], "course.yaml is no course");
}

#[test]
fn one_lab_can_be_looked_at_alone() {
    let school = School::new();
    school.change(COURSE, "shown_by: [lab-90/first]", "shown_by: [lab-90/frist]");
    let code = |words: &[&str]| school.kgrade(&[&["check-course", "course", "--static"], words].concat()).code;
    assert_eq!((code(&[]), code(&["--lab", "lab-90"])), (Some(1), Some(0)), "the checkpoint is the course's matter");
}
