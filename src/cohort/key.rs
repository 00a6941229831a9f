//! What decides a grade: when none of it has changed, a submission is not graded again.

use sha2::{Digest as _, Sha256};

use super::child::Policy;
use crate::course::Rules;

/// Changes when grades of before are not comparable for a reason that nothing else here shows.
const LAYOUT: &str = "1";

/// What decides a grade beside the submission: the same for all of a cohort.
#[derive(Debug, Clone)]
pub struct Basis {
    parts: Vec<String>,
}

impl Basis {
    /// Of a policy; `checks` is the digest of the lab file.
    #[must_use]
    pub fn of(policy: &Policy, checks: &str) -> Self {
        let mut parts = vec![LAYOUT.to_owned(), env!("CARGO_PKG_VERSION").to_owned(), checks.to_owned(), policy.sandbox.clone()];
        parts.push(policy.seed.map_or_else(|| "drawn".to_owned(), |seed| seed.to_string()));
        parts.push(policy.timeout_scale.map(|scale| scale.to_string()).unwrap_or_default());
        parts.push(policy.options.len().to_string());
        parts.extend(policy.options.iter().cloned());
        Self { parts }
    }

    /// The key of a submission: its content, the commit that dates it, and the rules that hold for it.
    #[must_use]
    pub fn key(&self, content: &str, commit: Option<&str>, rules: Option<&Rules>) -> String {
        let rules = rules.map(Rules::text).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in self.parts.iter().map(String::as_str).chain([content, commit.unwrap_or_default(), &rules]) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hex(&hash.finalize())
    }
}

/// The SHA-256 of bytes, in hex.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    fn policy() -> Policy {
        Policy {
            kgrade: "/kgrade".into(),
            lab: "lab-02".to_owned(),
            checks: None,
            sandbox: "none".to_owned(),
            late: None,
            seed: None,
            jobs: None,
            timeout_scale: None,
            limit: Duration::from_secs(900),
            options: Vec::new(),
        }
    }

    #[test]
    fn whatever_decides_a_grade_changes_the_key() {
        let rules = |text: &str| Rules::parse(text).unwrap();
        let due = rules("{kgrade: 1, labs: {lab-02: {due: 2026-12-01T12:00:00Z}}}");
        let later = rules("{kgrade: 1, labs: {lab-02: {due: 2026-12-02T12:00:00Z}}}");
        let of = |policy: Policy| Basis::of(&policy, "c").key("s", None, None);
        let base = Basis::of(&policy(), "c");
        let options = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let keys = [
            base.key("s", None, None),
            base.key("t", None, None),
            base.key("s", Some("1"), None),
            base.key("s1", None, None),
            base.key("s", None, Some(&due)),
            base.key("s", None, Some(&later)),
            Basis::of(&policy(), "d").key("s", None, None),
            of(Policy { seed: Some(7), ..policy() }),
            of(Policy { sandbox: "bwrap".to_owned(), ..policy() }),
            of(Policy { timeout_scale: Some(2.0), ..policy() }),
            of(Policy { options: options(&["--only", "topic"]), ..policy() }),
            of(Policy { options: options(&["--only topic"]), ..policy() }),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }

    #[test]
    fn what_only_decides_how_fast_it_goes_does_not() {
        let of = |policy: Policy| Basis::of(&policy, "c").key("s", None, None);
        let (jobs, limit) = (Policy { jobs: Some(2), ..policy() }, Policy { limit: Duration::from_secs(1), ..policy() });
        assert_eq!(BTreeSet::from([of(policy()), of(jobs), of(limit)]).len(), 1);
    }
}
