//! A week in review: the course's questions with a learner's answers, as a Markdown file that can be edited by hand.
//!
//! An answer stands under its question's heading. What is added goes to the end of its section; nothing that stands in the file is changed
//! or taken away.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::outcome::sanitize;
use crate::report::write_file;

/// The folder of the reviews, next to the learner's work.
pub const FOLDER: &str = "reviews";
/// The largest file that is read, in bytes.
const MOST: u64 = 4 << 20;

/// The file of a week.
#[must_use]
pub fn path(work: &Path, week: u32) -> PathBuf {
    work.join(FOLDER).join(format!("week-{week}.md"))
}

/// The text of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    text: String,
}

impl Review {
    /// The empty form: a heading for the week and one for each question.
    #[must_use]
    pub fn form(week: u32, questions: &[String]) -> Self {
        let mut text = format!("# Week {week} in review\n");
        for question in questions {
            text.push_str(&format!("\n## {question}\n"));
        }
        Self { text }
    }

    /// What stands in a file; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let shown = path.display();
        match path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("failed to read {shown}")),
            Ok(found) if !found.is_file() => bail!("{shown} is no file; move it away"),
            Ok(found) if found.len() > MOST => bail!("{shown} has {} MB; no review is as long", found.len() / 1_000_000),
            Ok(_) => {}
        }
        let bytes = std::fs::read(path).with_context(|| format!("failed to read {shown}"))?;
        let text = String::from_utf8(bytes).ok().with_context(|| format!("{shown} is not UTF-8; save it as such in your editor"))?;
        Ok(Some(Self { text }))
    }

    /// The text, whole.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The answer to a question, `None` when there is nothing under its heading, or no such heading.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<String> {
        let (from, to) = self.section(question)?;
        let answer = self.text.get(from..to)?.trim();
        (!answer.is_empty()).then(|| answer.to_owned())
    }

    /// How many of these questions have an answer.
    #[must_use]
    pub fn answered(&self, questions: &[String]) -> usize {
        questions.iter().filter(|question| self.answer(question).is_some()).count()
    }

    /// Adds to the answer of a question, below what stands there.
    pub fn add(&mut self, question: &str, answer: &str) {
        let answer = written(answer);
        if answer.is_empty() {
            return;
        }
        if self.section(question).is_none() {
            // Its heading is gone, or this is another form: nothing is moved.
            let gap = if self.text.is_empty() || self.text.ends_with("\n\n") { "" } else { "\n" };
            let end = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
            self.text.push_str(&format!("{end}{gap}## {question}\n"));
        }
        let Some((from, to)) = self.section(question) else {
            // A block of code that nobody ended hides the heading from us, too.
            self.text.push_str(&format!("\n{answer}\n"));
            return;
        };
        let (before, rest) = self.text.split_at(from);
        let kept = from + rest.get(..to - from).unwrap_or_default().trim_end().len();
        let gap = if kept == from && before.ends_with('\n') { "\n" } else { "\n\n" };
        let tail = if to < self.text.len() { "\n\n" } else { "\n" };
        self.text.replace_range(kept..to, &format!("{gap}{answer}{tail}"));
    }

    /// Writes it, in one step.
    ///
    /// # Errors
    /// When the folder cannot be made, or the file not be written: what was there is then still there.
    pub fn save(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
        }
        write_file(path, self.text.as_bytes())
    }

    /// Where the section of a question begins, after its heading, and ends, before the next heading of its rank or above.
    fn section(&self, question: &str) -> Option<(usize, usize)> {
        let mut at = 0;
        let mut from = None;
        let mut fenced = false;
        for line in self.text.split_inclusive('\n') {
            let begins = at;
            at += line.len();
            let line = line.trim_end();
            // A `#` in a block of code is no heading.
            fenced ^= line.trim_start().starts_with("```");
            if fenced || !(line.starts_with("# ") || line.starts_with("## ")) {
                continue;
            }
            if let Some(from) = from {
                return Some((from, begins));
            }
            if line.strip_prefix("## ").is_some_and(|heading| heading.trim() == question.trim()) {
                from = Some(at);
            }
        }
        from.map(|from| (from, self.text.len()))
    }
}

