//! `kgrade show`.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::grade::quoted;
use super::watch::Course;
use super::{Done, Failure, LabSource, lint, output};
use crate::course::Handout;
use crate::exit;
use crate::lab::{Bindings, find};
use crate::report::course::commands::Place;
use crate::report::course::handout::{self, Page, page};
use crate::report::terminal::Style;
use crate::report::write_file;

/// Read what a lab asks for.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The lab; without it, the one that you are at.
    lab: Option<String>,
    /// One section of the handout, such as Contract or Troubleshooting.
    #[arg(long, value_name = "NAME", conflicts_with = "web")]
    section: Option<String>,
    /// Write it as a page for a browser; without a name, as LAB.html in this folder.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    web: Option<Option<PathBuf>>,
    /// The folder of your work.
    #[arg(long, value_name = "DIR", default_value = ".")]
    submission: PathBuf,
    #[command(flatten)]
    source: LabSource,
}

/// Prints the handout, a section of it, or writes it as a page.
pub fn show(args: &ShowArgs) -> Done {
    let checks = args.source.checks.as_deref();
    let name = match &args.lab {
        Some(lab) => lab.clone(),
        None => Course::of(None, &args.submission, &args.source)?.name().to_owned(),
    };
    let source = find::find(&name, checks).map_err(lint::not_found)?;
    // Nothing that is shown depends on what is drawn.
    let lab = source.resolve(&Bindings { run_id: "show".to_owned(), seed: 0 }).map_err(lint::wrong)?;
    let handout = Handout::of(&name, checks).map_err(Failure::environment)?;
    if let Some(wanted) = &args.section {
        let handout = handout.ok_or_else(|| Failure::usage(anyhow!("{} has no handout", lab.name)))?;
        let section = handout
            .section(wanted)
            .map_err(|advice| Failure::usage(anyhow!("the handout of {} has no section `{wanted}`; {advice}", lab.name)))?;
        output::print(&handout::section(&handout, &section, &Style::of_stdout()));
        return Ok(exit::ALL_PASSED);
    }
    let course = crate::course::Course::of(checks).map_err(Failure::usage)?;
    let work = &args.submission;
    let place =
        Place { work: if work == Path::new(".") { String::new() } else { quoted(work) }, checks: checks.map(quoted).unwrap_or_default() };
    let begun = work.join(&lab.name).is_dir();
    let page = Page { lab: &lab, course: course.as_ref(), handout: handout.as_ref(), begun, place: &place };
    match &args.web {
        None => output::print(&page.terminal(&Style::of_stdout())),
        Some(file) => {
            let path = file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.html", lab.name)));
            if file.is_none() && !is_ours(&path).map_err(Failure::environment)? {
                return Err(Failure::usage(anyhow!(
                    "{} is there and is no page of kgrade's; name another file: --web=FILE",
                    path.display()
                )));
            }
            write_file(&path, page::render(&page).as_bytes()).map_err(Failure::environment)?;
            output::print(&format!("wrote  {}\n", path.display()));
        }
    }
    Ok(exit::ALL_PASSED)
}

/// Whether a page may be written here without having been named: nothing is there, or an earlier page.
fn is_ours(path: &Path) -> anyhow::Result<bool> {
    let context = || format!("cannot look at {}", path.display());
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error).with_context(context),
        Ok(found) if !found.is_file() => return Ok(false),
        Ok(_) => {}
    }
    let mut begin = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(1_024).read_to_end(&mut begin)).with_context(context)?;
    Ok(String::from_utf8_lossy(&begin).contains(" · kgrade</title>"))
}
