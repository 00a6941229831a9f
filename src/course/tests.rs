use super::*;
use crate::course::audit::served::unserved;
use crate::lab::model::Lab;
use crate::lab::{Bindings, find};

fn carried() -> Course {
    Course::of(None).unwrap().unwrap()
}

fn labs() -> Vec<Lab> {
    let bindings = Bindings { run_id: "course".into(), seed: 1 };
    find::names(None).unwrap().iter().map(|name| find::find(name, None).unwrap().resolve(&bindings).unwrap()).collect()
}

#[test]
fn the_days_and_weeks_follow_each_other_and_every_lab_stands_once() {
    let course = carried();
    let (mut week, mut day) = (1, 1);
    for part in &course.parts {
        assert_eq!(part.weeks.from, week, "{}", part.title);
        week = part.weeks.to + 1;
        for block in &part.blocks {
            assert_eq!(block.days.from, day, "{}", block.title);
            day = block.days.to + 1;
        }
    }
    assert_eq!((week, day), (9, 41), "eight weeks of five days");
    let labs: Vec<_> = course.labs().cloned().collect();
    assert_eq!(labs, (1..=25).map(|number| format!("lab-{number:02}")).collect::<Vec<_>>());
}

#[test]
fn every_criterion_of_a_built_week_has_a_check() {
    let missing = unserved(&carried(), &labs());
    assert!(missing.is_empty(), "no check has these as its criterion: {missing:#?}");
}

#[test]
fn a_criterion_without_a_check_is_found() {
    let (mut course, labs) = (carried(), labs());
    let block = course.parts.iter_mut().flat_map(|part| &mut part.blocks).find(|block| block.labs == ["lab-02"]).unwrap();
    block.criteria.push("Rode a bicycle".to_owned());
    assert_eq!(unserved(&course, &labs), ["Rode a bicycle"]);
}

#[test]
fn every_check_of_the_course_serves_a_line_of_it() {
    let course = carried();
    for lab in labs() {
        for check in &lab.checks {
            let criterion = check.criterion.as_deref().unwrap_or_default();
            assert!(course.lines().any(|line| line == criterion), "{} {}: {criterion:?} is no line of the course", lab.name, check.id);
        }
    }
}

#[test]
fn a_folder_may_have_no_course_and_a_wrong_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Course::of(Some(folder.path())).unwrap(), None);
    std::fs::write(folder.path().join(FILE), "kgrade: 1\ntitel: x\n").unwrap();
    let error = Course::of(Some(folder.path())).unwrap_err().to_string();
    assert!(error.ends_with("course.yaml is no course"), "{error}");
}

#[test]
fn the_checkpoints_name_checks_that_are_there() {
    assert_eq!(checkpoint::faults(&carried(), &labs()), [] as [String; 0]);
}

#[test]
fn what_is_wrong_with_a_checkpoint_is_said() {
    let (mut course, labs) = (carried(), labs());
    let week_1 = course.checkpoints.first_mut().unwrap();
    week_1.lines[0].shown_by = Vec::new();
    week_1.lines[1].shown_by = vec!["lab-02/keyd".parse().unwrap(), "lab-2/keyed".parse().unwrap()];
    let second = Checkpoint { after_week: 9, lines: Vec::new() };
    course.checkpoints.push(second);
    assert_eq!(
        checkpoint::faults(&course, &labs),
        [
            "checkpoint after week 1, \"Can build basic producers and consumers\": no check shows it; name one under shown_by",
            "checkpoint after week 1, \"Understands partitioning and consumer groups\": there is no check `lab-02/keyd`; did you mean `keyed`?",
            "checkpoint after week 1, \"Understands partitioning and consumer groups\": there is no check `lab-2/keyed`; did you mean `lab-02`?",
            "checkpoint after week 9: the course has 8 weeks",
            "checkpoint after week 9: it has no line, so nothing could be shown",
        ]
    );
    assert!("keyed".parse::<CheckRef>().is_err() && "/x".parse::<CheckRef>().is_err() && "lab-02/".parse::<CheckRef>().is_err());
}
