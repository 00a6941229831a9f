//! What is to be typed next, as it can be typed.

use crate::course::status::Next;

/// Where the learner's work and the labs are, as words for a shell; empty where they need not be said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The folder of the work.
    pub work: String,
    /// The folder of the labs.
    pub checks: String,
}

impl Place {
    /// The command for what comes next; `None` when there is nothing.
    #[must_use]
    pub fn command(&self, next: &Next) -> Option<String> {
        match next {
            Next::Init { lab } => Some(format!("kgrade init {lab}{}{}", self.folder(), self.labs())),
            Next::Grade { lab, .. } => {
                let work = if self.work.is_empty() { String::new() } else { format!(" --submission {}", self.work) };
                Some(format!("kgrade {lab}{work}{}", self.labs()))
            }
            Next::Review { week } => Some(self.review(*week)),
            Next::Checkpoint { week } => Some(self.checkpoint(*week)),
            Next::Nothing => None,
        }
    }

    /// The command that asks about a week.
    #[must_use]
    pub fn review(&self, week: u32) -> String {
        format!("kgrade review week-{week}{}{}", self.folder(), self.labs())
    }

    /// The command that reports a checkpoint.
    #[must_use]
    pub fn checkpoint(&self, week: u32) -> String {
        format!("kgrade checkpoint week-{week}{}{}", self.folder(), self.labs())
    }

    /// The command that says where the learner stands.
    #[must_use]
    pub fn status(&self) -> String {
        format!("kgrade status{}{}", self.folder(), self.labs())
    }

    fn folder(&self) -> String {
        if self.work.is_empty() { String::new() } else { format!(" {}", self.work) }
    }

    fn labs(&self) -> String {
        if self.checks.is_empty() { String::new() } else { format!(" --checks {}", self.checks) }
    }
}
