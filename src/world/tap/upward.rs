//! From the program to the broker.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::cutter::{Cutter, Step};
use super::fault::{self, Armed, Direction, Fault, Pause};
use super::foreign;
use super::link::{Incoming, Link};
use super::pending::{Asked, Waiting};
use super::stream::{Over, Train, fill};
use crate::timeline::wire::{FaultUse, Foreign, Side};

/// Kafka's error code for a batch that is larger than the broker takes.
const MESSAGE_TOO_LARGE: i16 = 10;

/// The way of requests.
pub(super) struct Upward<'a> {
    link: &'a Link,
    cutter: Cutter,
    client: ReadHalf<'a>,
    broker: WriteHalf<'a>,
    /// The program has said all, as was seen while something was late.
    said: bool,
}

type Way = Result<(), Over>;

impl<'a> Upward<'a> {
    pub(super) fn new(link: &'a Link, client: ReadHalf<'a>, broker: WriteHalf<'a>) -> Self {
        let cutter = Cutter::new(&link.core.kept, link.core.limits.frame);
        Self { link, cutter, client, broker, said: false }
    }

    /// Forwards requests until there are no more.
    pub(super) async fn run(mut self) -> Over {
        loop {
            if let Err(over) = self.step().await {
                if matches!(over, Over::Said) {
                    // The broker then closes too, as it would without the tap.
                    let _ = self.broker.shutdown().await;
                }
                return over;
            }
        }
    }

    async fn step(&mut self) -> Way {
        match self.cutter.step(|length| self.link.is_possible(length)) {
            Step::Frames { bytes, passed } => self.frames(Train::new(bytes, passed)).await,
            Step::Through(bytes) => self.forward(&bytes).await,
            Step::Unkept { start, length, passed, reason } => {
                let incoming = self.link.unkept_request(&start, length, passed > 0, reason);
                let Incoming::Request { asked, expected, acts, packed } = incoming else { return self.other(&incoming, &start) };
                if let Some(reason) = self.link.forbids(asked.api, &start) {
                    return Err(Over::Closed(reason));
                }
                if packed {
                    return Err(Over::Closed(format!("a Produce request of {length} bytes is too long to see what its batches unpack to")));
                }
                for armed in acts {
                    self.act(&armed, &asked).await?;
                }
                self.expect(asked, expected);
                Ok(())
            }
            Step::Impossible { start, .. } => Err(self.foreign(foreign::language(&start))),
            Step::More => self.more().await,
        }
    }

    async fn more(&mut self) -> Way {
        if self.cutter.partial().is_some() && (self.cutter.within() || self.link.may_begin()) {
            self.broker.write_all(self.cutter.pass()).await.map_err(|_| Over::Gone(Side::Broker))?;
        }
        if self.said {
            return Err(Over::Said);
        }
        match fill(&mut self.cutter, &mut self.client).await {
            Ok(0) => Err(Over::Said),
            Ok(_) => Ok(()),
            Err(_) => Err(Over::Gone(Side::Client)),
        }
    }

    async fn frames(&mut self, mut train: Train) -> Way {
        while let Some((frame, begun)) = train.next() {
            let incoming = self.link.request(&frame, begun);
            if let Incoming::Request { asked, .. } = &incoming
                && let Some(reason) = self.link.forbids(asked.api, &frame)
            {
                self.forward(&train.ready()).await?;
                return Err(Over::Closed(reason));
            }
            let oversized = match &incoming {
                Incoming::Request { asked, packed: true, .. } => self.oversized(&frame, asked).await?,
                _ => false,
            };
            match incoming {
                Incoming::Request { asked, expected, .. } if oversized => {
                    self.forward(&train.ready()).await?;
                    train.skip(&frame);
                    self.refuse(asked, expected, &frame, begun).await?;
                }
                Incoming::Request { asked, expected, acts, .. } if acts.is_empty() => {
                    self.expect(asked, expected);
                    train.keep(&frame);
                }
                Incoming::Request { asked, expected, acts, .. } => {
                    self.forward(&train.ready()).await?;
                    let mut instead = None;
                    for armed in acts {
                        self.act(&armed, &asked).await?;
                        if let Fault::Answer { error } = armed.rule.fault {
                            let answer = fault::answer(&frame, error);
                            // Of a request without an answer, nothing is left.
                            if answer.is_some() || !expected {
                                self.link.used(&armed, asked.correlation, FaultUse::Answered(error));
                                instead = Some(answer.filter(|_| expected));
                                break;
                            }
                        }
                    }
                    match instead {
                        None => {
                            self.expect(asked, expected);
                            train.keep(&frame);
                        }
                        Some(answer) => {
                            train.skip(&frame);
                            if let Some(answer) = answer {
                                self.own(Waiting::Own { asked, answer }).await;
                            }
                        }
                    }
                }
                incoming => {
                    self.other(&incoming, &frame)?;
                    train.keep(&frame);
                }
            }
        }
        self.forward(&train.ready()).await
    }

