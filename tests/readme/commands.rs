//! Every `kgrade` command line on a page is one that kgrade takes.

use clap::Parser as _;
use kgrade::cli::Cli;

use super::markdown::blocks;
use super::{pages, read};

/// The words of the command on a line of a block, when there is one: without its comment, what may be left out, and quotes.
fn words(line: &str) -> Option<Vec<String>> {
    let command = line.strip_prefix("$ ").unwrap_or(line);
    let command = command.rsplit_once("; do ").map_or(command, |(_, inside)| inside);
    let command = command.strip_suffix("; done").unwrap_or(command);
    if !command.starts_with("kgrade ") {
        return None;
    }
    let command = command.split(" #").next().unwrap_or(command);
    // Two spaces: an explanation stands behind it.
    let command = command.trim_end().split("  ").next().unwrap_or(command);
    Some(command.split_whitespace().filter(|word| *word != "…").map(|word| word.replace(['[', ']', '"', '\''], "")).collect())
}

#[test]
fn every_command_line_is_one_that_kgrade_takes() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&read(&page)).iter().filter(|block| ["console", "sh", "text"].contains(&block.language.as_str())) {
            for words in block.text.lines().filter_map(words) {
                seen += 1;
                if let Err(error) = Cli::try_parse_from(&words) {
                    wrong.push(format!("{page}:{}: {}\n{error}", block.line, words.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30, "only {seen} commands were found");
}
