//! `kgrade new lab DIR`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::grade::quoted;
use super::{Done, Failure, output};
use crate::course::new_lab::NewLab;
use crate::exit;

/// Write something to begin with.
#[derive(Debug, Args)]
pub struct NewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A lab that grades at once: one check, its handout and starter, a right program and a wrong one; with a course around it when there is none.
    Lab(NewLabArgs),
}

#[derive(Debug, Args)]
struct NewLabArgs {
    /// The lab's folder in the folder of its course, for example my-course/lab-30. Its name is the lab's.
    folder: PathBuf,
    /// Where the programs that prove the lab go; without it, `fixtures` beside the course.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
}

/// Writes the files, never over one that is there, and says what to type next.
pub fn new(args: &NewArgs) -> Done {
    let What::Lab(args) = &args.what;
    let lab = NewLab::at(&args.folder, args.fixtures.as_deref()).map_err(Failure::usage)?;
    let written = lab.write().map_err(Failure::environment)?;
    let mut text = String::new();
    for path in &written.new {
        text.push_str(&format!("wrote  {}\n", path.display()));
    }
    for path in &written.kept {
        text.push_str(&format!("kept   {}  ({})\n", path.name.display(), path.why));
    }
    if lab.joins {
        let file = lab.place.checks.join("course.yaml");
        let name = &lab.name;
        text.push_str(&format!(
            "todo   add {name} to the `labs` of a block in {}, and to its check the `criterion` that it serves\n",
            file.display()
        ));
    }
    for (lead, command) in ["next   ", "       ", "       "].iter().zip(commands(&lab, args.fixtures.as_deref())) {
        text.push_str(&format!("{lead}{command}\n"));
    }
    output::print(&text);
    Ok(exit::ALL_PASSED)
}

/// Grade the right program, grade the wrong one, look at the whole course.
fn commands(lab: &NewLab, fixtures: Option<&Path>) -> [String; 3] {
    let checks = quoted(&lab.place.checks);
    let grade = |program| format!("kgrade {} --checks {checks} --submission {}", lab.name, quoted(&lab.program(program)));
    let fixtures = fixtures.map(|folder| format!(" --fixtures {}", quoted(folder))).unwrap_or_default();
    [grade("solution"), grade("mistakes/reads-from-the-end"), format!("kgrade check-course {checks}{fixtures}")]
}
