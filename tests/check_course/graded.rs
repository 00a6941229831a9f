//! Courses whose programs are graded for real, each with a broker of its own.

use std::process::Stdio;

use crate::processes::{belonging_to, until};
use crate::school::School;

/// What differs from run to run.
fn masked(text: &str) -> String {
    let took = regex::Regex::new(r" · [0-9.]+ (ms|s|min \d\d s)\b").unwrap().replace_all(text, " · TOOK").into_owned();
    regex::Regex::new(r"--seed \d+").unwrap().replace_all(&took, "--seed SEED").into_owned()
}

/// Each program with what belongs to it as one line, in a fixed order: programs end in any.
fn by_program(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match (line.starts_with(' '), found.last_mut()) {
            (true, Some(last)) => last.push_str(line),
            _ => found.push(line.to_owned()),
        }
    }
    let mut found: Vec<String> = found.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    found.sort();
    found
}

#[test]
fn a_solution_that_fails_a_mistake_that_passes_and_a_starter_that_passes_are_told() {
    let school = School::new();
    school.programs("fixtures/lab-90/solution", [0, 3]);
    school.programs("fixtures/lab-90/mistakes/first-fails", [0, 0]);
    school.programs("course/lab-90/starter", [0, 0]);
    let said = school.kgrade(&["check-course", "course", "--jobs", "2"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let alone = |folder: &str| format!("alone kgrade lab-90 --checks course --submission {folder} --seed SEED");
    let other = "1 thing is other than expected · TOOK expected";
    let mut expected = [
        "A small course".to_owned(),
        "1 lab · 2 checks · 100 points · 4 programs".to_owned(),
        "✓ lab-90 mistakes/second-fails fails second · TOOK".to_owned(),
        format!(
            "✗ lab-90 mistakes/first-fails {other} `first` fails observed `first` passed {}",
            alone("fixtures/lab-90/mistakes/first-fails")
        ),
        format!(
            "✗ lab-90 solution {other} `second` passes observed `second` failed: `second` ended with exit code 3 {}",
            alone("fixtures/lab-90/solution")
        ),
        format!("✗ lab-90 starter {other} at least one check fails observed every check passed {}", alone("course/lab-90/starter")),
        "✗ lab-90 3 things are wrong; 0 of 1 solution · 1 of 2 mistakes".to_owned(),
        "3 things are wrong in this course".to_owned(),
    ];
    expected.sort();
    assert_eq!(by_program(&masked(&said.text)).join("\n"), expected.join("\n"), "{}", said.text);
    assert!(school.left().is_empty(), "{:?}", school.left());
}

#[test]
fn a_course_in_which_nothing_can_be_graded_is_no_verdict() {
    let school = School::new();
    school.write("stand-in", "#!/bin/sh\necho 'error: there is no Java' >&2\nexit 3\n");
    let path = school.path("stand-in");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let said = school.kgrade(&["check-course", "course", "--kgrade", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(3), "{}", said.text);
    assert!(said.text.contains("error: no program could be graded: there is no Java"), "{}", said.text);
}

#[test]
fn a_lab_on_the_learners_own_cluster_is_left_out_and_says_why() {
    let school = School::new();
    school.change("course/lab-90/lab.yaml", "programs:\n", "cluster: { owner: learner }\nprograms:\n");
    school.write("fixtures/lab-90/steps.sh", "true\n");
    let said = school.kgrade(&["check-course", "course"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    let left = "- lab-90  not graded: it is about the learner's own cluster, and each of its programs needs one\n          \
                (fixtures/lab-90/steps.sh has the steps)\n";
    assert!(said.text.contains(left), "{}", said.text);
    assert!(said.text.ends_with("the course is as it should be, as far as it was graded\n"), "{}", said.text);
}

#[test]
fn a_run_that_is_killed_leaves_nothing() {
    let school = School::new();
    school.write("fixtures/lab-90/solution/first.sh", "sleep 600\n");
    let mut command = school.command(&["check-course", "course", "--jobs", "2"]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("a program is being graded", || (school.left().len() > 1).then_some(()));
    running.kill().unwrap();
    running.wait().unwrap();
    until("no process is left", || belonging_to(&school.path("")).is_empty().then_some(()));
    until("no folder is left", || school.left().is_empty().then_some(()));
}
