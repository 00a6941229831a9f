//! What was delivered when input paused, and how soon it was committed.

use crate::kinds::View;
use crate::kinds::commits::story::{Program, Told};
use crate::kinds::view::count;

/// A pause of input: so long nothing happens, and nothing is in hand.
const PAUSE: u64 = 1_000_000_000;

/// How soon after the last delivery its commit comes at a pause: what the labs ask for.
const PROMPT: u64 = 2_000_000_000;

/// How soon it comes when it follows the delivery directly.
const DIRECT: u64 = 250_000_000;

/// So many pauses are needed: a commit every five seconds is prompt at three of them in one case of sixteen, and fails the lab for the rest.
const ENOUGH: usize = 3;

/// The pauses that one program met.
pub struct Pauses {
    /// From the last delivery to the commit that covers it; `None` where none came.
    lags: Vec<Option<u64>>,
}

/// The pauses of one program.
pub fn of(view: &View<'_>, told: &Told<'_>, program: &Program<'_>) -> Pauses {
    let commits: Vec<u64> = program.commits(told).filter(|commit| commit.moved).map(|commit| commit.at).collect();
    let ended = view.timeline.instance(program.instance).and_then(|instance| instance.exits.last()).map(|exit| exit.at);
    let now = ended.unwrap_or_else(|| view.timeline.now());
    let nexts = program.acts.iter().skip(1).copied().chain([now]);
    let mut lags = Vec::new();
    for (last, next) in program.acts.iter().copied().zip(nexts) {
        let long = next.saturating_sub(last) >= PAUSE;
        // The act before a pause is an answer that delivers; else an event is in hand or was refused.
        if !long || program.answers.binary_search(&last).is_err() || program.in_hand(next).any(|delivery| delivery.begun < last) {
            continue;
        }
        let first = commits.partition_point(|commit| *commit <= last);
        let lag = commits.get(first).filter(|commit| **commit < next).map(|commit| commit - last);
        // A pause that is cut short shows nothing.
        if lag.is_some() || next - last >= PROMPT {
            lags.push(lag);
        }
    }
    Pauses { lags }
}

impl Pauses {
    /// Why they show that the program decides; the reason why they do not. `periodic` commits must follow directly to be told from a clock's.
    pub fn verdict(&self, periodic: bool) -> Result<String, String> {
        let limit = if periodic { DIRECT } else { PROMPT };
        let prompt = self.lags.iter().flatten().filter(|lag| **lag <= limit).count();
        if self.lags.len() < ENOUGH {
            return Err(format!("it met {}, and {ENOUGH} are needed to tell", count(self.lags.len() as u64, "pause of input")));
        }
        if prompt < self.lags.len() {
            return Err(format!("what was delivered was committed soon at {prompt} of {}", count(self.lags.len() as u64, "pause of input")));
        }
        Ok(format!("what was delivered was committed soon at each of {}", count(prompt as u64, "pause of input")))
    }
}
