//! `kgrade lint`.

use std::path::Path;

use anyhow::anyhow;
use clap::Args;

use super::{Done, Failure, LabSource, output};
use crate::course::{Course, checkpoint};
use crate::exit;
use crate::lab::find::{self, FindError};
use crate::lab::{Bindings, LabErrors, Severity};

/// Check lab files.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Labs, or paths of lab files; all labs when left out.
    labs: Vec<String>,
    #[command(flatten)]
    source: LabSource,
}

/// Says everything that is wrong or doubtful; exit 2 when something is wrong.
pub fn lint(args: &LintArgs) -> Done {
    let checks = args.source.checks.as_deref();
    let names = find::names(checks).map_err(Failure::usage)?;
    let labs = if args.labs.is_empty() { &names } else { &args.labs };
    let course = Course::of(checks).map_err(Failure::usage)?;
    let mut wrong = false;
    for lab in labs {
        let found = match find::find(lab, checks) {
            Ok(source) => match &course {
                Some(course) if names.contains(lab) => source.lint_in(course),
                _ => match course_of(lab)? {
                    Some(course) => source.lint_in(&course),
                    None => source.lint(),
                },
            },
            Err(FindError::Lab(errors)) => errors,
            Err(error) => return Err(Failure::usage(error)),
        };
        wrong |= found.found.iter().any(|finding| finding.severity == Severity::Error);
        if found.found.is_empty() {
            output::print(&format!("{lab}: nothing to say\n"));
        } else {
            output::note(found.render(colour()).trim_end());
        }
    }
    if let Some(course) = course.filter(|_| args.labs.is_empty()) {
        let faults = course_faults(&course, &names, checks);
        faults.iter().for_each(|fault| output::note(&format!("course.yaml: {fault}")));
        wrong |= !faults.is_empty();
    }
    Ok(if wrong { exit::USAGE } else { exit::ALL_PASSED })
}

/// The course that a lab lies in that is named by its path; none where it is nobody's.
fn course_of(lab: &str) -> Result<Option<Course>, Failure> {
    let path = Path::new(lab);
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    // The lab of this folder lies in the folder above.
    let around = folder.map(|folder| folder.join(".."));
    around.map_or(Ok(None), |around| Course::of(Some(&around)).map_err(Failure::usage))
}

/// What is wrong with the course itself, as far as its labs can be read.
fn course_faults(course: &Course, names: &[String], checks: Option<&Path>) -> Vec<String> {
    let bindings = Bindings { run_id: "lint".to_owned(), seed: 0 };
    let labs: Result<Vec<_>, _> = names.iter().map(|name| find::find(name, checks).map(|source| source.resolve(&bindings))).collect();
    // A lab that is wrong was said to be; whether its checks are there is told when it is right.
    let labs: Option<Vec<_>> = labs.ok().and_then(|labs| labs.into_iter().collect::<Result<_, _>>().ok());
    labs.map(|labs| checkpoint::faults(course, &labs)).unwrap_or_default()
}

fn colour() -> bool {
    console::colors_enabled_stderr()
}

/// A lab file that is wrong, as the end of another command: shown whole, with its places.
pub fn wrong(errors: LabErrors) -> Failure {
    output::note(errors.render(colour()).trim_end());
    Failure::usage(anyhow!("the lab file has to be mended first"))
}

/// A lab that was not found, or cannot be read.
pub fn not_found(error: FindError) -> Failure {
    match error {
        FindError::Lab(errors) => wrong(errors),
        other => Failure::usage(other),
    }
}
