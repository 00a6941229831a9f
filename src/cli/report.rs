//! `kgrade report FORMAT FILE`: a report of a run that is over.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use super::saved::{JudgedAgain, Saved};
use super::{Done, Failure, LabSource, output};
use crate::course::Rules;
use crate::exit;
use crate::outcome::Outcome;
use crate::outcome::redact::Redactor;
use crate::report::{FORMATS, Format, Graded, check_writable, format, graded, json, write_file};

/// The largest JSON report that is read, in bytes.
const MOST: u64 = 256 << 20;

/// Make a report of a run that is over.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The format.
    #[arg(value_parser = known)]
    format: &'static Format,
    /// What was saved: a JSON report (`--report json=FILE`), or evidence (`--evidence FILE`), which is judged again.
    file: PathBuf,
    /// Write it into this file; without it, to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The course's rules on late submissions, for evidence.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
}

fn known(name: &str) -> Result<&'static Format, String> {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format(name).ok_or_else(|| format!("there is no such format; the formats are {}", names.join(", ")))
}

/// Makes the report.
pub fn report(args: &ReportArgs) -> Done {
    if let Some(path) = &args.output {
        check_writable(path).with_context(|| format!("--output {}", path.display())).map_err(Failure::usage)?;
    }
    let text = if is_evidence(&args.file).map_err(Failure::usage)? {
        let rules = args.late.as_deref().map(Rules::load).transpose().map_err(Failure::usage)?;
        let JudgedAgain { outcome, checks, timeline } = Saved::open(&args.file, false, &LabSource { checks: None })?.judge(rules.as_ref());
        let pictures = graded::pictures_for(args.format, &outcome, &checks, &timeline, &Redactor::new([]));
        args.format.of(&Graded { outcome: &outcome, pictures: &pictures })?
    } else {
        args.format.of(&Graded::from(&read(&args.file).map_err(Failure::usage)?))?
    };
    match &args.output {
        Some(path) => write_file(path, text.as_bytes()).with_context(|| format!("failed to write the {} report", args.format.name))?,
        None => output::print(&text),
    }
    Ok(exit::ALL_PASSED)
}

/// Whether a file holds evidence; else it must be a JSON report.
fn is_evidence(path: &Path) -> anyhow::Result<bool> {
    let shown = path.display();
    let mut file = BufReader::new(File::open(path).with_context(|| format!("open {shown}"))?);
    let begin = file.fill_buf().with_context(|| format!("read {shown}"))?;
    // Evidence begins with its schema, or is packed; a report begins with a brace of its own.
    Ok(begin.starts_with(&[0x1f, 0x8b]) || begin.starts_with(br#"{"schema":"kgrade/evidence/"#))
}

/// Reads a JSON report.
pub fn read(path: &Path) -> anyhow::Result<Outcome> {
    let shown = path.display();
    let mut text = String::new();
    let file = File::open(path).with_context(|| format!("open {shown}"))?;
    let length = file.take(MOST + 1).read_to_string(&mut text).with_context(|| format!("read {shown}"))?;
    if length as u64 > MOST {
        return Err(anyhow!("{shown} is too large for a report"));
    }
    json::read(&text).with_context(|| shown.to_string())
}
