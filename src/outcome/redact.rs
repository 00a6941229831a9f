//! Keeps secrets out of everything that leaves the process.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::{CheckOutcome, Moment, Outcome, OutputLine, Place, Reading, RunFacts, Workflow, sanitize};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Fragments of an encoding that are shorter than this would be found by accident.
const SHORTEST_FRAGMENT: usize = 8;

/// A password or token. It has no `Display`, and its `Debug` says nothing about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one place that must hand it over (a client's configuration, an environment variable).
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Replaces the secrets of a run by [`REDACTED`], also where they are base64, URL-encoded or escaped.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Every form of every secret, the longest first: a short form may be part of a long one.
    forms: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
    }
}

impl Redactor {
    /// A redactor for these secrets; empty ones are ignored.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut forms: Vec<String> = secrets.into_iter().flat_map(forms).filter(|form| !form.is_empty()).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// The text without any secret.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        // A colour in the middle would hide a secret here and vanish in the report.
        let bare = sanitize::bare(text);
        let hidden = bare != text && self.forms.iter().any(|form| bare.contains(form) && !text.contains(form));
        self.forms.iter().fold(if hidden { bare } else { text.to_owned() }, |text, form| text.replace(form, REDACTED))
    }

    /// Takes every secret out of every string of an outcome. Call it before any report is made.
    pub fn outcome(&self, outcome: &mut Outcome) {
        if self.forms.is_empty() {
            return;
        }
        // No `..` here: a new field must be thought of, or this does not compile.
        let Outcome { schema: _, lab, title, score: _, max_score: _, complete: _, interrupted: _, checks, run, timings_ms, late: _ } =
            outcome;
        self.all([lab, title]);
        for check in checks {
            self.check(check);
        }
        let RunFacts {
            id,
            seed: _,
            tier: _,
            kgrade,
            checks_digest,
            submission_digest,
            commit,
            broker_version,
            cluster,
            started_at: _,
            learner,
            committed_at: _,
            clients,
            sandbox,
            workflow,
        } = run;
        self.all([id, kgrade, checks_digest, cluster, sandbox]);
        self.all([submission_digest, commit, broker_version, learner].into_iter().flatten());
        self.all(clients);
        if let Some(Workflow { repository, workflow, reference, event, actor, url, attempt: _ }) = workflow {
            self.all([repository, workflow, reference, event, actor, url]);
        }
        *timings_ms = timings_ms.drain(..).map(|(phase, ms)| (self.text(&phase), ms)).collect();
    }

    fn check(&self, check: &mut CheckOutcome) {
        let CheckOutcome {
            id,
            title,
            criterion,
            verdict: _,
            points: _,
            max_points: _,
            message,
            expected,
            observed,
            witnesses,
            more_witnesses: _,
            cause,
            read,
            moment,
            remarks,
            hint,
            next,
            place,
            looks: _,
            first_seen_ms: _,
            duration_ms: _,
            output,
            disclosure: _,
        } = check;
        self.all([id, title, message]);
        self.all([criterion, expected, observed, cause, hint, next].into_iter().flatten());
        self.all(witnesses.iter_mut().chain(remarks));
        if let Some(Reading { handout, show, kafka }) = read {
            self.all([handout, show, kafka].into_iter().flatten());
        }
        if let Some(Moment { at_ns: _, topic, partition: _, instance }) = moment {
            self.all([topic, instance].into_iter().flatten());
        }
        if let Some(Place { file, line: _, column: _ }) = place {
            self.all([file]);
        }
        for OutputLine { program, stream, at_ms: _, text } in output {
            self.all([program, stream, text]);
        }
    }

    fn all<'a>(&self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            *text = self.text(text);
        }
    }
}

/// The forms in which a secret shows up.
fn forms(secret: &Secret) -> Vec<String> {
    let raw = secret.reveal();
    let mut forms = vec![raw.to_owned()];
    let quoted = serde_json::Value::from(raw).to_string();
    forms.extend(quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')).map(str::to_owned));
    for (space, lower) in [("%20", false), ("%20", true), ("+", false), ("+", true)] {
        forms.push(percent(raw, space, lower));
    }
    for engine in [STANDARD, URL_SAFE] {
        let whole = engine.encode(raw);
        forms.push(whole.trim_end_matches('=').to_owned());
        forms.push(whole);
        // Inside a longer text, such as `user:password`, a secret begins at any of three places of base64.
        for lead in 0..3 {
            let padded = [&b"\0\0"[..lead], raw.as_bytes()].concat();
            // Only the characters that no neighbouring byte has a part in.
            let (from, to) = ((lead * 4).div_ceil(3), padded.len() * 4 / 3);
            let core = engine.encode(&padded).get(from..to).unwrap_or_default().to_owned();
            forms.extend((core.len() >= SHORTEST_FRAGMENT).then_some(core));
        }
    }
    forms
}

/// URL encoding, with upper or lower case digits.
fn percent(text: &str, space: &str, lower: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b' ' => space.to_owned(),
            _ if lower => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found() {
        let secret = Secret::new("pä ss/wörd+\"7?&=x");
        let redactor = Redactor::new([&secret]);
        for text in [
            format!("password={}", secret.reveal()),
            format!("basic {}", STANDARD.encode(secret.reveal())),
            format!("basic {}", STANDARD.encode(format!("alice:{}", secret.reveal()))),
            format!("basic {}", STANDARD.encode(format!("bob:{}\n", secret.reveal()))),
            format!("basic {}", URL_SAFE.encode(format!("admin:{}", secret.reveal()))),
            "http://u:p%C3%A4%20ss%2Fw%C3%B6rd%2B%227%3F%26%3Dx@h".to_owned(),
            "q=p%c3%a4+ss%2fw%c3%b6rd%2b%227%3f%26%3dx".to_owned(),
            serde_json::json!({ "password": secret.reveal() }).to_string(),
            format!("{}\x1b[31m{}", &secret.reveal()[..5], &secret.reveal()[5..]),
        ] {
            assert!(redactor.text(&text).contains(REDACTED), "{text}");
        }
        assert_eq!(redactor.text("nothing to hide \x1b[1mhere"), "nothing to hide \x1b[1mhere");
    }

    #[test]
    fn nothing_is_said_by_debug() {
        let secret = Secret::new("hunter2");
        let said = format!("{secret:?} {:?}", Redactor::new([&secret]));
        assert!(said.starts_with("Secret(…) Redactor(") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn an_empty_secret_hides_nothing() {
        assert_eq!(Redactor::new([&Secret::new("")]).text("as it was"), "as it was");
    }
}
