//! What both directions of a connection share: which requests wait for an answer, and the way onto the timeline.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use tokio::sync::Notify;

use super::fault::{self, Armed, Direction, Fault};
use super::ledger::NONE;
use super::pending::{Asked, Pending, Waiting};
use super::read::{self, Head};
use super::seat::Occupant;
use super::unpack::{self, Oversized, Packed};
use super::{Core, forbidden, ledger};
use crate::timeline::What;
use crate::timeline::wire::{Api, Compression, FaultUse, Foreign, Request, Side, Unread};

const SASL_HANDSHAKE: Api = Api(17);
const CREATE_TOPICS: Api = Api(19);

/// The first byte of a GSSAPI token. Clients before Kafka 0.10 send one without a handshake.
const GSSAPI: u8 = 0x60;

/// A connection as both directions see it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) core: Arc<Core>,
    pub(super) occupant: Arc<Occupant>,
    number: u64,
    state: Mutex<State>,
    /// An answer of the tap's own waits for its turn.
    pub(super) own: Notify,
    /// One of them has gone out.
    pub(super) room: Notify,
}

#[derive(Debug)]
struct State {
    pending: Pending,
    /// No frame came yet.
    fresh: bool,
    /// SASL tokens may come without a header: the handshake was of version 0.
    tokens: bool,
    /// An answer is kept from the program by a fault.
    pausing: bool,
    /// The connection is closed, and why, when the tap's own answers have gone out.
    closing: Option<String>,
}

/// What a frame from the program is.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A request. The faults are those that act before it is forwarded; `packed` says that batches in it may be compressed.
    Request { asked: Asked, expected: bool, acts: Vec<Arc<Armed>>, packed: bool },
    /// A SASL token without a header.
    Token,
    /// Nothing that Kafka's protocol has.
    Foreign,
}

impl Link {
    pub(super) fn new(core: Arc<Core>, occupant: Arc<Occupant>, number: u64) -> Self {
        let pending = Pending::new(core.limits.pending);
        let state = Mutex::new(State { pending, fresh: true, tokens: false, pausing: false, closing: None });
        Self { core, occupant, number, state, own: Notify::new(), room: Notify::new() }
    }

    /// Whether this can be the length of a frame from the program.
    pub(super) fn is_possible(&self, length: i32) -> bool {
        // An API key, a version, a correlation id. A token may be empty.
        let least = if self.state().tokens { 0 } else { 8 };
        usize::try_from(length).is_ok_and(|length| (least..=self.core.limits.absurd).contains(&length))
    }

    /// Tells what the peer speaks instead of Kafka.
    pub(super) fn foreign(&self, speaks: Foreign) {
        self.core.recorder.append(What::NotKafka { connection: self.number, speaks });
    }

    /// Whether a request may go on before it is whole: nothing would keep it back.
    pub(super) fn may_begin(&self) -> bool {
        self.core.faults.of(&self.occupant.instance).is_empty()
    }

    /// Takes a whole frame from the program. When a part of it has `begun` to go on, no fault acts on it any more.
    pub(super) fn request(&self, frame: &Bytes, begun: bool) -> Incoming {
        let head = match self.header(frame) {
            Ok(head) => head,
            Err(other) => return other,
        };
        let rules = if begun { Vec::new() } else { self.core.faults.of(&self.occupant.instance) };
        let admitted = self.admits(head.api);
        // Topics that are only created here may be named by id later.
        let request = if admitted || !rules.is_empty() { read::request(frame, &self.core.topics) } else { Ok(Request::Other) };
        let bytes = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let expected = is_answered(&head, request.as_ref().ok(), frame);
        let acts = self.acts(&rules, &head, request.as_ref().ok(), expected);
        let detailed = (admitted || !acts.is_empty()) && request.is_ok();
        let packed = head.api == Api::PRODUCE && self.core.limits.looks_into_batches() && may_be_packed(request.as_ref().ok());
        match request {
            Ok(request) if detailed => {
                self.occupant.ledger.weigh(head.api, ledger::asked(&request));
                let Head { api, version, correlation, client } = head.clone();
                self.core.recorder.append(What::Requested { connection: self.number, correlation, api, version, client, bytes, request });
            }
            Err(reason) if admitted => self.unread(Side::Client, head.api, head.version, frame.len(), reason),
            _ => {}
        }
        self.incoming(&head, detailed, expected, acts, packed)
    }

