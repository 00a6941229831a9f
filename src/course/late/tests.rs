//! Rules on late submissions, step by step.

use proptest::prelude::*;

use super::*;

const RULES: &str = "
kgrade: 1
grace: 15m
steps: [ { within: 1d, percent: 10 }, { within: 3d, percent: 30 } ]
beyond: 80
labs:
  lab-02: { due: 2026-12-01T12:00:00+01:00 }
  lab-03: { due: 2026-12-08T11:00:00Z }
extensions:
  ada: { all: 2d, lab-03: 2026-12-09T11:00:00Z }
  bob: { lab-02: 2026-11-01T00:00:00Z }
";

/// 2026-12-01T11:00:00Z.
const DUE: u64 = 1_796_122_800;

fn run(learner: Option<&str>, committed_at: Option<u64>) -> RunFacts {
    let text = include_str!("../../../fixtures/outcomes/full-pass.json");
    RunFacts { learner: learner.map(str::to_owned), committed_at, ..crate::report::json::read(text).unwrap().run }
}

fn left(learner: Option<&str>, after: i64) -> (u32, u8, Option<u64>, bool) {
    let at = DUE.checked_add_signed(after).unwrap();
    let late = Rules::parse(RULES).unwrap().apply("lab-02", &run(learner, Some(at)), 95).unwrap();
    (late.score, late.penalty_percent, late.late_s, late.extended)
}

#[test]
fn each_step_begins_and_ends_to_the_second() {
    const DAY: i64 = 86_400;
    for (after, score, percent) in [
        (-5, 95, 0),
        (0, 95, 0),
        (15 * 60, 95, 0),
        (15 * 60 + 1, 86, 10),
        (DAY, 86, 10),
        (DAY + 1, 67, 30),
        (3 * DAY, 67, 30),
        (3 * DAY + 1, 19, 80),
        (300 * DAY, 19, 80),
    ] {
        let seen = left(Some("eve"), after);
        assert_eq!((seen.0, seen.1), (score, percent), "{after} s after");
        assert_eq!(seen.2, Some(u64::try_from(after).unwrap_or(0)));
    }
}

#[test]
fn an_extension_is_for_one_learner_and_takes_nothing_away() {
    assert_eq!(left(Some("ada"), 2 * 86_400), (95, 0, Some(0), true));
    assert_eq!(left(Some("ada"), 2 * 86_400 + 3_600), (86, 10, Some(3_600), true));
    assert_eq!(left(Some("bob"), -60), (95, 0, Some(0), false), "until a moment before the due time");
    assert_eq!(left(None, 3_600), (86, 10, Some(3_600), false));
    let rules = Rules::parse(RULES).unwrap();
    let late = rules.apply("lab-03", &run(Some("ada"), Some(0)), 10).unwrap();
    assert_eq!(late.due, DUE + 8 * 86_400, "the lab's own extension goes before `all`");
}

#[test]
fn without_a_time_nothing_is_taken_and_without_a_due_time_nothing_is_said() {
    let rules = Rules::parse(RULES).unwrap();
    let late = rules.apply("lab-02", &run(Some("eve"), None), 95).unwrap();
    assert_eq!((late.score, late.penalty_percent, late.late_s), (95, 0, None));
    assert_eq!(rules.apply("lab-04", &run(None, Some(DUE)), 95), None);
}

#[test]
fn what_cannot_be_meant_is_refused_in_words() {
    let refusal = |from: &str, to: &str| {
        let changed = RULES.replace(from, to);
        assert_ne!(changed, RULES, "{from}");
        format!("{:#}", Rules::parse(&changed).unwrap_err())
    };
    for (from, to, words) in [
        ("kgrade: 1", "kgrade: 2", "this kgrade reads version 1"),
        ("within: 3d", "within: 1h", "put the nearest first"),
        ("within: 1d", "within: 15m", "and than `grace`"),
        ("percent: 30", "percent: 5", "nobody should win by waiting"),
        ("beyond: 80", "beyond: 20", "nobody should win by waiting"),
        ("beyond: 80", "beyond: 101", "a number from 0 to 100"),
        ("12:00:00+01:00", "12:00:00", "no moment with its time zone"),
        ("grace: 15m", "grace: 15", "15m"),
        ("grace: 15m", "grace: 15 minutes", "write 90s, 15m, 36h or 3d"),
        ("all: 2d", "all: soon", "neither a length of time"),
        ("all: 2d", "lab-99: 2d", "`lab-99`, which is not among `labs`"),
        ("grace:", "mercy:", "mercy"),
    ] {
        let said = refusal(from, to);
        assert!(said.contains(words), "{from} → {to}: {said}");
    }
}

proptest! {
    #[test]
    fn later_is_never_better_and_more_points_are_never_fewer(a in 0_u64..400_000, b in 0_u64..400_000, low in 0_u32..1000, more in 0_u32..1000) {
        let rules = Rules::parse(RULES).unwrap();
        let score = |after: u64, score: u32| rules.apply("lab-02", &run(None, Some(DUE + after)), score).unwrap().score;
        prop_assert!(score(a.min(b), low) >= score(a.max(b), low));
        prop_assert!(score(a, low) <= score(a, low + more));
        prop_assert!(score(a, low) <= low);
    }
}

#[test]
fn what_a_table_says_of_one_learner_comes_first() {
    let rules = Rules::parse(RULES).unwrap();
    let of = |base, learner, due: Option<&str>, more: Option<&str>| {
        Rules::of_one(base, "lab-02", learner, due.map(|due| due.parse().unwrap()), more.map(|more| more.parse().unwrap()))
    };
    let late = |rules: &Rules, learner: &str, after: u64| rules.apply("lab-02", &run(Some(learner), Some(DUE + after)), 100).unwrap();
    let ada = of(Some(&rules), "ada", None, None).unwrap();
    assert_eq!(late(&ada, "ada", 3 * 86_400), rules.apply("lab-02", &run(Some("ada"), Some(DUE + 3 * 86_400)), 100).unwrap());
    let longer = of(Some(&rules), "ada", None, Some("3d")).unwrap();
    assert_eq!(late(&longer, "ada", 3 * 86_400).penalty_percent, 0);
    let earlier = of(Some(&rules), "eve", Some("2026-11-30T11:00:00Z"), None).unwrap();
    assert_eq!((late(&earlier, "eve", 60).late_s, late(&earlier, "eve", 60).penalty_percent), (Some(86_460), 30));
    let alone = of(None, "eve", Some("2026-12-01T11:00:00Z"), Some("1h")).unwrap();
    assert_eq!((late(&alone, "eve", 7_200).late_s, late(&alone, "eve", 7_200).score), (Some(3_600), 100));
    assert_eq!(of(None, "eve", None, Some("1h")), None, "nothing is due");
    for written in [&rules, &ada, &longer, &earlier, &alone] {
        assert_eq!(&Rules::parse(&written.text()).unwrap(), written);
    }
}
