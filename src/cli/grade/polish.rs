//! The last hand on an outcome before anybody sees it.

use std::path::Path;

use crate::outcome::redact::{Redactor, Secret};
use crate::outcome::{Outcome, Verdict};
use crate::world::cluster::Runtime;

/// What every outcome gets before anybody sees it: commands that can be typed as they are, and no secret.
pub struct Polish {
    /// The lab as it was typed.
    lab: String,
    /// The folder of labs, as an option to type again.
    checks: String,
    /// What else has to be typed again.
    options: String,
    /// Takes the secrets out of any text.
    pub redactor: Redactor,
}

impl Polish {
    /// For a run of this lab, from this folder of labs, on this submission.
    pub fn new(lab: &str, checks: Option<&Path>, submission: &Path) -> Self {
        let checks = checks.map(|folder| format!(" --checks {}", quoted(folder))).unwrap_or_default();
        let submission = (submission != Path::new(".")).then(|| format!(" --submission {}", quoted(submission)));
        let options = checks.clone() + &submission.unwrap_or_default();
        Self { lab: quoted(Path::new(lab)), checks, options, redactor: Redactor::new(&secrets()) }
    }

    /// The same on this cluster, with these hosts allowed.
    pub fn on(mut self, cluster: Option<&Runtime>, allowed: &[String]) -> Self {
        match cluster {
            None | Some(Runtime::Jvm) => {}
            Some(Runtime::Docker) => self.options.push_str(" --cluster docker"),
            Some(Runtime::External(address)) => self.options.push_str(&format!(" --cluster {}", quoted(Path::new(address)))),
        }
        for host in allowed {
            self.options.push_str(&format!(" --allow-endpoint {}", quoted(Path::new(host))));
        }
        self
    }

    /// The command that shows what happened as a picture, when something failed.
    pub fn picture(&self, evidence: &Path, outcome: &Outcome) -> String {
        let failed: Vec<&str> =
            outcome.checks.iter().filter(|check| check.verdict == Verdict::Failed).map(|check| check.id.as_str()).collect();
        let file = quoted(evidence);
        match failed.as_slice() {
            [] => String::new(),
            [one] => format!("see what happened: kgrade timeline {file} --check {}\n", quoted(Path::new(one))),
            _ => format!("see what happened: kgrade timeline {file}\n"),
        }
    }

    /// Finishes an outcome.
    pub fn outcome(&self, outcome: &mut Outcome) {
        let by_name = format!("kgrade {} ", outcome.lab);
        for next in outcome.checks.iter_mut().filter_map(|check| check.next.as_mut()) {
            if let Some(rest) = next.strip_prefix(&by_name) {
                *next = format!("kgrade {} {rest}{}", self.lab, self.options);
            }
        }
        for reading in outcome.checks.iter_mut().filter_map(|check| check.read.as_mut()) {
            // The section alone, and not the handout from its first line.
            if let (Some(section), Some(show)) = (&reading.handout, &mut reading.show) {
                *show = format!("kgrade show {}{} --section {}", self.lab, self.checks, quoted(Path::new(section)));
            }
        }
        self.redactor.outcome(outcome);
    }
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |sign: char| sign.is_alphanumeric() || "-_./:=+,@%~".contains(sign);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
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
    use super::*;
    use crate::outcome::{CheckOutcome, Reading, sample};

    #[test]
    fn the_next_command_leads_to_the_same_cluster() {
        let next = |polish: Polish| {
            let text = include_str!("../../../fixtures/outcomes/full-pass.json");
            let check = CheckOutcome { next: Some("kgrade lab-02 --only a".to_owned()), ..sample("a") };
            let mut outcome = Outcome { lab: "lab-02".to_owned(), checks: vec![check], ..crate::report::json::read(text).unwrap() };
            polish.outcome(&mut outcome);
            outcome.checks[0].next.clone().unwrap()
        };
        let polish = || Polish::new("lab-02", None, Path::new("my work"));
        assert_eq!(next(polish().on(Some(&Runtime::Jvm), &[])), "kgrade lab-02 --only a --submission 'my work'");
        let there = Runtime::External("kafka:9092".to_owned());
        let words = "kgrade lab-02 --only a --submission 'my work' --cluster kafka:9092 --allow-endpoint broker-1";
        assert_eq!(next(polish().on(Some(&there), &["broker-1".to_owned()])), words);
    }

    #[test]
    fn where_to_read_is_a_command_that_shows_the_section() {
        let text = include_str!("../../../fixtures/outcomes/full-pass.json");
        let read = Reading { handout: Some("At least once".to_owned()), show: Some("kgrade show lab-02".to_owned()), kafka: None };
        let check = CheckOutcome { read: Some(read), ..sample("a") };
        let mut outcome = Outcome { checks: vec![check], ..crate::report::json::read(text).unwrap() };
        Polish::new("lab-02", Some(Path::new("my course")), Path::new("work")).outcome(&mut outcome);
        let shown = outcome.checks[0].read.clone().unwrap().show.unwrap();
        assert_eq!(shown, "kgrade show lab-02 --checks 'my course' --section 'At least once'");
    }

    #[test]
    fn names_the_picture_of_what_failed() {
        let polish = Polish::new("lab-02", None, Path::new("."));
        let outcome = |failed: &[&str]| {
            let check = |id: &&str| CheckOutcome { verdict: Verdict::Failed, ..sample(id) };
            let checks = failed.iter().map(check).chain([sample("fine")]).collect();
            let text = include_str!("../../../fixtures/outcomes/full-pass.json");
            Outcome { checks, ..crate::report::json::read(text).unwrap() }
        };
        let said = |failed: &[&str]| polish.picture(Path::new("my run.jsonl"), &outcome(failed));
        assert_eq!(said(&[]), "");
        assert_eq!(said(&["a[x y]"]), "see what happened: kgrade timeline 'my run.jsonl' --check 'a[x y]'\n");
        assert_eq!(said(&["a", "b"]), "see what happened: kgrade timeline 'my run.jsonl'\n");
    }
}
