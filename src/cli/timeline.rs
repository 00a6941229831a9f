//! `kgrade timeline FILE`: a saved run as a picture.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use super::saved::Saved;
use super::{Done, Failure, LabSource, output};
use crate::exit;
use crate::lab::suggestion;
use crate::outcome::Verdict;
use crate::report::timeline::{Picture, Said, Subject, around, page, text};
use crate::report::{check_writable, write_file};
use crate::run::replay::replay_all;

/// Show a saved run as a picture.
#[derive(Debug, Args)]
pub struct TimelineArgs {
    /// The evidence that `kgrade LAB --evidence FILE` saved.
    file: PathBuf,
    /// Only these checks; without it, those that failed, or all when none did.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    check: Vec<String>,
    /// Write the picture as one HTML page into this file, or to standard output with `-`.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many columns the picture may take; without it, those of the terminal.
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=400))]
    width: Option<u16>,
    /// Also list what the programs and the broker said to each other around the mistake.
    #[arg(long, conflicts_with = "html")]
    wire: bool,
}

/// Draws the picture.
pub fn timeline(args: &TimelineArgs) -> Done {
    if let Some(path) = args.html.as_deref().filter(|path| *path != Path::new("-")) {
        check_writable(path).with_context(|| format!("--html {}", path.display())).map_err(Failure::usage)?;
    }
    let Saved { header, lab, checks, events, .. } = Saved::open(&args.file, false, &LabSource { checks: None })?;
    for asked in &args.check {
        if !checks.iter().any(|check| check.id == *asked) {
            let advice = suggestion::advice(asked, checks.iter().map(|check| check.id.as_str()));
            let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
            return Err(Failure::usage(anyhow!("{} holds no check `{asked}`{advice}", args.file.display())));
        }
    }
    let (outcomes, timeline) = replay_all(&checks, events, header.timeout_scale, &lab.name);
    let failed = outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
    let meant = |id: &str, verdict: Verdict| match args.check.as_slice() {
        [] => !failed || verdict == Verdict::Failed,
        asked => asked.iter().any(|asked| asked == id),
    };
    let subjects = checks.iter().zip(&outcomes).filter(|(check, outcome)| meant(&check.id, outcome.verdict));
    let (mut pictures, mut said) = (Vec::new(), Vec::new());
    let mut empty = Vec::new();
    for (check, outcome) in subjects {
        let subject = Subject { check, outcome, timeline: &timeline };
        match Picture::of(&subject) {
            Some(picture) => {
                pictures.push(picture);
                said.extend(args.wire.then(|| around(&subject)));
            }
            None => empty.push(format!("{}: nothing of it happened{}", check.id, because(&outcome.message))),
        }
    }
    match args.html.as_deref() {
        None => print(args, &pictures, &said, &empty),
        Some(path) => {
            let html = page::render(&lab.name, &lab.title, &header.run, &pictures, &empty);
            if path == Path::new("-") {
                output::print(&html);
            } else {
                write_file(path, html.as_bytes()).context("failed to write the page").map_err(Failure::environment)?;
                output::print(&format!("written to {}: open it in a browser\n", path.display()));
            }
        }
    }
    Ok(exit::ALL_PASSED)
}

fn print(args: &TimelineArgs, pictures: &[Picture], said: &[(Vec<Said>, u64)], empty: &[String]) {
    let style = text::style(args.width.map(usize::from));
    let mut drawn = Vec::new();
    for (nth, picture) in pictures.iter().enumerate() {
        drawn.push(text::render(picture, &style));
        drawn.extend(said.get(nth).map(|(said, left)| text::exchanges(said, *left, &style)));
    }
    drawn.extend(empty.iter().map(|line| format!("{}\n", crate::outcome::sanitize::terminal(line))));
    output::print(&drawn.join("\n"));
}

fn because(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}
