//! A command that prepares something and must succeed: run to its end, its last lines kept for the case that it does not.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use super::limits::{Limit, Limits};
use super::process::{SpawnError, Start, Stdin};
use super::reporter::ProgramEvent;
use super::room::Room;
use super::variables::Variables;
use crate::world::guard::Guard;

/// Lines kept of a command's output.
const KEPT: usize = 40;

/// A command to be run once.
pub(super) struct Step<'a> {
    pub command: Vec<String>,
    pub python: Option<&'a Path>,
    pub folder: &'a Path,
    pub env: Variables,
    pub mark: &'a str,
    pub instance: &'a str,
    pub patience: Duration,
    /// The sandbox, where the command is the submission's.
    pub room: Option<Room<'a>>,
}

/// Why a step failed, and the last lines that it wrote.
#[derive(Debug, Error)]
#[error("`{command}` {why}{}", indented(output))]
pub(super) struct StepError {
    pub command: String,
    pub why: String,
    pub output: Vec<String>,
}

impl Step<'_> {
    /// Runs the command. Returns its last lines, both streams in the order they were read.
    pub async fn run(self, guard: &Guard) -> Result<Vec<String>, StepError> {
        let command = self.command.join(" ");
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let limit = Arc::new(Mutex::new(None::<Limit>));
        let (kept, passed) = (Arc::clone(&lines), Arc::clone(&limit));
        let hear = move |event| match event {
            ProgramEvent::Line { text, .. } => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(text);
            }
            ProgramEvent::Limit(limit) => *passed.lock().unwrap_or_else(PoisonError::into_inner) = Some(limit),
            ProgramEvent::Cut { .. } | ProgramEvent::Starved { .. } | ProgramEvent::Exited(_) => {}
        };
        let start = Start {
            command: self.command,
            python: self.python,
            folder: self.folder,
            env: self.env,
            mark: self.mark,
            instance: self.instance,
            stdin: Stdin::None,
            limits: Limits::for_setup(),
            room: self.room,
        };
        let fail = |why: String, output| StepError { command: command.clone(), why, output };
        let process = start.run(guard, hear).await.map_err(|error| fail(spawn_text(&error), Vec::new()))?;
        let ended = tokio::time::timeout(self.patience, process.exited()).await;
        // What a step leaves behind (a build daemon) would hold its folder.
        process.kill_tree().await;
        let output: Vec<String> = lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        let limit = limit.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ended {
            Ok(exit) if exit.code == Some(0) => Ok(output),
            _ if let Some(limit) = limit => Err(fail(limit.to_string(), output)),
            Ok(exit) => match (exit.code, exit.signal) {
                (Some(code), _) => Err(fail(format!("ended with exit code {code}"), output)),
                (None, signal) => Err(fail(format!("was ended by signal {}", signal.unwrap_or_default()), output)),
            },
            Err(_) => Err(fail(format!("was not done after {} minutes", self.patience.as_secs().div_ceil(60)), output)),
        }
    }
}

fn spawn_text(error: &SpawnError) -> String {
    format!("cannot be run: {error}")
}

/// Lines as a block under a message.
pub(super) fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n    {line}")).collect()
}
