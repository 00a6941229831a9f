//! `kgrade verify RESULT… --key PUBLIC`: whether a result is what was signed, and what that proves.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use minisign::PublicKey;

use super::saved::Saved;
use super::sign::beside;
use super::{Done, Failure, LabSource, output, report};
use crate::course::Rules;
use crate::exit;
use crate::outcome::{CheckOutcome, Outcome, Verdict, sanitize};
use crate::report::signature;

/// Check the signature of results.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The JSON reports; the signature of each stands beside it, with `.minisig` after its name.
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// The public key: its file, or the line in it.
    #[arg(long, value_name = "KEY")]
    key: String,
    /// Also judge this evidence again, and compare it with the result.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    #[command(flatten)]
    source: LabSource,
    /// The course's rules on late submissions, for the evidence.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
}

/// Checks all results. The exit code says whether all are right.
pub fn verify(args: &VerifyArgs) -> Done {
    if args.evidence.is_some() && args.results.len() > 1 {
        return Err(Failure::usage(anyhow::anyhow!("--evidence is of one result: name one")));
    }
    let key = key(&args.key).map_err(Failure::usage)?;
    let mut code = exit::ALL_PASSED;
    for path in &args.results {
        let shown = sanitize::terminal(&path.display().to_string());
        match result(path, &key, args) {
            Ok(text) => output::print(&format!("{shown}: right\n{text}")),
            Err(error) => {
                code = exit::SOMETHING_FAILED;
                output::print(&format!("{shown}: NOT PROVEN: {}\n", sanitize::terminal(&format!("{error:#}"))));
            }
        }
    }
    Ok(code)
}

fn key(text: &str) -> Result<PublicKey> {
    if Path::new(text).is_file() {
        let read = std::fs::read_to_string(text).with_context(|| format!("read the public key in {text}"))?;
        return signature::public_key(&read).with_context(|| text.to_owned());
    }
    signature::public_key(text)
}

fn result(path: &Path, key: &PublicKey, args: &VerifyArgs) -> Result<String> {
    let bytes = std::fs::read(path).context("read it")?;
    let beside = beside(path);
    let signed = std::fs::read_to_string(&beside).with_context(|| format!("there is no signature beside it ({})", beside.display()))?;
    let told = signature::verify(&bytes, &signed, key)?;
    let outcome = report::read(path)?;
    // What stands beside the file in plain words is signed, too, and must not tell something else than the file.
    if told != one_line(&signature::comment(&outcome)) {
        bail!("the signature tells of another result than the file: {told}");
    }
    let mut text = format!("  proven: the holder of the key signed exactly this: {}\n", sanitize::terminal(&told));
    if let Some(evidence) = &args.evidence {
        again(evidence, &outcome, args)?;
        text.push_str("  proven: the evidence, judged again, comes to the same\n");
    }
    for open in signature::unproven(&outcome) {
        text.push_str(&format!("  not proven: {open}\n"));
    }
    Ok(text)
}

fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// Judges the evidence again, and compares.
fn again(path: &Path, outcome: &Outcome, args: &VerifyArgs) -> Result<()> {
    let rules = args.late.as_deref().map(Rules::load).transpose()?;
    let judged = Saved::open(path, false, &args.source).map_err(|failure| failure.error)?.judge(rules.as_ref()).outcome;
    if (&judged.run.id, &judged.run.submission_digest) != (&outcome.run.id, &outcome.run.submission_digest) {
        bail!("{} is the evidence of another run", path.display());
    }
    let told = |check: &CheckOutcome| -> (String, Verdict, u32, u32) { (check.id.clone(), check.verdict, check.points, check.max_points) };
    let differs = outcome.checks.iter().find(|check| !judged.checks.iter().any(|other| told(other) == told(check)));
    if let Some(check) = differs {
        let now = judged.checks.iter().find(|other| other.id == check.id);
        let now = now.map_or("nothing".to_owned(), |now| format!("{} {}/{}", now.verdict.word(), now.points, now.max_points));
        bail!(
            "judged again, `{}` comes to {now}, and the result says {} {}/{}",
            check.id,
            check.verdict.word(),
            check.points,
            check.max_points
        );
    }
    if judged.grade() != outcome.grade() && rules.is_some() {
        bail!("by these rules on lateness the grade is {}, and the result says {}", judged.grade(), outcome.grade());
    }
    Ok(())
}
