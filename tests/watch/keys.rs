//! Keys, also such as nobody should press, at any moment.

use super::Test;
use super::desk::Desk;

pub const TESTS: &[Test] = &[
    ("keys_at_the_wrong_moment_break_nothing", wrong_moments),
    ("what_is_no_key_does_nothing", no_keys),
    ("a_window_of_another_size_is_drawn_anew", resized),
];

fn wrong_moments() {
    let desk = Desk::new();
    let go = desk.checks().join("go");
    let waits =
        format!("import os, time\nwhile not os.path.exists({:?}):\n    time.sleep(0.05)\nraise SystemExit(4)\n", go.display().to_string());
    desk.saves("lab-90/second.py", &waits);
    let terminal = desk.watch((80, 30), &[], "");
    // Before Kafka is up.
    terminal.shows("A lab of two programs");
    terminal.press(&["h"]);
    terminal.shows("there is nothing to hint at");
    terminal.press(&["t"]);
    terminal.shows("nothing was graded yet");
    terminal.press(&["l"]);
    terminal.shows("second: not graded yet");
    // While it grades: the first check is there before the second one.
    terminal.waits_for("the first verdict", |screen| screen.contains("✓ first") && screen.contains("grading: 1 of 2 checks done"));
    terminal.press(&["?"]);
    terminal.shows("quit; so does Ctrl-C");
    terminal.press(&["i"]);
    terminal.shows("kept lab-90/first.py");
    terminal.press(&["z", "h", "t"]);
    terminal.shows("nothing was graded yet");
    terminal.press(&["r"]);
    desk.waits_until("a second start", || desk.starts("lab-90/second.py") == 2);
    // To the next lab and back, in the middle of it.
    terminal.press(&["n"]);
    terminal.shows("The lab after it");
    terminal.press(&["p"]);
    desk.waits_until("a third start", || desk.starts("lab-90/second.py") == 3);
    std::fs::write(go, "").unwrap();
    terminal.shows("1 of 2 checks passed");
    // Caps lock.
    terminal.press(&["Q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn no_keys() {
    let desk = Desk::new();
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("1 of 2 checks passed");
    terminal.press(&["Up", "Down", "Left", "Right", "F1", "F5", "Home", "PageUp", "M-q", "Escape", "Tab", "Enter", "BSpace", "C-d", "C-l"]);
    terminal.paste("quit q\nr\nn\n");
    terminal.sends(&[0xff, 0xfe, 0x80, 0x00, 0x1b, 0x5b, 0x39, 0x39, 0x39, 0x71]);
    terminal.types("日本ü");
    // It still listens, and none of that was a command.
    terminal.press(&["?"]);
    let screen = terminal.shows("quit; so does Ctrl-C");
    assert!(screen.contains("A lab of two programs"), "{screen}");
    assert_eq!(desk.starts("lab-90/first.py"), 1);
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn resized() {
    let desk = Desk::new();
    let terminal = desk.watch((140, 50), &[], "");
    let wide = terminal.has_graded("1 of 2 checks passed");
    assert!(wide.contains("The second program ends well"), "{wide}");
    for (columns, rows) in [(44, 40), (20, 10), (80, 18)] {
        terminal.resize(columns, rows);
        terminal.waits_for("lines that fit", |screen| {
            screen.contains("q quit") && screen.lines().all(|line| console::measure_text_width(line) <= usize::from(columns))
        });
    }
    // Too few rows for all: what passed shares a line, and the failure is to be seen.
    terminal.shows("✗ second");
    terminal.press(&["C-c"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}