    /// Takes the beginning of a frame from the program that is not kept.
    pub(super) fn unkept_request(&self, start: &Bytes, length: usize, begun: bool, reason: Unread) -> Incoming {
        let head = match self.header(start) {
            Ok(head) => head,
            Err(other) => return other,
        };
        let rules = if begun { Vec::new() } else { self.core.faults.of(&self.occupant.instance) };
        let expected = is_answered(&head, None, start);
        let rules: Vec<_> = rules.into_iter().filter(|armed| !matches!(armed.rule.fault, Fault::Answer { .. })).collect();
        let acts = self.acts(&rules, &head, None, expected);
        if self.admits(head.api) {
            self.unread(Side::Client, head.api, head.version, length, reason);
        }
        let packed = head.api == Api::PRODUCE && self.core.limits.looks_into_batches() && !read::is_plain(start);
        self.incoming(&head, false, expected, acts, packed)
    }

    fn header(&self, frame: &[u8]) -> Result<Head, Incoming> {
        let mut state = self.state();
        let fresh = std::mem::take(&mut state.fresh);
        let head = read::head(frame).filter(|head| head.api.0 >= 0 && head.version >= 0);
        if fresh && frame.first() == Some(&GSSAPI) && !head.as_ref().is_some_and(is_known) {
            state.tokens = true;
        }
        if state.tokens && !head.as_ref().is_some_and(is_known) {
            return Err(Incoming::Token);
        }
        let head = head.ok_or(Incoming::Foreign)?;
        state.tokens = head.api == SASL_HANDSHAKE && head.version == 0;
        Ok(head)
    }

    fn incoming(&self, head: &Head, detailed: bool, expected: bool, acts: Vec<Arc<Armed>>, packed: bool) -> Incoming {
        let (acts, later) = acts.into_iter().partition(|armed| armed.rule.fault.side() == Direction::Request);
        let Head { api, version, correlation, .. } = *head;
        Incoming::Request { asked: Asked { api, version, correlation, detailed, acts: later }, expected, acts, packed }
    }

    fn acts(&self, rules: &[Arc<Armed>], head: &Head, request: Option<&Request>, expected: bool) -> Vec<Arc<Armed>> {
        let can = |fault: Fault| match fault {
            Fault::Answer { .. } => !expected || fault::can_answer(head.api, head.version),
            _ => expected || fault.side() == Direction::Request,
        };
        rules.iter().filter(|armed| can(armed.rule.fault) && armed.acts_on(head.api, request)).map(Arc::clone).collect()
    }

    /// Remembers what is forwarded next.
    pub(super) fn expect(&self, waiting: Waiting) {
        let own = matches!(waiting, Waiting::Own { .. });
        self.state().pending.push(waiting);
        if own {
            self.own.notify_one();
        }
    }

    /// The first batch of a request that unpacks to too much. It is on the timeline then.
    ///
    /// # Errors
    /// When there are too many batches to look at.
    pub(super) async fn oversized(&self, frame: &Bytes, correlation: i32) -> Result<bool, Unread> {
        let batches = match read::packed(frame, &self.core.topics) {
            Err(Unread::TooLong) => return Err(Unread::TooLong),
            // What cannot be read, brokers do not unpack.
            batches => batches.unwrap_or_default(),
        };
        let Some(Oversized { batch, limit }) = unpack::oversized(batches, &self.core.limits, &self.core.tight).await else {
            return Ok(false);
        };
        let Packed { topic, partition, compression, records } = batch;
        let (connection, packed) = (self.number, records.len() as u64);
        self.core.recorder.append(What::Oversized { connection, correlation, topic, partition, compression, packed, limit });
        Ok(true)
    }

    /// Why a request of this API must not go on. On a cluster that kgrade did not start, that is the cluster's own business.
    pub(super) fn forbids(&self, api: Api, frame: &Bytes) -> Option<String> {
        if self.occupant.edit.is_some() { None } else { forbidden::reason(api, frame) }
    }

    /// Closes the connection when all answers of the tap's own have gone out.
    pub(super) fn close_after_own(&self, reason: String) {
        self.state().closing = Some(reason);
    }

    /// Why it is to be closed now.
    pub(super) fn closing(&self) -> Option<String> {
        self.state().closing.clone()
    }

    /// Whether there are too many answers of the tap's own.
    pub(super) fn is_clogged(&self) -> bool {
        self.state().pending.is_clogged()
    }

    /// An answer of the tap's own whose turn it is. It is on the timeline.
    pub(super) fn own(&self) -> Option<(Asked, Bytes)> {
        let (asked, answer) = self.state().pending.own()?;
        self.room.notify_one();
        self.responded(&asked, &answer);
        Some((asked, answer))
    }

    /// Whether there is one.
    pub(super) fn has_own(&self) -> bool {
        self.state().pending.has_own()
    }

    /// Whether an answer may go on before it is whole: nothing would keep it back or change it.
    pub(super) fn may_end(&self, start: &[u8]) -> bool {
        let state = self.state();
        state.pending.next(correlation(start)).is_some_and(|asked| asked.acts.is_empty() && !self.edits(asked))
    }

