//! `signal`: a signal to a program's process group.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::event::Signal;

/// Sends a signal and goes on at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalAct {
    /// The instance.
    pub instance: String,
    /// `TERM` or `INT` to end it, `STOP` to let it stand still, `CONT` to let it go on.
    pub signal: Signal,
}

impl Kind for SignalAct {
    const DOC: &'static str = "Sends a signal to an instance's whole process group and goes on at once. What the program makes of it is judged by `exited`, `committed` and `group`.\n\n\
        `STOP` freezes it where it stands, as a machine does that hangs or a virtual machine that is moved: to Kafka it looks dead, and once its session timeout is over \
        its partitions go to others. `CONT` wakes it up, a zombie that does not know. A frozen instance is killed at the end of the check like any other.";
    const EXAMPLE: &'static str = "signal: { instance: first, signal: TERM }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.instance.clone())]
    }
}

impl Act for SignalAct {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.signal(&self.instance, self.signal).await?;
        Ok(None)
    }
}
