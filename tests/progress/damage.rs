//! What is not as a kgrade left it.

use std::fs;

use kgrade::exit;

use super::desk::Desk;

/// A desk with lab-01 passed, and then this in the file.
fn damaged(bytes: &[u8]) -> (Desk, Vec<u8>) {
    let desk = Desk::new();
    desk.passes(0, "lab-01");
    let mut all = fs::read(desk.file()).unwrap();
    all.extend_from_slice(bytes);
    fs::write(desk.file(), &all).unwrap();
    (desk, all)
}

#[test]
fn a_damaged_file_is_put_aside_whole_and_said_once() {
    for damage in [&b"{\"schema\":1,\"ti"[..], b"\xc3\x28\n", b"<<<<<<< HEAD\n=======\n>>>>>>> other\n", b"\0\0\0\0\0\0\n"] {
        let (desk, before) = damaged(damage);
        let said = desk.kgrade(&["status"]);
        assert_eq!(said.code, Some(i32::from(exit::ALL_PASSED)), "{}", said.stderr);
        assert!(said.stderr.contains("was damaged") && said.stderr.contains("progress.damaged-1.jsonl"), "{}", said.stderr);
        assert!(said.stdout.contains("lab-01  100 of 100 points, passed"), "{}", said.stdout);
        assert_eq!(fs::read(desk.file().with_file_name("progress.damaged-1.jsonl")).unwrap(), before);
        let again = desk.kgrade(&["status"]);
        assert_eq!((again.stderr.as_str(), again.stdout), ("", said.stdout), "said once");
    }
}

#[test]
fn a_newer_file_is_read_and_never_written() {
    let (desk, before) = damaged(b"{\"schema\":2,\"when\":\"tomorrow\"}\n");
    let said = desk.kgrade(&["status"]);
    assert_eq!(said.code, Some(i32::from(exit::ALL_PASSED)));
    assert!(said.stderr.contains("Use the newer kgrade"), "{}", said.stderr);
    assert!(said.stdout.contains("lab-01  100 of 100 points, passed"), "{}", said.stdout);
    assert_eq!(fs::read(desk.file()).unwrap(), before);
    assert_eq!(fs::read_dir(desk.file().parent().unwrap()).unwrap().count(), 3, "nothing was put aside");
}

#[test]
fn what_stands_in_the_place_is_refused_in_words() {
    let desk = Desk::new();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), desk.work().join(".kgrade")).unwrap();
    let refused = |desk: &Desk, word: &str| {
        for arguments in [&["status"][..], &["checkpoint", "week-1"]] {
            let said = desk.kgrade(arguments);
            assert_eq!(said.code, Some(i32::from(exit::ENVIRONMENT)), "{}", said.stdout);
            assert!(said.stderr.contains(word) && said.stdout.is_empty(), "{}", said.stderr);
        }
    };
    refused(&desk, "is a symbolic link");
    fs::remove_file(desk.work().join(".kgrade")).unwrap();
    fs::create_dir_all(desk.file()).unwrap();
    refused(&desk, "is not a file");
    fs::remove_dir(desk.file()).unwrap();
    fs::File::create(desk.file()).unwrap().set_len(1 << 30).unwrap();
    refused(&desk, "has 1073 MB");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn words_in_the_file_steer_nothing() {
    let (desk, _) = damaged(b"");
    let text = fs::read_to_string(desk.file()).unwrap();
    let hostile = r#""kgrade":"\u001b[2J<script>alert(1)</script>\u202e|x`y""#;
    fs::write(desk.file(), text.replace(r#""kgrade":"0.1.0""#, hostile)).unwrap();
    let page = desk.work().join("page.html");
    let list = desk.work().join("list.md");
    let reports = [format!("html={}", page.display()), format!("markdown={}", list.display())];
    let said = desk.kgrade(&["checkpoint", "week-1", "--learner", "<b>Ada</b>\x1b[31m", "--report", &reports[0], "--report", &reports[1]]);
    assert_eq!(said.code, Some(i32::from(exit::SOMETHING_FAILED)), "{}", said.stderr);
    let (page, list) = (fs::read_to_string(page).unwrap(), fs::read_to_string(list).unwrap());
    for text in [&said.stdout, &page, &list] {
        assert!(text.contains("alert(1)") && !text.contains('\x1b') && !text.contains('\u{202e}'), "{text}");
    }
    assert!(!page.contains("<script>alert") && !page.contains("<b>Ada"), "{page}");
    assert!(!list.lines().any(|line| line.starts_with('|') && line.matches(" | ").count() > 3), "no word makes a cell: {list}");
    let json = desk.kgrade(&["status", "--json"]).stdout;
    assert!(!json.contains('\x1b') && !json.contains('\u{202e}'));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["schema"], "kgrade/status/v1");
}