/// An answer as it stands in the file: nothing in it steers a terminal, or passes for a heading of the form.
fn written(answer: &str) -> String {
    let clean = sanitize::terminal(answer);
    let lines = clean.trim().lines().map(str::trim_end);
    lines.map(|line| if line.starts_with('#') { format!("\\{line}") } else { line.to_owned() }).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> Vec<String> {
        vec!["What did I learn this week?".to_owned(), "What challenges did I face?".to_owned()]
    }

    #[test]
    fn the_form_takes_answers() {
        let mut review = Review::form(1, &questions());
        assert_eq!(review.text(), "# Week 1 in review\n\n## What did I learn this week?\n\n## What challenges did I face?\n");
        assert_eq!(review.answered(&questions()), 0);
        review.add("What challenges did I face?", "Offsets.\nAnd groups.");
        review.add("What did I learn this week?", "  Keys.  \n\n");
        review.add("What did I learn this week?", "Partitions.");
        review.add("What did I learn this week?", " \n ");
        assert_eq!(
            review.text(),
            "# Week 1 in review\n\n## What did I learn this week?\n\nKeys.\n\nPartitions.\n\n\
             ## What challenges did I face?\n\nOffsets.\nAnd groups.\n"
        );
        assert_eq!(review.answer("What did I learn this week?").as_deref(), Some("Keys.\n\nPartitions."));
        assert_eq!(review.answered(&questions()), 2);
    }

    #[test]
    fn what_was_written_by_hand_stays() {
        let by_hand =
            "my own words\n\n## What did I learn this week?  \n- keys\n\n```sh\n# no heading\n```\n### detail\nmore\n\n# My notes\nleft";
        let mut review = Review { text: by_hand.to_owned() };
        assert_eq!(review.answer("What did I learn this week?").as_deref(), Some("- keys\n\n```sh\n# no heading\n```\n### detail\nmore"));
        review.add("What did I learn this week?", "and groups");
        review.add("What challenges did I face?", "none");
        assert_eq!(
            review.text(),
            "my own words\n\n## What did I learn this week?  \n- keys\n\n```sh\n# no heading\n```\n### detail\nmore\n\nand groups\n\n\
             # My notes\nleft\n\n## What challenges did I face?\n\nnone\n"
        );
    }

    #[test]
    fn a_heading_at_the_very_end_and_an_empty_file_take_answers() {
        let mut review = Review { text: "## What did I learn this week?".to_owned() };
        review.add("What did I learn this week?", "keys");
        assert_eq!(review.text(), "## What did I learn this week?\n\nkeys\n");
        let mut review = Review { text: String::new() };
        review.add("What did I learn this week?", "keys");
        assert_eq!(review.text(), "## What did I learn this week?\n\nkeys\n");
        let mut review = Review { text: "```\nno end".to_owned() };
        review.add("What did I learn this week?", "keys");
        assert!(review.text().starts_with("```\nno end\n") && review.text().ends_with("keys\n"), "{}", review.text());
    }

    #[test]
    fn an_answer_is_no_heading_and_steers_nothing() {
        let mut review = Review::form(1, &questions());
        review.add("What did I learn this week?", "## What challenges did I face?\n\x1b[2Jgone\x07\r\nend");
        assert_eq!(review.answer("What challenges did I face?"), None);
        assert_eq!(review.answer("What did I learn this week?").unwrap(), "\\## What challenges did I face?\ngone\\x07\nend");
    }

    #[test]
    fn a_file_that_is_no_text_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 1);
        assert_eq!(Review::load(&path).unwrap(), None);
        Review::form(1, &questions()).save(&path).unwrap();
        assert!(Review::load(&path).unwrap().is_some());
        std::fs::write(&path, b"\xff").unwrap();
        assert!(Review::load(&path).unwrap_err().to_string().contains("is not UTF-8"));
    }
}
