//! From the broker to the program.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::cutter::{Cutter, LENGTH, Step};
use super::fault::{self, Direction, Fault};
use super::link::Link;
use super::pending::Asked;
use super::stream::{Over, Train, fill};
use crate::timeline::wire::{FaultUse, Side};

/// The way of answers.
pub(super) struct Downward<'a> {
    link: &'a Link,
    cutter: Cutter,
    broker: ReadHalf<'a>,
    client: WriteHalf<'a>,
}

type Way = Result<(), Over>;

impl<'a> Downward<'a> {
    pub(super) fn new(link: &'a Link, broker: ReadHalf<'a>, client: WriteHalf<'a>) -> Self {
        let cutter = Cutter::new(&link.core.kept, link.core.limits.frame);
        Self { link, cutter, broker, client }
    }

    /// Passes answers on until there are no more.
    pub(super) async fn run(mut self) -> Over {
        loop {
            if let Err(over) = self.step().await {
                if matches!(over, Over::Said) {
                    let _ = self.client.shutdown().await;
                }
                return over;
            }
        }
    }

    async fn step(&mut self) -> Way {
        if !self.cutter.within() {
            self.own().await?;
        }
        match self.cutter.step(|length| length >= 0) {
            Step::Frames { bytes, passed } => self.frames(Train::new(bytes, passed)).await,
            Step::Through(bytes) => self.pass(&bytes).await,
            Step::Unkept { start, length, reason, .. } => {
                if let Some(asked) = self.link.unkept_response(&start, length, reason) {
                    if self.link.must_edit(&asked) {
                        return Err(Over::Closed(format!("the broker's answer to {} is too long to be changed", asked.api)));
                    }
                    self.acts(&asked, None).await?;
                }
                Ok(())
            }
            Step::Impossible { length, .. } => Err(Over::Closed(format!("the broker sent a frame of {length} bytes"))),
            Step::More => self.more().await,
        }
    }

    async fn more(&mut self) -> Way {
        if let Some(start) = self.cutter.partial()
            && (self.cutter.within() || self.link.may_end(start))
        {
            self.client.write_all(self.cutter.pass()).await.map_err(|_| Over::Gone(Side::Client))?;
        }
        let between = !self.cutter.within();
        tokio::select! {
            biased;
            () = self.link.own.notified(), if between => Ok(()),
            read = fill(&mut self.cutter, &mut self.broker) => match read {
                Ok(bytes) if bytes > 0 => Ok(()),
                // A broker that is killed resets its connections: the program sees their end all the same.
                _ => Err(Over::Said),
            },
        }
    }

    async fn frames(&mut self, mut train: Train) -> Way {
        while let Some((frame, begun)) = train.next() {
            let asked = self.link.response(&frame).filter(|asked| !begun && (!asked.acts.is_empty() || self.link.edits(asked)));
            if let Some(asked) = asked {
                self.pass(&train.ready()).await?;
                let edited = self.edited(&asked, &frame)?;
                let changed = self.acts(&asked, Some(edited.as_ref().unwrap_or(&frame))).await?.or(edited);
                if let Some(changed) = changed {
                    train.skip(&frame);
                    self.answer(&changed).await?;
                } else {
                    train.keep(&frame);
                }
            } else {
                train.keep(&frame);
            }
            // An answer of the tap's own may have been waiting for this one.
            if self.link.has_own() {
                self.pass(&train.ready()).await?;
                self.own().await?;
            }
        }
        self.pass(&train.ready()).await
    }

    fn edited(&self, asked: &Asked, frame: &Bytes) -> Result<Option<Bytes>, Over> {
        match &self.link.occupant.edit {
            Some(edit) if edit.wants(asked.api, asked.version) => edit.edit(asked.api, asked.version, frame).map_err(Over::Closed),
            _ => Ok(None),
        }
    }

    /// Answers of the tap's own whose turn it is.
    async fn own(&mut self) -> Way {
        while let Some((asked, answer)) = self.link.own() {
            self.acts(&asked, None).await?;
            self.answer(&answer).await?;
            if let Some(reason) = self.link.closing().filter(|_| !self.link.has_own()) {
                return Err(Over::Closed(reason));
            }
        }
        Ok(())
    }

    /// Does to an answer what faults want. `frame` is the broker's, when all of it is there. Returns what it was changed to.
    async fn acts(&mut self, asked: &Asked, frame: Option<&Bytes>) -> Result<Option<Bytes>, Over> {
        let mut changed = None;
        for armed in &asked.acts {
            match armed.rule.fault {
                Fault::DropResponse => {
                    self.link.used(armed, asked.correlation, FaultUse::ResponseDropped);
                    return Err(Over::Closed(format!("the fault `{}` drops this answer", armed.rule.name)));
                }
                Fault::Replace { error } => {
                    let answer = frame.and_then(|frame| fault::replace(asked.api, asked.version, changed.as_ref().unwrap_or(frame), error));
                    if answer.is_some() {
                        self.link.used(armed, asked.correlation, FaultUse::Replaced(error));
                        changed = answer;
                    }
                }
                _ => {
                    let Some(mut pause) = armed.pause(Direction::Response) else { continue };
                    self.link.used(armed, asked.correlation, FaultUse::ResponseHeld);
                    self.link.set_pausing(true);
                    pause.over().await;
                    self.link.set_pausing(false);
                    self.link.used(armed, asked.correlation, FaultUse::Released);
                }
            }
        }
        Ok(changed)
    }

    /// Passes on a frame that is not the broker's own bytes.
    async fn answer(&mut self, answer: &Bytes) -> Way {
        let mut bytes = BytesMut::with_capacity(LENGTH + answer.len());
        bytes.put_u32(u32::try_from(answer.len()).unwrap_or(u32::MAX));
        bytes.extend_from_slice(answer);
        self.pass(&bytes).await
    }

    async fn pass(&mut self, bytes: &[u8]) -> Way {
        self.client.write_all(bytes).await.map_err(|_| Over::Gone(Side::Client))
    }
}
