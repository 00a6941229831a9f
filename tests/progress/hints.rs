//! `kgrade hint` and `kgrade show`, at a learner's desk.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use kgrade::exit;
use kgrade::outcome::Verdict;

use super::desk::{Desk, Said};

/// Runs it and looks that it goes well.
fn fine(desk: &Desk, arguments: &[&str]) -> Said {
    let said = desk.kgrade(arguments);
    assert_eq!(said.code, Some(exit::ALL_PASSED.into()), "{arguments:?}\n{}\n{}", said.stdout, said.stderr);
    said
}

/// Which hints stand in what was said, by their numbers.
fn numbers(said: &Said) -> Vec<&str> {
    said.stdout.lines().filter_map(|line| line.trim().strip_prefix("hint ")?.split(' ').next()).collect()
}

/// A desk with work on lab-02.
fn begun() -> Desk {
    let desk = Desk::new();
    std::fs::create_dir(desk.work().join("lab-02")).unwrap();
    desk
}

#[test]
fn each_time_one_hint_more() {
    let desk = begun();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(numbers(&fine(&desk, &["hint", "lab-02", "keyed"])).join(","));
    }
    assert_eq!(seen, ["1", "2", "3", "3"]);
    let over = fine(&desk, &["hint", "lab-02", "keyed"]);
    assert!(
        over.stdout.contains("These were all 3 of its hints") && over.stdout.contains("kgrade hint lab-02 keyed --all"),
        "{}",
        over.stdout
    );
    // Every check has a memory of its own.
    let other = fine(&desk, &["hint", "lab-02", "json"]);
    assert!(numbers(&other) == ["1"] && other.stdout.contains("Next: another hint"), "{}", other.stdout);
    // To look at one again takes nothing back; to begin again does.
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "keyed", "--level", "1"])), ["1"]);
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "keyed"])), ["3"]);
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "keyed", "--again"])), ["1"]);
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "keyed"])), ["2"]);
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "topic", "--all"])), ["1", "2", "3"]);
}

#[test]
fn without_a_check_it_is_the_first_that_failed() {
    let desk = begun();
    let list = fine(&desk, &["hint", "lab-02"]);
    assert!(list.stdout.contains("No check of it failed") && list.stdout.contains("graceful-stop"), "{}", list.stdout);
    desk.result(1, "lab-02", |id| if id == "keyed" || id == "bad-json" { Verdict::Failed } else { Verdict::Passed });
    // The lab, too, is the one that the learner is at: lab-01 was never passed, lab-02 is named.
    let said = fine(&desk, &["hint", "lab-02"]);
    assert!(said.stdout.starts_with("keyed: ") && numbers(&said) == ["1"], "{}", said.stdout);
    desk.passes(2, "lab-01");
    assert!(fine(&desk, &["hint"]).stdout.starts_with("keyed: "));
}

#[test]
fn what_is_not_there_is_told_with_advice() {
    let desk = begun();
    for (arguments, advice) in [
        (&["hint", "lab-02", "keyd"][..], "lab-02 has no check `keyd`; did you mean `keyed`?"),
        (&["hint", "lab-2", "keyed"], "did you mean `lab-02`?"),
        (&["hint", "lab-02", "keyed", "--level", "4"], "there is no hint 4 for `keyed`; it has 3 hints, from 1 to 3"),
        (&["hint", "lab-02", "keyed", "--level", "0"], "there is no hint 0"),
        (&["show", "lab-02", "--section", "contrakt"], "did you mean `Contract`? it has `What you learn`"),
        (&["show", "lab-2"], "did you mean `lab-02`?"),
    ] {
        let said = desk.kgrade(arguments);
        assert_eq!((said.code, said.stdout.as_str()), (Some(exit::USAGE.into()), ""), "{arguments:?}");
        assert!(said.stderr.contains(advice), "{}", said.stderr);
    }
}

