//! The evidence of a run, for the commands that read it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::{Failure, LabSource, lint};
use crate::lab::{Bindings, Check, Lab, find};
use crate::timeline::event::Event;
use crate::timeline::evidence::{self, Header};

/// A saved run, with the lab that it is judged by.
pub struct Saved {
    /// What the file says of the run.
    pub header: Header,
    /// The lab.
    pub lab: Lab,
    /// The checks of the lab that were selected for the run.
    pub checks: Vec<Arc<Check>>,
    /// Everything that happened.
    pub events: Vec<Event>,
}

impl Saved {
    /// Reads a file. The lab is the one in the file; with `now`, or with a folder of labs, the one that is there now.
    pub fn open(path: &Path, now: bool, source: &LabSource) -> Result<Self, Failure> {
        let shown = path.display();
        let file = std::fs::File::open(path)
            .with_context(|| format!("open {shown}; a run saves its evidence with `kgrade LAB --evidence FILE`"))
            .map_err(Failure::usage)?;
        let (header, events) = evidence::read(file).with_context(|| format!("read {shown}")).map_err(Failure::usage)?;
        let source = if now || source.checks.is_some() {
            find::find(&header.lab, source.checks.as_deref()).map_err(lint::not_found)?
        } else {
            let name = format!("the lab in {shown}");
            crate::lab::LabSource::parse(&name, &header.lab_text).map_err(lint::wrong)?
        };
        let lab = source.resolve(&Bindings { run_id: header.run.id.clone(), seed: header.run.seed }).map_err(lint::wrong)?;
        let checks: Vec<_> = lab.checks.iter().filter(|check| header.selected.contains(&check.id)).cloned().map(Arc::new).collect();
        if checks.is_empty() {
            return Err(Failure::usage(anyhow!("{shown} holds no check that {} has now", lab.name)));
        }
        Ok(Self { header, lab, checks, events })
    }
}
