//! The evidence of a run, for the commands that read it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use flate2::bufread::MultiGzDecoder;
use indexmap::IndexMap;

use super::{Failure, LabSource, lint};
use crate::course::Rules;
use crate::lab::{Bindings, Check, Lab, find};
use crate::outcome::{Disclosure, Late, Outcome, SCHEMA, Score};
use crate::run::replay;
use crate::timeline::Timeline;
use crate::timeline::event::Event;
use crate::timeline::evidence::{self, Header};

/// The first bytes of what gzip wrote.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The most that evidence may unpack to, in bytes.
const UNPACKED: u64 = 1 << 30;

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
    /// Whether the lab is the one that the file holds without what its author does not show.
    partly: bool,
}

/// A saved run, judged.
pub struct JudgedAgain {
    /// What it comes to.
    pub outcome: Outcome,
    /// By these checks.
    pub checks: Vec<Arc<Check>>,
    /// On this timeline.
    pub timeline: Timeline,
}

impl Saved {
    /// Reads a file, also one that gzip has packed. The lab is the one in the file; with `now`, or with a folder of labs, the one that is there now.
    pub fn open(path: &Path, now: bool, source: &LabSource) -> Result<Self, Failure> {
        let shown = path.display();
        let (header, events) = read(path).map_err(Failure::usage)?;
        let now = now || source.checks.is_some();
        let source = if now {
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
        let partly = header.withheld > 0 && !now;
        Ok(Self { header, lab, checks, events, partly })
    }

    /// Shows everything of every check, as far as the file holds it: for the instructor.
    pub fn revealed(mut self) -> Self {
        for check in &mut self.checks {
            if check.disclosure != Disclosure::Full {
                *check = Arc::new(Check { disclosure: Disclosure::Full, ..Check::clone(check) });
            }
        }
        self
    }

    /// Judges it. Without rules on late submissions, it loses what it lost for lateness when it was run: nothing about that has changed.
    pub fn judge(self, rules: Option<&Rules>) -> JudgedAgain {
        let Self { header, lab, checks, events, partly } = self;
        let (outcomes, timeline) = replay::replay_all(&checks, events, header.timeout_scale, &lab.name);
        let Score { points, max_points, complete } = Score::of(&outcomes);
        let mut run = header.run;
        if !partly {
            run.checks_digest.clone_from(&lab.digest);
        }
        if run.clients.is_empty() {
            run.clients = timeline.clients();
        }
        let outcome = Outcome {
            schema: SCHEMA.to_owned(),
            late: match rules {
                Some(rules) => rules.apply(&lab.name, &run, points),
                None => header.late.map(|late| Late { score: Late::left(points, late.penalty_percent), ..late }),
            },
            lab: lab.name,
            title: lab.title,
            score: points,
            max_score: max_points,
            complete,
            interrupted: false,
            checks: outcomes,
            run,
            timings_ms: IndexMap::new(),
        };
        JudgedAgain { outcome, checks, timeline }
    }
}

/// Reads evidence.
pub fn read(path: &Path) -> anyhow::Result<(Header, Vec<Event>)> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("open {shown}; a run saves its evidence with `kgrade LAB --evidence FILE`"))?;
    let mut file = BufReader::new(file);
    let packed = file.fill_buf().with_context(|| format!("read {shown}"))?.starts_with(&GZIP);
    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file).take(UNPACKED)) } else { Box::new(file) };
    evidence::read(text).with_context(|| format!("read {shown}"))
}