    /// Takes a whole frame from the broker. What it answers, when that is known and something may have to be done with it.
    pub(super) fn response(&self, frame: &Bytes) -> Option<Asked> {
        match self.answered(frame) {
            Some(Waiting::Request(asked)) => {
                self.responded(&asked, frame);
                Some(asked)
            }
            Some(_) => None,
            None => {
                if self.admits(NONE) {
                    self.unread(Side::Broker, NONE, -1, frame.len(), Unread::Unknown);
                }
                None
            }
        }
    }

    /// Takes the beginning of a frame from the broker that is not kept.
    pub(super) fn unkept_response(&self, start: &[u8], length: usize, reason: Unread) -> Option<Asked> {
        let asked = match self.answered(start) {
            Some(Waiting::Request(asked)) => Some(asked),
            _ => None,
        };
        let (api, version) = asked.as_ref().map_or((NONE, -1), |asked| (asked.api, asked.version));
        if asked.as_ref().is_none_or(|asked| asked.detailed) && self.admits(api) {
            self.unread(Side::Broker, api, version, length, reason);
        }
        asked
    }

    fn answered(&self, frame: &[u8]) -> Option<Waiting> {
        self.state().pending.answered(correlation(frame))
    }

    fn responded(&self, asked: &Asked, frame: &Bytes) {
        if !asked.detailed && asked.api != Api::METADATA && asked.api != CREATE_TOPICS {
            return;
        }
        // Read even when it is only counted, for the ids of topics in it.
        let response = read::response(asked.api, asked.version, frame, &self.core.topics);
        if !asked.detailed {
            return;
        }
        match response {
            Ok(response) => {
                self.occupant.ledger.weigh(asked.api, ledger::answered(&response));
                let bytes = u32::try_from(frame.len()).unwrap_or(u32::MAX);
                let correlation = asked.correlation;
                self.core.recorder.append(What::Responded { connection: self.number, correlation, bytes, response });
            }
            Err(reason) => self.unread(Side::Broker, asked.api, asked.version, frame.len(), reason),
        }
    }

    /// Whether answers like this one may have to be changed for the program.
    pub(super) fn edits(&self, asked: &Asked) -> bool {
        self.occupant.edit.as_ref().is_some_and(|edit| edit.wants(asked.api, asked.version))
    }

    /// Whether an answer like this one must not go on unchanged. Those that bring records name addresses only after a leader moved.
    pub(super) fn must_edit(&self, asked: &Asked) -> bool {
        let brings_records = matches!(ApiKey::try_from(asked.api.0), Ok(ApiKey::Produce | ApiKey::Fetch | ApiKey::ShareFetch));
        !brings_records && self.edits(asked)
    }

    /// Tells that a fault did something.
    pub(super) fn used(&self, armed: &Armed, correlation: i32, did: FaultUse) {
        let (check, fault) = (armed.rule.check.clone(), armed.rule.name.clone());
        self.core.recorder.append(What::FaultUsed { check, fault, connection: self.number, correlation: Some(correlation), did });
    }

    /// Whether the broker owes nothing but answers to polls.
    pub(super) fn is_only_polled(&self) -> bool {
        self.state().pending.only_polls()
    }

    /// Tells that an answer begins, or ends, to be kept from the program.
    pub(super) fn set_pausing(&self, pausing: bool) {
        self.state().pausing = pausing;
    }

    /// Whether an answer is kept from the program.
    pub(super) fn is_pausing(&self) -> bool {
        self.state().pausing
    }

    fn admits(&self, api: Api) -> bool {
        self.occupant.ledger.admits(api, &self.core.limits, &self.occupant.instance, &self.core.recorder)
    }

    fn unread(&self, from: Side, api: Api, version: i16, bytes: usize, reason: Unread) {
        self.core.recorder.append(What::Unread { connection: self.number, from, api, version, bytes: bytes as u64, reason });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the broker will answer. It does not answer `Produce` with `acks=0`.
fn is_answered(head: &Head, request: Option<&Request>, frame: &[u8]) -> bool {
    let acks = match request {
        Some(Request::Produce { acks, .. }) => Some(*acks),
        _ if head.api == Api::PRODUCE => read::acks(frame),
        _ => None,
    };
    acks != Some(0)
}

/// Whether batches of a Produce request may be compressed. One that was not read may have such.
fn may_be_packed(request: Option<&Request>) -> bool {
    match request {
        Some(Request::Produce { batches, .. }) => batches.iter().any(|batch| batch.compression != Compression::None),
        _ => true,
    }
}

/// Whether it can only be a request: an API and a version that there are.
fn is_known(head: &Head) -> bool {
    ApiKey::try_from(head.api.0).is_ok_and(|key| {
        let versions = key.valid_versions();
        (versions.min..=versions.max).contains(&head.version)
    })
}

fn correlation(answer: &[u8]) -> Option<i32> {
    answer.first_chunk().map(|id| i32::from_be_bytes(*id))
}
