//! `kgrade man`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::{Cli, Done, Failure, output};
use crate::exit;

/// Print the man page, or write those of all commands.
#[derive(Debug, Args)]
#[command(after_help = "To read one: kgrade man | man -l -")]
pub struct ManArgs {
    /// The folder that all pages are written to; without it, kgrade's own page is printed.
    dir: Option<PathBuf>,
}

/// Prints the page of kgrade, or writes a page for each command.
pub fn man(args: &ManArgs) -> Done {
    let command = Cli::command();
    let Some(folder) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).context("failed to make the page").map_err(Failure::environment)?;
        output::print(&String::from_utf8_lossy(&page));
        return Ok(exit::ALL_PASSED);
    };
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.with_context(|| format!("failed to write into {}", folder.display())).map_err(Failure::environment)?;
    output::print(&format!("The man pages are in {}.\nTo read one: man -l {}\n", folder.display(), folder.join("kgrade.1").display()));
    Ok(exit::ALL_PASSED)
}