#[test]
fn where_nothing_can_be_remembered_the_hint_is_given_all_the_same() {
    // No work here: no folder is begun for it.
    let desk = Desk::new();
    let said = fine(&desk, &["hint", "lab-02", "keyed"]);
    assert!(numbers(&said) == ["1"] && said.stderr.contains("this is not remembered"), "{}", said.stderr);
    assert!(!desk.work().join(".kgrade").exists());
    // A link in the folder's place.
    let desk = begun();
    symlink(desk.work().join("nowhere"), desk.work().join(".kgrade")).unwrap();
    let said = fine(&desk, &["hint", "lab-02", "keyed"]);
    assert!(numbers(&said) == ["1"] && said.stderr.contains("symbolic link"), "{}", said.stderr);
    assert!(!desk.work().join("nowhere").exists());
    // A file that is damaged.
    let desk = begun();
    fine(&desk, &["hint", "lab-02", "keyed"]);
    let file = desk.work().join(".kgrade/hints.jsonl");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"\xff<<<<<<< HEAD");
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(numbers(&fine(&desk, &["hint", "lab-02", "keyed"])), ["2"]);
    // A folder that may only be read. Whoever may do everything is not stopped by it.
    let desk = begun();
    let mode = |mode| std::fs::set_permissions(desk.work(), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let writable = std::fs::write(desk.work().join("probe"), "").is_ok();
    let said = desk.kgrade(&["hint", "lab-02", "keyed"]);
    mode(0o755);
    assert_eq!((said.code, numbers(&said)), (Some(0), vec!["1"]));
    assert_eq!(said.stderr.contains("this is not remembered"), !writable, "{}", said.stderr);
}

#[test]
fn a_check_that_is_not_shown_tells_nothing() {
    let desk = Desk::new();
    let lab = "kgrade: 1\nlab: lab-90\ntitle: A lab\nchecks:\n  - { id: hidden-1, title: SECRET, points: 100, hint: SECRET, pointer: SECRET, explanation: SECRET, \
               disclosure: none, expect: [ { topic: { name: t } } ] }\n";
    std::fs::create_dir_all(desk.work().join("checks/lab-90")).unwrap();
    std::fs::write(desk.work().join("checks/lab-90/lab.yaml"), lab).unwrap();
    for arguments in [
        &["hint", "lab-90", "hidden-1", "--checks", "checks"][..],
        &["hint", "lab-90", "--checks", "checks"],
        &["show", "lab-90", "--checks", "checks"],
    ] {
        let said = fine(&desk, arguments);
        assert!(!said.stdout.contains("SECRET") && said.stdout.contains("a check that is not shown"), "{}", said.stdout);
    }
}

#[test]
fn show_prints_plain_text_into_a_pipe_and_a_page_into_a_file() {
    let desk = Desk::new();
    let text = fine(&desk, &["show", "lab-02"]).stdout;
    assert!(text.starts_with("lab-02: First producer and consumer\nweek 1, days 3-5 · 100 points · 7 checks\n"), "{text}");
    assert!(!text.contains('\x1b') && text.contains("kgrade init lab-02") && text.contains("graceful-stop   10  "), "{text}");
    // Without a lab it is the one that the learner is at: the first.
    assert!(fine(&desk, &["show"]).stdout.starts_with("lab-01: "));
    let section = fine(&desk, &["show", "lab-02", "--section", "the consumer"]).stdout;
    assert!(section.starts_with("  The consumer\n") && !section.contains("It creates the topic"), "{section}");
    assert_eq!(fine(&desk, &["show", "lab-02", "--web"]).stdout, "wrote  lab-02.html\n");
    let page = std::fs::read_to_string(desk.work().join("lab-02.html")).unwrap();
    assert!(page.contains("<h2 id=\"contract\">Contract</h2>") && !page.contains("src="), "{page}");
    // Its own page is written anew, a file of the learner's is not.
    fine(&desk, &["show", "lab-02", "--web"]);
    std::fs::write(desk.work().join("lab-02.html"), "<p>mine</p>").unwrap();
    let said = desk.kgrade(&["show", "lab-02", "--web"]);
    assert!(said.code == Some(exit::USAGE.into()) && said.stderr.contains("--web=FILE"), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(desk.work().join("lab-02.html")).unwrap(), "<p>mine</p>");
    fine(&desk, &["show", "lab-02", "--web=other.html"]);
}
