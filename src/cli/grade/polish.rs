//! The last hand on an outcome before anybody sees it.

use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use crate::outcome::redact::{Redactor, Secret};

/// What every outcome gets before anybody sees it: commands that can be typed as they are, and no secret.
pub struct Polish {
    /// The lab, as the person named it.
    lab: String,
    submission: PathBuf,
    /// Takes the secrets out of any text.
    pub redactor: Redactor,
}

impl Polish {
    /// For a run of this lab, named as on the command line, on this submission.
    pub fn new(lab: &str, submission: &Path) -> Self {
        Self { lab: lab.to_owned(), submission: submission.to_owned(), redactor: Redactor::new(&secrets()) }
    }

    /// Finishes an outcome.
    pub fn outcome(&self, outcome: &mut Outcome) {
        let named = format!("kgrade {}", outcome.lab);
        for next in outcome.checks.iter_mut().filter_map(|check| check.next.as_mut()) {
            if let Some(rest) = next.strip_prefix(&named) {
                // A lab of the person's own has no name that kgrade would find.
                *next = format!("kgrade {}{rest}", word(&self.lab));
            }
            if self.submission != Path::new(".") {
                next.push_str(&format!(" --submission {}", word(&self.submission.to_string_lossy())));
            }
        }
        self.redactor.outcome(outcome);
    }
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=+@%".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The secrets that kgrade's own environment holds. Learners' programs never get them; a report must not tell them either.
fn secrets() -> Vec<Secret> {
    const NAMES: [&str; 4] = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];
    let named = |name: &str| NAMES.iter().any(|word| name.to_ascii_uppercase().contains(word));
    // Shorter values are words that stand everywhere, like `true`.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| named(name) && value.len() >= 8)
        .map(|(_, value)| Secret::new(value))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_word_reaches_the_shell_as_it_is() {
        assert_eq!(super::word("./labs/lab-02.yaml"), "./labs/lab-02.yaml");
        assert_eq!(super::word("it's my lab"), r"'it'\''s my lab'");
    }
}
