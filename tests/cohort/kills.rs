//! Kills at any moment: nothing is lost, nothing is graded twice, nothing is left.

use rustix::process::Signal;

use crate::hall::{Hall, names};
use crate::processes::{send, until};
use kgrade::report::cohort::State;

fn many(how: &str, count: usize) -> Hall {
    let ids: Vec<String> = (0..count).map(|n| format!("s{n:03}")).collect();
    let submissions: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), how)).collect();
    Hall::new(&submissions)
}

#[test]
fn a_batch_that_is_killed_again_and_again_grades_each_once() {
    const ALL: usize = 60;
    const LANES: usize = 4;
    let hall = many("slow", ALL);
    let words = ["--workers", "3", "--ahead", "1", "--resume"];
    let mut in_hand = 0;
    for kill in 1..=4 {
        let mut batch = hall.start(hall.batch(&words));
        until("some are graded", || (hall.journal("out").records.len() >= kill * 9).then_some(()));
        batch.kill().unwrap();
        batch.wait().unwrap();
        hall.assert_clean();
        in_hand += LANES;
        // What the journal tells of is there, whole.
        for id in hall.journal("out").records.keys() {
            assert!(hall.path(&format!("out/results/{id}/result.json")).is_file(), "{id}");
        }
    }
    let done = hall.journal("out").records.len();
    assert!((36..ALL).contains(&done), "{done}");
    let said = hall.ends(hall.batch(&words), 0);
    assert!(said.contains("60 of 60 submissions graded"), "{said}");
    let gradings = hall.gradings();
    assert_eq!(gradings.len(), ALL);
    let twice: usize = gradings.values().map(|count| count - 1).sum();
    assert!(twice <= in_hand, "{twice} were graded again after 4 kills of at most {LANES} in hand");
    assert!(hall.told("out").values().all(|told| (told.0, told.1) == (State::Graded, Some(100))));
    assert!(names(&hall.path("out/.hand")).is_empty());
    // Each stands in the journal once: a grade that was told of was never made again.
    let text = std::fs::read_to_string(hall.path("out/journal.jsonl")).unwrap();
    assert_eq!(text.matches("\"line\":\"done\"").count(), ALL);
    hall.assert_clean();
}

#[test]
fn ctrl_c_ends_what_is_in_hand_and_resume_goes_on() {
    for signal in [Signal::INT, Signal::TERM] {
        let hall = many("slow", 30);
        let mut batch = hall.start(hall.batch(&["--workers", "2"]));
        until("some are graded", || (hall.journal("out").records.len() >= 4).then_some(()));
        send(batch.id(), signal);
        assert_eq!(batch.wait().unwrap().code(), Some(130));
        hall.assert_clean();
        assert!(names(&hall.path("out/.hand")).is_empty(), "what was in hand is gone");
        let (done, told) = (hall.journal("out").records.len(), hall.told("out"));
        assert!((4..30).contains(&done));
        assert_eq!(told.values().filter(|told| told.0 == State::Open).count(), 30 - done, "the books know what is open");
        hall.ends(hall.batch(&["--resume"]), 0);
    }
}

#[test]
fn two_batches_do_not_share_a_folder() {
    let hall = many("hang", 2);
    let mut batch = hall.start(hall.batch(&[]));
    until("it has begun", || hall.path("graded").exists().then_some(()));
    let said = hall.ends(hall.batch(&["--resume"]), 2);
    assert!(said.contains("another kgrade writes in"), "{said}");
    batch.kill().unwrap();
    batch.wait().unwrap();
    hall.assert_clean();
}

#[test]
fn a_submission_that_vanishes_on_the_way_is_its_own_error() {
    let hall = many("slow", 12);
    let mut batch = hall.start(hall.batch(&["--workers", "1", "--ahead", "0"]));
    until("it has begun", || (!hall.journal("out").records.is_empty()).then_some(()));
    std::fs::remove_dir_all(hall.path("cohort/s011")).unwrap();
    assert_eq!(batch.wait().unwrap().code(), Some(5));
    let told = hall.told("out");
    assert!(told["s011"].0 == State::Error && told["s011"].2.contains("there is no folder"), "{:?}", told["s011"]);
    assert_eq!(told.values().filter(|told| told.0 == State::Graded).count(), 11);
}
