//! All formats tell the same.

use console::measure_text_width;
use kgrade::report::terminal::{self, Style};
use kgrade::report::{FORMATS, json, summary};
use proptest::prelude::*;

use crate::invent::outcome;
use crate::told::{Told, plain, read};
use crate::{PLAIN, made};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_reports_tell_the_same(outcome in outcome()) {
        for format in FORMATS {
            let text = made(format.name, &outcome);
            let mut truth = Told::of(&outcome);
            if format.name == "csv" {
                // A gradebook has no column for what a check is worth.
                truth.checks.iter_mut().for_each(|check| check.3 = 0);
            }
            prop_assert_eq!(&read(format.name, &text), &truth, "{}\n{}", format.name, text);
            for sentence in summary::late(&outcome).into_iter().chain(summary::hidden(&outcome)) {
                prop_assert!(plain(format.name, &text).contains(&sentence), "{}: {}\n{}", format.name, sentence, text);
            }
        }
        prop_assert_eq!(json::read(&made("json", &outcome)).unwrap(), outcome);
    }

    #[test]
    fn a_terminal_of_any_width_tells_the_same(outcome in outcome(), width in 30_usize..120) {
        let text = terminal::render(&outcome, &Style { width, ..PLAIN });
        prop_assert_eq!(read("terminal", &text).checks, Told::of(&outcome).checks, "\n{}", text);
    }

    #[test]
    fn the_same_outcome_gives_the_same_bytes(outcome in outcome()) {
        for format in FORMATS {
            let first = made(format.name, &outcome);
            for _ in 0..3 {
                prop_assert_eq!(&made(format.name, &outcome), &first);
            }
        }
    }

    #[test]
    fn a_terminal_gets_only_lines_that_fit_and_cannot_steer(mut outcome in outcome(), width in 40_usize..120, unicode: bool) {
        for check in &mut outcome.checks {
            // These two are kept in one piece, to be copied.
            (check.place, check.next) = (None, None);
        }
        // Phases are the grader's own words.
        outcome.timings_ms = [("cluster".to_owned(), 940), ("grader".to_owned(), 61_000)].into_iter().collect();
        let text = terminal::render(&outcome, &Style { width, unicode, timings: true, ..PLAIN });
        for line in text.lines() {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            prop_assert_eq!(line.trim_end(), line);
            prop_assert!(measure_text_width(line) <= width, "{} columns: {:?}", width, line);
        }
        let log = terminal::render(&outcome, &Style { width, github: true, ..PLAIN });
        prop_assert!(log.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")));
    }
}