    /// Whether a batch of a Produce request unpacks to too much.
    async fn oversized(&self, frame: &Bytes, asked: &Asked) -> Result<bool, Over> {
        let why = |_| Over::Closed("a Produce request has too many batches to see what they unpack to".to_owned());
        self.link.oversized(frame, asked.correlation).await.map_err(why)
    }

    /// Answers a Produce request as a broker does that finds a batch too large. Where it has begun to go on, the broker cannot take another one
    /// on this connection.
    async fn refuse(&self, asked: Asked, expected: bool, frame: &Bytes, begun: bool) -> Way {
        let reason = "a batch of records unpacks to too much".to_owned();
        let Some(answer) = fault::answer(frame, MESSAGE_TOO_LARGE).filter(|_| expected) else { return Err(Over::Closed(reason)) };
        if begun {
            self.link.close_after_own(reason);
        }
        self.own(Waiting::Own { asked, answer }).await;
        if begun {
            // The other direction ends the connection.
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// A frame that is no request.
    fn other(&self, incoming: &Incoming, start: &[u8]) -> Way {
        match incoming {
            Incoming::Foreign => Err(self.foreign(foreign::language(start))),
            _ => {
                self.link.expect(Waiting::Token);
                Ok(())
            }
        }
    }

    fn foreign(&self, speaks: Foreign) -> Over {
        self.link.foreign(speaks);
        Over::Closed("the peer does not speak Kafka".to_owned())
    }

    /// What is forwarded next is remembered before it can be answered.
    fn expect(&self, asked: Asked, expected: bool) {
        if expected {
            self.link.expect(Waiting::Request(asked));
        }
    }

    /// An answer without the broker. It takes its turn behind those that the broker still owes.
    async fn own(&self, own: Waiting) {
        while self.link.is_clogged() {
            self.link.room.notified().await;
        }
        self.link.expect(own);
    }

    async fn act(&mut self, armed: &Armed, asked: &Asked) -> Way {
        if armed.rule.fault == Fault::DropRequest {
            self.link.used(armed, asked.correlation, FaultUse::RequestDropped);
            return Err(Over::Closed(format!("the fault `{}` drops this request", armed.rule.name)));
        }
        let Some(pause) = armed.pause(Direction::Request) else { return Ok(()) };
        self.link.used(armed, asked.correlation, FaultUse::RequestHeld);
        self.pause(pause).await?;
        self.link.used(armed, asked.correlation, FaultUse::Released);
        Ok(())
    }

    /// Waits, and watches whether the program goes away meanwhile.
    async fn pause(&mut self, mut pause: Pause) -> Way {
        let hold = pause.is_hold();
        let over = pause.over();
        tokio::pin!(over);
        while !self.said {
            let Some(room) = self.cutter.ahead() else { break };
            let read = tokio::select! {
                biased;
                () = &mut over => return Ok(()),
                read = self.client.read_buf(room) => read,
            };
            match read {
                Ok(bytes) if bytes > 0 => {}
                // What is held is given up when nobody is there any more; what is only late is on its way already.
                _ if hold => return Err(Over::Gone(Side::Client)),
                _ => self.said = true,
            }
        }
        over.await;
        Ok(())
    }

    async fn forward(&mut self, bytes: &[u8]) -> Way {
        self.broker.write_all(bytes).await.map_err(|_| Over::Gone(Side::Broker))
    }
}
