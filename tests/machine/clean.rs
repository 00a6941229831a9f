//! `kgrade clean`, as somebody types it.

use std::path::Path;
use std::process::Command;

use crate::desk::Desk;

/// A cache with two versions of Kafka, one used long ago.
fn desk() -> Desk {
    let desk = Desk::new();
    for version in ["4.3.1", "4.2.0"] {
        desk.write(&format!("cache/kafka/{version}/manifest.json"), "{}");
        desk.write(&format!("cache/kafka/{version}/libs/a.jar"), &"x".repeat(2_000_000));
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(40 * 24 * 3600);
    let manifest = std::fs::File::options().write(true).open(desk.path("cache/kafka/4.2.0/manifest.json")).unwrap();
    manifest.set_modified(long_ago).unwrap();
    desk
}

fn versions(desk: &Desk) -> [bool; 2] {
    ["4.3.1", "4.2.0"].map(|version| desk.path(&format!("cache/kafka/{version}")).exists())
}

#[test]
fn nothing_goes_without_a_yes() {
    let desk = desk();
    let said = desk.kgrade(&["clean"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for words in
        ["4.3.1, used today", "4.2.0, used 40 days ago", "In all 4 MB.", "Nothing was removed.", "To remove it: kgrade clean --yes"]
    {
        assert!(said.stdout.contains(words), "`{words}` is not in: {}", said.stdout);
    }
    assert_eq!(versions(&desk), [true, true]);
}

#[test]
fn only_what_is_old_or_of_a_kind() {
    let desk = desk();
    let said = desk.kgrade(&["clean", "--older-than", "30d", "--what", "java", "--yes"]);
    assert!(said.code == Some(0) && said.stdout.contains("Nothing of what you asked for is there."), "{}", said.stdout);
    let said = desk.kgrade(&["clean", "--older-than", "30d", "--what", "kafka,java", "--yes"]);
    assert!(said.stdout.contains("Removed 1 thing: 2 MB."), "{}", said.stdout);
    assert_eq!(versions(&desk), [true, false]);
    let said = desk.kgrade(&["clean", "--yes"]);
    assert!(said.stdout.contains("Removed 1 thing"), "{}", said.stdout);
    assert_eq!(versions(&desk), [false, false]);
    assert_eq!(desk.kgrade(&["clean", "--older-than", "soon"]).code, Some(2));
}

#[test]
fn a_yes_in_a_terminal() {
    for (answer, left) in [("no\n", [true, true]), ("yes\n", [false, false])] {
        let desk = desk();
        let steps = serde_json::json!([["wait", "Type yes:"], ["type", answer]]).to_string();
        let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/progress/terminal.py");
        let mut python = Command::new("python3");
        python.arg(driver).arg(steps).arg(env!("CARGO_BIN_EXE_kgrade")).arg("clean");
        let cleared = desk.command(Path::new("python3"));
        for (name, value) in cleared.get_envs().filter(|(name, _)| *name != "PATH") {
            python.env(name, value.unwrap());
        }
        let said = desk.said(python.env("TERM", "xterm").env("NO_COLOR", "1"));
        assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
        assert_eq!(versions(&desk), left, "{}", said.stdout);
    }
}

#[test]
fn a_home_folder_as_the_cache_loses_nothing() {
    let desk = Desk::new();
    desk.write("cache/kafka/4.3.1/notes.txt", "mine");
    desk.write("cache/python/project/main.py", "mine");
    let said = desk.kgrade(&["clean", "--yes"]);
    assert!(said.code == Some(0) && said.stdout.contains("Nothing of kgrade's is there."), "{}", said.stdout);
    assert!(said.stdout.contains("has no manifest of kgrade's"), "{}", said.stdout);
    assert!(desk.path("cache/kafka/4.3.1/notes.txt").exists() && desk.path("cache/python/project/main.py").exists());
}
