//! `kgrade doctor`.

use anyhow::anyhow;
use clap::Args;

use super::cluster::{KAFKA_PORT, UI_PORT};
use super::{Done, Failure, LabSource, lint, output};
use crate::exit;
use crate::lab::{Bindings, Lab, Owner, find};
use crate::report::doctor::{self as page, Diagnosis};
use crate::report::terminal::Style;
use crate::world::doctor::{Docker, Machine, Needs, Terminal, examine};
use crate::world::guard::Guard;

/// Look whether this machine has what kgrade needs.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Only what this lab needs.
    #[arg(long, value_name = "LAB")]
    lab: Option<String>,
    #[command(flatten)]
    source: LabSource,
    /// As JSON, for other programs (checks/schema/doctor.v1.json).
    #[arg(long)]
    json: bool,
}

/// Prints what this machine has, what it lacks, and how to mend that.
pub fn doctor(args: &DoctorArgs) -> Done {
    let needs = match &args.lab {
        Some(name) => {
            let source = find::find(name, args.source.checks.as_deref()).map_err(lint::not_found)?;
            // Nothing of what a lab needs depends on what is drawn.
            needs(&source.resolve(&Bindings { run_id: "doctor".to_owned(), seed: 0 }).map_err(lint::wrong)?)
        }
        None => Needs::COURSE,
    };
    let style = Style::of_stdout();
    let guard = Guard::of_this_kgrade()?;
    let kgrade = std::env::current_exe().map_err(|error| Failure::environment(anyhow!("failed to find kgrade's own file: {error}")))?;
    let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    let terminal = Terminal { columns, color: style.color, utf8: style.unicode };
    let machine = Machine::of_this_process(guard, kgrade, [KAFKA_PORT, UI_PORT], terminal);
    let runtime = super::cluster::runtime()?;
    let diagnosis = Diagnosis::of(args.lab.clone(), runtime.block_on(examine(&machine, needs)));
    let text = if args.json { page::json(&diagnosis).map_err(Failure::environment)? } else { page::render(&diagnosis, &style) };
    output::print(&text);
    Ok(if diagnosis.usable { exit::ALL_PASSED } else { exit::ENVIRONMENT })
}

/// What a lab needs, when programs are started by the commands that it gives.
fn needs(lab: &Lab) -> Needs {
    let learners = lab.cluster.owner == Owner::Learner;
    let mut programs = lab.checks.iter().flat_map(|check| check.programs.values());
    Needs {
        kafka: !learners,
        python: programs.any(|program| program.command.first().is_some_and(|word| word.starts_with("python"))),
        docker: if learners { Docker::Needed } else { Docker::Unused },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labs_need_different_things() {
        let of = |name: &str| needs(&find::find(name, None).unwrap().resolve(&Bindings { run_id: "r".to_owned(), seed: 0 }).unwrap());
        assert_eq!(of("lab-01"), Needs { kafka: false, python: true, docker: Docker::Needed });
        assert_eq!(of("lab-02"), Needs { kafka: true, python: true, docker: Docker::Unused });
    }
}
