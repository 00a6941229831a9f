//! `kgrade completions`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Done, Failure, lint, output};
use crate::exit;
use crate::lab::{Bindings, find};

/// Print what makes a shell complete kgrade's commands.
#[derive(Debug, Args)]
#[command(after_help = "In bash: source <(kgrade completions bash)\nFor good: put what it prints where your shell looks for completions")]
pub struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script of a shell.
pub fn completions(args: &CompletionsArgs) -> Done {
    let mut command = with_the_course(Cli::command(), &Words::of_the_course()?);
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "kgrade", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(exit::ALL_PASSED)
}

/// What the carried course knows by name.
struct Words {
    labs: Vec<String>,
    /// The ids of checks and their tags.
    checks: Vec<String>,
}

impl Words {
    fn of_the_course() -> Result<Self, Failure> {
        let labs = find::names(None).map_err(Failure::usage)?;
        let mut checks = Vec::new();
        for name in &labs {
            let source = find::find(name, None).map_err(lint::not_found)?;
            let lab = source.resolve(&Bindings { run_id: "completions".to_owned(), seed: 0 }).map_err(lint::wrong)?;
            checks.extend(lab.checks.into_iter().flat_map(|check| [vec![check.written_id], check.tags].concat()));
        }
        checks.sort();
        checks.dedup();
        Ok(Self { labs, checks })
    }
}

/// The command line with these words as the values of the arguments that take them.
fn with_the_course(command: Command, words: &Words) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    let command = command.mut_args(|arg| match arg.get_id().as_str() {
        "lab" => arg.value_parser(PossibleValuesParser::new(words.labs.clone())),
        "only" => arg.value_parser(PossibleValuesParser::new(words.checks.clone())),
        _ => arg,
    });
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |inner| with_the_course(inner, words)))
}
