//! How much of an instance's exchanges is kept in full. Beyond that they are only counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Limits;
use crate::timeline::event::Name;
use crate::timeline::wire::{Api, Request, Response};
use crate::timeline::{Recorder, What};

/// What is only counted is told each time that it is so much, and at the end.
const TELL: u64 = 10_000;

/// So many partitions or topics of a request take as much memory as a request.
const ELEMENTS: usize = 16;

/// The exchanges of one instance.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    apis: Mutex<BTreeMap<Api, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    /// What the exchanges that are kept weigh.
    kept: u64,
    /// Those that were only counted and not told yet.
    spared: u64,
}

impl Ledger {
    /// Whether the next exchange of an API is to be kept in full. It is counted if not.
    pub(super) fn admits(&self, api: Api, limits: &Limits, instance: &Name, recorder: &Recorder) -> bool {
        let limit = if is_essential(api) { limits.detailed_essential } else { limits.detailed };
        let mut apis = self.apis();
        let account = apis.entry(api).or_default();
        if account.kept < limit {
            account.kept += 1;
            return true;
        }
        account.spared += 1;
        if account.spared >= TELL {
            let count = std::mem::take(&mut account.spared);
            recorder.append(What::Spared { instance: instance.clone(), api, count });
        }
        false
    }

    /// Adds what an exchange weighs beyond being one.
    pub(super) fn weigh(&self, api: Api, elements: usize) {
        if elements >= ELEMENTS
            && let Some(account) = self.apis().get_mut(&api)
        {
            account.kept += (elements / ELEMENTS) as u64;
        }
    }

    /// Tells what was counted and not told yet.
    pub(super) fn close(&self, instance: &Name, recorder: &Recorder) {
        for (api, account) in self.apis().iter_mut().filter(|(_, account)| account.spared > 0) {
            let count = std::mem::take(&mut account.spared);
            recorder.append(What::Spared { instance: instance.clone(), api: *api, count });
        }
    }

    fn apis(&self) -> MutexGuard<'_, BTreeMap<Api, Account>> {
        self.apis.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether judges count on every single exchange of an API.
fn is_essential(api: Api) -> bool {
    matches!(
        api,
        Api::OFFSET_COMMIT
            | Api::TXN_OFFSET_COMMIT
            | Api::JOIN_GROUP
            | Api::LEAVE_GROUP
            | Api::INIT_PRODUCER_ID
            | Api::END_TXN
            | Api::CONSUMER_GROUP_HEARTBEAT
    )
}

/// How many elements a request has.
pub(super) fn asked(request: &Request) -> usize {
    match request {
        Request::Produce { batches, .. } => batches.len(),
        Request::Fetch { partitions: offsets, .. }
        | Request::ListOffsets { partitions: offsets, .. }
        | Request::OffsetCommit { offsets, .. }
        | Request::TxnOffsetCommit { offsets, .. } => offsets.len(),
        Request::SyncGroup { assignments, .. } => assignments.iter().map(|(_, places)| 1 + places.len()).sum(),
        Request::JoinGroup { assignors, .. } => assignors.iter().map(|one| 1 + one.topics.len() + one.owned.len()).sum(),
        Request::FindCoordinator { keys: names, .. }
        | Request::OffsetFetch { groups: names }
        | Request::LeaveGroup { members: names, .. }
        | Request::DeleteTopics { topics: names } => names.len(),
        Request::Metadata { topics, .. } => topics.as_ref().map_or(0, Vec::len),
        Request::CreateTopics { topics, .. } => topics.len(),
        Request::AddPartitionsToTxn { partitions, .. } => partitions.len(),
        Request::ConsumerGroupHeartbeat { topics, owned, .. } => topics.as_ref().map_or(0, Vec::len) + owned.as_ref().map_or(0, Vec::len),
        Request::ShareGroupHeartbeat { topics, .. } => topics.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}

/// How many elements an answer has.
pub(super) fn answered(response: &Response) -> usize {
    match response {
        Response::Partitions { partitions } | Response::Produce { partitions, .. } => partitions.len(),
        Response::Topics { topics } => topics.len(),
        Response::Fetch { partitions, .. } => partitions.len(),
        Response::Offsets { offsets, .. } => offsets.len(),
        Response::SyncGroup { assigned, .. } => assigned.len(),
        Response::ConsumerGroupHeartbeat { assigned, .. } => assigned.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}
