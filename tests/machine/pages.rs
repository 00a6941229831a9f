//! Man pages: one for each command, and `man` shows them without a warning.

use std::fs;
use std::process::Command;

use clap::CommandFactory as _;
use kgrade::cli::Cli;

use crate::desk::Desk;

/// The names of the pages of a command and all below it.
fn pages(command: &clap::Command, name: &str) -> Vec<String> {
    let below = command.get_subcommands().flat_map(|inner| pages(inner, &format!("{name}-{}", inner.get_name())));
    [format!("{name}.1")].into_iter().chain(below).collect()
}

#[test]
fn every_command_has_a_page_that_man_shows() {
    let desk = Desk::new();
    let said = desk.kgrade(&["man", "pages"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let folder = desk.path("home/pages");
    let mut found: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let mut wanted = pages(&Cli::command(), "kgrade");
    wanted.sort();
    assert!(wanted.len() > 20 && wanted.contains(&"kgrade-queue-add.1".to_owned()), "{wanted:?}");
    assert_eq!(found, wanted);
    for page in &found {
        let shown =
            Command::new("man").args(["--warnings", "-l"]).arg(folder.join(page)).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").output();
        // Where there is no `man`, there is nobody to read it.
        let Ok(shown) = shown else { return };
        let text = String::from_utf8_lossy(&shown.stdout);
        assert!(shown.status.success() && shown.stderr.is_empty(), "{page}: {}", String::from_utf8_lossy(&shown.stderr));
        assert!(text.contains("NAME") && text.contains("SYNOPSIS"), "{page}: {text}");
    }
}

#[test]
fn without_a_folder_its_own_page_is_printed() {
    let desk = Desk::new();
    let said = desk.kgrade(&["man"]);
    assert!(said.code == Some(0) && said.stdout.contains(".TH kgrade 1"), "{}", said.stdout);
    assert_eq!(desk.kgrade(&["man", "/dev/null/pages"]).code, Some(3));
}
