//! Reading from one end of a connection and writing to the other.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::Poll;

use bytes::{Buf, Bytes};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::ReadHalf;

use super::cutter::{Cutter, LENGTH};
use crate::timeline::wire::Side;

/// How a direction of a connection came to its end.
#[derive(Debug)]
pub(super) enum Over {
    /// The side that it reads from has said all.
    Said,
    /// One side is gone.
    Gone(Side),
    /// The tap closes the connection, and why.
    Closed(String),
}

/// Reads what comes. 0 is the end.
pub(super) async fn fill(cutter: &mut Cutter, from: &mut ReadHalf<'_>) -> io::Result<usize> {
    let at_once = {
        let mut read = pin!(from.read_buf(cutter.room()));
        std::future::poll_fn(|context| Poll::Ready(read.as_mut().poll(context))).await
    };
    let bytes = match at_once {
        Poll::Ready(read) => read?,
        Poll::Pending => {
            cutter.rest();
            from.read_buf(cutter.room()).await?
        }
    };
    cutter.read(bytes);
    Ok(bytes)
}

/// Whole frames one after the other, of which some bytes at the front went on already and others wait to go on together.
#[derive(Debug)]
pub(super) struct Train {
    /// What was not looked at yet.
    ahead: Bytes,
    /// What did not go on yet.
    unsent: Bytes,
    /// How much of `unsent` may go on.
    ready: usize,
    /// How much of the next frame went on already.
    passed: usize,
}

impl Train {
    pub(super) fn new(frames: Bytes, passed: usize) -> Self {
        let mut unsent = frames.clone();
        unsent.advance(passed.min(frames.len()));
        Self { ahead: frames, unsent, ready: 0, passed }
    }

    /// The next frame, without its length, and whether a part of it went on already. It waits until [`Train::keep`] or [`Train::skip`].
    pub(super) fn next(&mut self) -> Option<(Bytes, bool)> {
        let length = self.ahead.first_chunk().map(|length| i32::from_be_bytes(*length))?;
        let end = LENGTH.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= self.ahead.len())?;
        let mut frame = self.ahead.split_to(end);
        frame.advance(LENGTH);
        Some((frame, self.passed > 0))
    }

    /// The frame goes on as it is.
    pub(super) fn keep(&mut self, frame: &Bytes) {
        self.ready += LENGTH + frame.len() - std::mem::take(&mut self.passed);
    }

    /// The frame does not go on. Only when nothing is [`Train::ready`].
    pub(super) fn skip(&mut self, frame: &Bytes) {
        let bytes = LENGTH + frame.len() - std::mem::take(&mut self.passed);
        self.unsent.advance(bytes.min(self.unsent.len()));
    }

    /// Takes what may go on.
    pub(super) fn ready(&mut self) -> Bytes {
        let ready = std::mem::take(&mut self.ready);
        self.unsent.split_to(ready.min(self.unsent.len()))
    }
}
