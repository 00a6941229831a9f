//! A week in review: piped, and typed in a terminal.

use std::io::Write as _;
use std::process::Stdio;

use kgrade::exit;

use super::desk::{Desk, Said};
use super::terminal::{Step, in_terminal};

const FORM: &str = "# Week 1 in review\n\n## What did I learn this week?\n\n## What challenges did I face?\n\n\
                    ## What concepts need more practice?\n\n## How does this apply to real-world scenarios?\n";

fn piped(desk: &Desk, arguments: &[&str], input: &[u8]) -> Said {
    let mut child = desk.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Said::of(child.wait_with_output().unwrap())
}

fn written(desk: &Desk) -> String {
    std::fs::read_to_string(desk.work().join("reviews/week-1.md")).unwrap()
}

#[test]
fn the_empty_form_is_for_an_editor() {
    let desk = Desk::new();
    let said = desk.kgrade(&["review", "week-1", "--print"]);
    assert_eq!((said.stdout.as_str(), said.code), (FORM, Some(0)));
    assert!(!desk.work().join("reviews").exists());
}

#[test]
fn answers_are_kept_and_shown() {
    let desk = Desk::new();
    let said = piped(&desk, &["review", "week-1"], b"keys\nand \x1b[2Jgroups\x07\n\n\nno end");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("2 of 4 questions are answered: reviews/week-1.md"), "{}", said.stdout);
    let answered = FORM.replace("week?\n\n", "week?\n\nkeys\nand groups\\x07\n\n").replace("practice?\n\n", "practice?\n\nno end\n\n");
    assert_eq!(written(&desk), answered, "the second question was passed over");
    let shown = piped(&desk, &["review", "1"], b"");
    assert!(shown.stdout.contains("  keys\n  and groups\\x07\n"), "{}", shown.stdout);
    assert_eq!(written(&desk), answered);
    let rest = piped(&desk, &["review", "week-1"], b"offsets\n\nin the shop\n\n");
    assert!(rest.stdout.contains("All 4 questions are answered"), "{}", rest.stdout);
    assert!(written(&desk).ends_with("scenarios?\n\nin the shop\n"), "{}", written(&desk));
}

#[test]
fn what_was_edited_by_hand_is_added_to_and_never_changed() {
    let desk = Desk::new();
    std::fs::create_dir(desk.work().join("reviews")).unwrap();
    let by_hand = "# My first week!\n\nSome words of mine.\n\n## What did I learn this week?\n- **keys**\n\n## My own question\nyes\n";
    std::fs::write(desk.work().join("reviews/week-1.md"), by_hand).unwrap();
    piped(&desk, &["review", "week-1"], b"");
    assert_eq!(written(&desk), by_hand, "looking changes nothing");
    let said = piped(&desk, &["review", "week-1", "--again"], b"and groups\n\nrebalances\n\n");
    assert!(said.stdout.contains("What you type is added to this"), "{}", said.stdout);
    let expected = by_hand.replace("- **keys**\n", "- **keys**\n\nand groups\n") + "\n## What challenges did I face?\n\nrebalances\n";
    assert_eq!(written(&desk), expected);
    // An empty answer leaves the old one.
    piped(&desk, &["review", "week-1", "--again"], b"\n\n\n\n");
    assert_eq!(written(&desk), expected);
}

#[test]
fn keys_at_any_moment_keep_what_was_typed() {
    for (key, code) in [("\x03", exit::INTERRUPTED), ("\x04", exit::ALL_PASSED)] {
        let desk = Desk::new();
        let steps = [
            Step::Wait("> "),
            Step::Type("keys\n"),
            Step::Wait("> "),
            Step::Type("\n"),
            Step::Wait("challenges"),
            Step::Wait("> "),
            Step::Type("half a li"),
            Step::Wait("half a li"),
            Step::Type(key),
        ];
        let said = in_terminal(&desk, &["review", "week-1"], &steps, &[]);
        assert_eq!(said.code, Some(i32::from(code)), "{key:?}: {}{}", said.stdout, said.stderr);
        let expected = FORM.replace("week?\n\n", "week?\n\nkeys\n\n").replace("face?\n\n", "face?\n\nhalf a li\n\n");
        assert_eq!(written(&desk), expected, "{key:?}");
        // At a question's beginning there is nothing to keep.
        let steps = [Step::Wait("> "), Step::Type(key)];
        let said = in_terminal(&desk, &["review", "week-1"], &steps, &[]);
        assert_eq!(said.code, Some(i32::from(code)), "{key:?}: {}{}", said.stdout, said.stderr);
        assert_eq!(written(&desk), expected, "{key:?}");
    }
}

#[test]
fn what_cannot_be_kept_is_said() {
    let desk = Desk::new();
    std::fs::write(desk.work().join("reviews"), "a file").unwrap();
    let said = piped(&desk, &["review", "week-1"], b"keys\n\n");
    assert_eq!(said.code, Some(i32::from(exit::ENVIRONMENT)), "{}", said.stdout);
    assert!(said.stderr.contains("reviews"), "{}", said.stderr);
    for (arguments, word) in [(["review", "week-9"], "the course has 8 weeks"), (["review", "soon"], "a week, such as week-1")] {
        let said = desk.kgrade(&arguments);
        assert_eq!(said.code, Some(i32::from(exit::USAGE)));
        assert!(said.stderr.contains(word), "{}", said.stderr);
    }
}
