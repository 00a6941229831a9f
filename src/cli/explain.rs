//! `kgrade explain KIND`.

use anyhow::anyhow;
use clap::Args;

use super::{Done, Failure, output};
use crate::exit;
use crate::kinds::{REGISTRY, manual};
use crate::lab::suggestion;

/// Explain a kind.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The kind, for example `committed`; without it, the list of all kinds.
    kind: Option<String>,
    /// All kinds, as Markdown.
    #[arg(long, conflicts_with = "kind")]
    all: bool,
}

/// Prints a kind's page, the whole manual, or the list.
pub fn explain(args: &ExplainArgs) -> Done {
    if args.all {
        output::print(&manual::all());
        return Ok(exit::ALL_PASSED);
    }
    let Some(name) = &args.kind else {
        output::print(&list());
        return Ok(exit::ALL_PASSED);
    };
    match REGISTRY.iter().find(|row| row.name == name) {
        Some(row) => {
            output::print(&manual::page(row));
            Ok(exit::ALL_PASSED)
        }
        None => {
            let advice = match suggestion::nearest(name, REGISTRY.iter().map(|row| row.name)) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`kgrade explain` lists them".to_owned(),
            };
            Err(Failure::usage(anyhow!("there is no kind `{name}`; {advice}")))
        }
    }
}

fn list() -> String {
    let mut text = String::new();
    for (title, action) in [("actions (do, finally)", true), ("expectations (expect, always, never, given)", false)] {
        text.push_str(&format!("{title}\n"));
        for row in REGISTRY.iter().filter(|row| row.action == action) {
            let paragraph = row.doc.split("\n\n").next().unwrap_or(row.doc);
            let first = paragraph.split_once(". ").map_or(paragraph, |(first, _)| first).trim_end_matches('.');
            text.push_str(&format!("  {:<14} {first}\n", row.name));
        }
    }
    text.push_str("\n`kgrade explain KIND` tells more.\n");
    text
}
