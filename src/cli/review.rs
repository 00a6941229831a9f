//! `kgrade review`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::grade::quoted;
use super::{Done, Failure, LabSource, learner, output};
use crate::course::review::{self, Review};
use crate::exit;
use crate::report::course::commands::Place;
use crate::report::course::review as page;
use crate::report::terminal::Style;

mod keyboard;

use self::keyboard::{Keyboard, Typed};

/// Look back on a week.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// The week: week-1, week-2, …
    #[arg(value_name = "WEEK", value_parser = learner::week)]
    week: u32,
    /// The folder of your work; the answers go to reviews/week-N.md in it.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// Ask also what has an answer; what you type is added to it.
    #[arg(long)]
    again: bool,
    /// Print the empty form, for an editor.
    #[arg(long, conflicts_with = "again")]
    print: bool,
}

/// Asks the course's questions about a week and keeps the answers, each as soon as it is given.
pub fn review(args: &ReviewArgs) -> Done {
    let course = learner::course(&args.source)?;
    let questions = &course.review_questions;
    if args.week > course.weeks() {
        return Err(Failure::usage(anyhow!("there is no week {}; the course has {} weeks", args.week, course.weeks())));
    }
    if args.print {
        output::print(Review::form(args.week, questions).text());
        return Ok(exit::ALL_PASSED);
    }
    if !args.folder.is_dir() {
        return Err(Failure::usage(anyhow!("there is no folder {}; name the folder of your work", args.folder.display())));
    }
    let style = Style::of_stdout();
    let path = review::path(&args.folder, args.week);
    let file = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    // What stands in the file is read again for each answer: it may be open in an editor meanwhile.
    let now = || -> Result<Review, Failure> {
        Ok(Review::load(&path).map_err(Failure::environment)?.unwrap_or_else(|| Review::form(args.week, questions)))
    };
    now()?;
    let mut keyboard = Keyboard::of_stdin();
    output::print(&page::opening(args.week, &file, &style));
    let mut end = None;
    for question in questions {
        let answer = now()?.answer(question);
        output::print(&page::question(question, answer.as_deref(), &style));
        if answer.is_some() && !args.again {
            continue;
        }
        if answer.is_some() {
            output::print(&page::more(&style));
        }
        let typed = ask(&mut keyboard);
        let mut review = now()?;
        let before = review.clone();
        review.add(question, &typed.text);
        if review != before {
            review.save(&path).map_err(|error| Failure::environment(error.context("your answer was not kept")))?;
        }
        end = typed.end;
        if end.is_some() {
            break;
        }
    }
    drop(keyboard);
    let place = Place {
        work: if args.folder.as_os_str() == "." { String::new() } else { quoted(&args.folder) },
        checks: args.source.checks.as_deref().map(quoted).unwrap_or_default(),
    };
    let answered = now()?.answered(questions);
    let next = if answered < questions.len() { place.review(args.week) } else { place.status() };
    output::print(&page::closing(answered, questions.len(), &file, &next, &style));
    Ok(if end == Some(End::Interrupted) { exit::INTERRUPTED } else { exit::ALL_PASSED })
}

/// Why nothing more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The input ended, or Ctrl-D.
    Input,
    /// Ctrl-C.
    Interrupted,
}

/// What was typed for one question.
struct Answer {
    text: String,
    end: Option<End>,
}

/// Reads lines up to an empty one, or to the end.
fn ask(keyboard: &mut Keyboard) -> Answer {
    let mut lines: Vec<String> = Vec::new();
    loop {
        if keyboard.is_terminal() {
            output::print("> ");
        }
        let (line, end) = match keyboard.line() {
            Typed::Line(line) if line.trim().is_empty() => return Answer { text: lines.join("\n"), end: None },
            Typed::Line(line) => (line, None),
            Typed::End(line) => (line, Some(End::Input)),
            Typed::Interrupted(line) => (line, Some(End::Interrupted)),
        };
        lines.push(line);
        if end.is_some() {
            if keyboard.is_terminal() {
                output::print("\n");
            }
            return Answer { text: lines.join("\n"), end };
        }
    }
}
