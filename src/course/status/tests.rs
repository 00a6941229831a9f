use super::testing::{Learner, carried};
use super::*;
use crate::lab::Lab;
use crate::outcome::Verdict;

fn status(course: &Course, learner: &Learner<'_>, answered: &[(u32, usize)], begun: &[&str]) -> Status {
    let begun: Vec<String> = begun.iter().map(|lab| (*lab).to_owned()).collect();
    Status::of(&Known { course, labs: &learner.standings(), entries: &learner.entries, answered, begun: &begun })
}

/// The labs of the first two weeks, passed on one day each.
fn through(labs: &[Lab], count: u64) -> Learner<'_> {
    let mut learner = Learner::new(labs);
    (0..count).for_each(|nth| learner.passes_all(nth, &format!("lab-{:02}", nth + 1)));
    learner
}

fn criterion<'a>(status: &'a Status, line: &str) -> &'a CriterionStatus {
    status.blocks.iter().flat_map(|block| &block.criteria).find(|criterion| criterion.criterion == line).unwrap()
}

#[test]
fn a_criterion_is_met_when_all_its_checks_of_its_days_have_passed() {
    let (course, labs) = carried();
    let mut learner = Learner::new(&labs);
    let line = "Built reliable consumer with manual offset commits";
    let state = |learner: &Learner<'_>| criterion(&status(&course, learner, &[], &[]), line).state;
    assert_eq!(state(&learner), CriterionState::Open);
    learner.runs(0, "lab-02", |id| if id == "manual-commit" { Verdict::Inconclusive } else { Verdict::Passed });
    assert_eq!(state(&learner), CriterionState::Open);
    learner.fails(0, "lab-02", "manual-commit");
    assert_eq!(state(&learner), CriterionState::Failed);
    learner.passes_all(0, "lab-02");
    assert_eq!(state(&learner), CriterionState::Met);
    let now = status(&course, &learner, &[], &[]);
    // A check of lab-02 serves a criterion of the days before: it is theirs to show.
    assert_eq!(criterion(&now, "Accessed Kafka UI and created first topic").checks, ["lab-01/kafka-ui", "lab-01/first-topic"]);
    assert_eq!(criterion(&now, "Build transactional producers").state, CriterionState::NotGraded);
}

#[test]
fn labs_that_are_not_graded_yet_block_nothing() {
    let (course, labs) = carried();
    let learner = through(&labs, 6);
    let now = status(&course, &learner, &[(1, 4), (2, 4)], &[]);
    let states: Vec<LabState> = now.blocks.iter().flat_map(|block| &block.labs).map(|lab| lab.state).collect();
    assert_eq!(states.iter().filter(|state| **state == LabState::Passed).count(), 6);
    assert_eq!(states.iter().filter(|state| **state == LabState::NotGraded).count(), 19);
    assert!(now.checkpoints.iter().all(|checkpoint| checkpoint.reached));
    assert_eq!(now.next, Next::Checkpoint { week: 2 });
}

#[test]
fn what_comes_next_is_one_thing() {
    let (course, labs) = carried();
    let next = |learner: &Learner<'_>, answered: &[(u32, usize)], begun: &[&str]| status(&course, learner, answered, begun).next;
    let begin = |lab: &str| Next::Init { lab: lab.to_owned() };
    let mut learner = Learner::new(&labs);
    assert_eq!(next(&learner, &[], &[]), begin("lab-01"));
    assert_eq!(next(&learner, &[], &["lab-01"]), Next::Grade { lab: "lab-01".to_owned(), failed: Vec::new(), open: 6 });
    learner.passes_all(0, "lab-01");
    assert_eq!(next(&learner, &[], &[]), begin("lab-02"));
    learner.fails(1, "lab-02", "keyed");
    assert_eq!(next(&learner, &[], &[]), Next::Grade { lab: "lab-02".to_owned(), failed: vec!["keyed".to_owned()], open: 1 });
    learner.passes_all(1, "lab-02");
    assert_eq!(next(&learner, &[], &[]), Next::Review { week: 1 }, "while it is fresh");
    assert_eq!(next(&learner, &[(1, 3)], &[]), Next::Review { week: 1 }, "one question is open");
    assert_eq!(next(&learner, &[(1, 4)], &[]), begin("lab-03"));
}

#[test]
fn a_review_is_due_when_its_week_is_over() {
    let (course, labs) = carried();
    let due = |learner: &Learner<'_>, answered: &[(u32, usize)]| -> Vec<u32> {
        let reviews = status(&course, learner, answered, &[]).reviews;
        reviews.iter().filter(|review| review.due).map(|review| review.week).collect()
    };
    let mut learner = Learner::new(&labs);
    for day in 0..4 {
        learner.fails(day, "lab-01", "concepts");
        assert!(due(&learner, &[]).is_empty(), "day {day}");
    }
    learner.fails(4, "lab-01", "concepts");
    assert_eq!(due(&learner, &[]), [1], "five days with results, whatever came of them");
    assert!(due(&learner, &[(1, 4)]).is_empty());
    // A slow learner works on; the lab comes before what is due by the days alone.
    assert!(matches!(status(&course, &learner, &[], &[]).next, Next::Grade { lab, .. } if lab == "lab-01"));
    assert_eq!(due(&through(&labs, 2), &[]), [1], "all labs of the week, in two days");
    assert_eq!(due(&through(&labs, 6), &[(1, 4)]), [2]);
    assert_eq!(
        status(&course, &through(&labs, 2), &[(1, 2)], &[]).reviews,
        [ReviewStatus { week: 1, answered: 2, questions: 4, due: true }]
    );
}

#[test]
fn a_checkpoint_needs_every_check_of_every_line() {
    let (course, labs) = carried();
    let week_1 = |learner: &Learner<'_>| status(&course, learner, &[], &[]).checkpoints.remove(0);
    let mut learner = through(&labs, 2);
    assert!(week_1(&learner).reached);
    learner.fails(5, "lab-02", "keyed");
    let missed = week_1(&learner);
    assert!(!missed.reached);
    assert_eq!(missed.lines.iter().map(|line| line.shown).collect::<Vec<_>>(), [true, false, true]);
    let keyed = missed.lines[1].checks.iter().find(|check| check.check == "lab-02/keyed").unwrap();
    assert_eq!(keyed.state, State::Failed);
    assert_eq!(keyed.by.as_ref().map(|by| (by.seed, by.earlier_version)), Some((7, false)));
}

#[test]
fn a_line_whose_check_this_kgrade_does_not_have_is_not_shown() {
    let (mut course, labs) = carried();
    course.checkpoints[0].lines[2].shown_by = vec!["lab-99/x".parse().unwrap()];
    let checkpoint = status(&course, &through(&labs, 6), &[], &[]).checkpoints.remove(0);
    assert!(!checkpoint.reached && !checkpoint.lines[2].shown);
    course.checkpoints[0].lines[2].shown_by = Vec::new();
    assert!(!status(&course, &through(&labs, 6), &[], &[]).checkpoints[0].reached);
}
