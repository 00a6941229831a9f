//! From the first failure to the next lab.

use super::Test;
use super::desk::{Desk, RIGHT, kept};

pub const TESTS: &[Test] = &[
    ("a_mistake_is_mended_and_the_next_lab_begins_at_44_columns", || flow((44, 40), &[])),
    ("a_mistake_is_mended_and_the_next_lab_begins_at_80_columns", || flow((80, 24), &[])),
    ("a_mistake_is_mended_and_the_next_lab_begins_at_140_columns_without_colour", || flow((140, 50), &[("NO_COLOR", "1")])),
    ("lab_02_from_a_mistake_to_all_points", lab_02),
];

fn flow(size: (u16, u16), variables: &[(&str, &str)]) {
    let desk = Desk::new();
    let terminal = desk.watch(size, variables, "");
    let failed = terminal.has_graded("1 of 2 checks passed");
    let failed_line = failed.lines().find(|line| line.starts_with("✗ second")).unwrap_or_else(|| panic!("{failed}"));
    assert!(failed_line.contains("0/60") && failed.contains("✓ first") && failed.contains("40 of 100 points"), "{failed}");
    assert!(failed.contains("it is not right yet"), "what the program said is shown: {failed}");
    assert!(failed.contains("program   lab-90/second.py"), "{failed}");
    for line in failed.lines() {
        assert!(console::measure_text_width(line) <= usize::from(size.0), "{line}");
    }
    assert_eq!(terminal.colors().contains("\x1b[31m"), !variables.iter().any(|(name, _)| *name == "NO_COLOR"), "{}", terminal.colors());
    assert_eq!((desk.starts("lab-90/first.py"), kept(&desk.work())), (1, 1));

    // What a change cannot affect is not graded again, and says so.
    desk.saves("lab-90/second.py", "raise SystemExit('it is still not right')\n");
    let again = terminal.shows("it is still not right");
    assert!(again.contains("(as before)"), "{again}");
    assert_eq!((desk.starts("lab-90/first.py"), desk.starts("lab-90/second.py")), (1, 2));

    // All right is said when all was looked at after the last change.
    desk.saves("lab-90/second.py", RIGHT);
    terminal.waits_for("that all is right", |screen| unwrapped(screen).contains("all checks passed: press n for lab-91"));
    assert_eq!((desk.starts("lab-90/first.py"), desk.starts("lab-90/second.py")), (2, 3));

    terminal.press(&["n"]);
    let next = terminal.waits_for("the next lab", |screen| screen.contains("The lab after it") && screen.contains("press i"));
    assert!(unwrapped(&next).contains("none of the programs of lab-91 is here yet"), "{next}");
    terminal.press(&["i"]);
    terminal.shows("wrote lab-91/first.py");
    terminal.waits_for("the failures of the starter", |screen| screen.contains("0 of 2 checks passed") && screen.contains("✗ first"));
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();

    // The next day it begins where the learner was.
    desk.types_watch(&terminal, "");
    terminal.shows("The lab after it");
    terminal.press(&["p"]);
    terminal.shows("A lab of two programs");
    terminal.press(&["p"]);
    terminal.shows("this is the first lab");
    terminal.press(&["q"]);
    terminal.waits_for("the end", |screen| screen.contains("the code is 0"));
    desk.is_left_clean();
}

fn lab_02() {
    let desk = Desk::new();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-02");
    let work = desk.work();
    std::fs::create_dir_all(work.join("lab-02")).unwrap();
    for program in ["producer.py", "consumer.py"] {
        std::fs::copy(fixtures.join("mistakes/no-key/lab-02").join(program), work.join("lab-02").join(program)).unwrap();
    }
    let terminal = desk.terminal((100, 50), &[]);
    terminal.types(&format!("clear; {} watch lab-02; echo \"the code is $?\"", env!("CARGO_BIN_EXE_kgrade")));
    terminal.press(&["Enter"]);
    let failed = terminal.has_graded("✗ keyed");
    assert!(failed.contains("none of the 600 records has the event's `user_id` as key"), "{failed}");
    assert!(failed.contains("program   lab-02/producer.py"), "{failed}");
    terminal.press(&["h"]);
    terminal.shows("hint 1 of 3 for keyed");
    terminal.press(&["t"]);
    terminal.shows("the last run as a picture");
    std::fs::copy(fixtures.join("solution/lab-02/producer.py"), work.join("lab-02/producer.py")).unwrap();
    terminal.shows("all checks passed: press n for lab-03");
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

/// The screen with its lines joined, as they were before they were fitted.
pub fn unwrapped(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}
