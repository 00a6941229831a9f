//! The outcome as annotations of a GitHub workflow run: commands to the runner, one on each line.
//!
//! A check's place is in the lab file, which is not in the learner's repository, so no annotation names a file.

use crate::outcome::{CheckOutcome, Outcome, Verdict};
use crate::report::markdown::points;
use crate::report::terminal::{Style, tidy};
use crate::report::words::count;
use crate::report::{detail, provenance, summary};

/// GitHub shows so many errors of a step, and as many warnings.
const SHOWN: usize = 10;

/// The longest message, in characters.
const MESSAGE: usize = 1_000;

/// The commands: an error for each check that failed, a warning for each that could not be decided, a notice with the score and all verdicts.
///
/// # Errors
/// None: every outcome can be told.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let of = |wanted: &[Verdict]| outcome.checks.iter().filter(|check| wanted.contains(&check.verdict)).collect::<Vec<_>>();
    let mut lines = some("error", &of(&[Verdict::Failed]), "failed");
    lines.extend(some("warning", &of(&[Verdict::Error, Verdict::Inconclusive]), "could not be decided"));
    let mut said: Vec<String> = outcome.checks.iter().map(verdict).collect();
    said.extend(provenance::lines(outcome));
    lines.push(command("notice", &format!("{}: {}", tidy(&outcome.lab), summary::score(outcome)), &said.join("\n")));
    Ok(lines.iter().map(|line| format!("{line}\n")).collect())
}

/// A command for each check, or for as many as are shown, the last of them saying how many more there are.
fn some(name: &str, checks: &[&CheckOutcome], what: &str) -> Vec<String> {
    let each = if checks.len() > SHOWN { SHOWN - 1 } else { SHOWN };
    let mut lines: Vec<String> = checks.iter().take(each).map(|check| one(name, check)).collect();
    let more = checks.len().saturating_sub(each);
    if more > 0 {
        let said = format!("{} {what}; the notice names them all", count(more as u64, "more check", "more checks"));
        lines.push(command(name, "and more", &said));
    }
    lines
}

fn one(name: &str, check: &CheckOutcome) -> String {
    let title = format!("{} ({}): {}", tidy(&check.id), points(check), tidy(&check.title));
    let mut said = vec![tidy(&detail::headline(check))];
    said.extend(check.expected.as_ref().map(|text| format!("expected: {}", tidy(text))));
    said.extend(check.observed.as_ref().map(|text| format!("observed: {}", tidy(text))));
    said.extend(check.hint.as_ref().map(|text| format!("hint: {}", tidy(text))));
    command(name, &title, &said.join("\n"))
}

/// A check on a line of its own.
fn verdict(check: &CheckOutcome) -> String {
    format!("{} {} {} {}", Style::FILE.mark(check.verdict), tidy(&check.id), points(check), check.verdict.word())
}

/// A command as the runner reads it: `%` and the ends of lines are written as `%25`, `%0D`, `%0A`, in a property `:` and `,` as well.
fn command(name: &str, title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(&crate::outcome::sanitize::cut(title, MESSAGE)).replace(':', "%3A").replace(',', "%2C");
    format!("::{name} title={title}::{}", data(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{sample, sample_run};

    #[test]
    fn a_text_cannot_leave_its_place() {
        assert_eq!(command("error", "a,file=b::c%", "50%\n::error::x"), "::error title=a%2Cfile=b%3A%3Ac%25::50%25%0A::error::x");
    }

    #[test]
    fn what_github_would_not_show_is_counted() {
        let failed = |at: usize| {
            let mut check = sample(&format!("c{at}"));
            (check.verdict, check.points, check.message) = (Verdict::Failed, 0, "no".to_owned());
            check
        };
        let text = render(&sample_run((0..13).map(failed).collect())).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), SHOWN);
        assert!(text.contains("::error title=and more::4 more checks failed; the notice names them all\n"), "{text}");
        assert!(text.lines().last().unwrap().contains("%0A✗ c12 0/10 failed%0A"), "{text}");
        let text = render(&sample_run((0..10).map(failed).collect())).unwrap();
        assert!(text.contains("title=c9 (0/10)%3A The topic") && !text.contains("and more"), "{text}");
    }
}
