//! Saving, as editors and other tools do it.

use std::fs;

use super::Test;
use super::course::unwrapped;
use super::desk::{Desk, ENDLESS, RIGHT, kept};
use super::terminal::Terminal;

pub const TESTS: &[Test] = &[
    ("a_save_during_a_run_begins_again", during_a_run),
    ("editors_save_in_many_ways", editors),
    ("a_folder_that_goes_and_comes_back_is_graded_again", folder),
];

fn during_a_run() {
    let desk = Desk::new();
    desk.saves("lab-90/second.py", ENDLESS);
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("grading: 1 of 2 checks done");
    desk.saves("lab-90/second.py", RIGHT);
    terminal.shows("all checks passed");
    // Both were being graded, and what was broken off is no run.
    assert_eq!((desk.starts("lab-90/first.py"), kept(&desk.work())), (2, 1));
    desk.waits_until("the end of the grader of before", || desk.processes(&["--hold-early"]).len() == 1);
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn editors() {
    let desk = Desk::new();
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("1 of 2 checks passed");
    let (lab, program) = (desk.work().join("lab-90"), desk.work().join("lab-90/second.py"));
    let said = |word: &str| format!("raise SystemExit('{word}')\n");
    // Written beside it, and renamed.
    fs::write(lab.join("second.py.new"), said("renamed")).unwrap();
    fs::rename(lab.join("second.py.new"), &program).unwrap();
    terminal.shows("renamed");
    // Moved away, written anew, and the copy removed, with a swap file beside it.
    fs::write(lab.join(".second.py.swp"), "b0VIM").unwrap();
    fs::write(lab.join("4913"), "").unwrap();
    fs::remove_file(lab.join("4913")).unwrap();
    fs::rename(&program, lab.join("second.py~")).unwrap();
    fs::write(&program, said("vim")).unwrap();
    fs::remove_file(lab.join("second.py~")).unwrap();
    fs::remove_file(lab.join(".second.py.swp")).unwrap();
    terminal.shows("vim");
    // Cut off, and then written in pieces.
    fs::write(&program, "").unwrap();
    fs::write(&program, said("pieces")).unwrap();
    terminal.shows("pieces");
    rests(&terminal);
    // Nothing is different: nothing is graded. What is saved after it is.
    let runs = kept(&desk.work());
    fs::write(&program, said("pieces")).unwrap();
    fs::write(lab.join(".second.py.swp"), "b0VIM").unwrap();
    fs::write(&program, said("another")).unwrap();
    terminal.shows("another");
    rests(&terminal);
    assert_eq!(kept(&desk.work()), runs + 1);
    fs::remove_file(&program).unwrap();
    terminal.waits_for("that it is missing", |screen| unwrapped(screen).contains("there is no file lab-90/second.py in the submission"));
    // Many files at once.
    for nth in 0..200 {
        desk.saves(&format!("lab-90/data/{nth}.txt"), "x");
    }
    fs::write(&program, RIGHT).unwrap();
    terminal.shows("all checks passed");
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn folder() {
    let desk = Desk::new();
    let terminal = desk.terminal((80, 30), &[]);
    // Not in the folder that goes away.
    terminal.types("cd ..");
    terminal.press(&["Enter"]);
    desk.types_watch(&terminal, "--submission work");
    terminal.shows("1 of 2 checks passed");
    fs::remove_dir_all(desk.work()).unwrap();
    terminal.shows("nothing to grade yet");
    desk.saves("lab-90/first.py", RIGHT);
    desk.saves("lab-90/second.py", RIGHT);
    terminal.shows("all checks passed");
    // At once, so that its number may be the same.
    fs::remove_dir_all(desk.work()).unwrap();
    desk.saves("lab-90/first.py", RIGHT);
    desk.saves("lab-90/second.py", "raise SystemExit('made anew')\n");
    terminal.shows("made anew");
    desk.saves("lab-90/second.py", RIGHT);
    terminal.shows("all checks passed");
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

/// Waits until nothing is being graded.
fn rests(terminal: &Terminal) {
    terminal.waits_for("rest", |screen| !screen.contains("grading") && !screen.contains("waiting for Kafka"));
}
