//! How much of an instance's exchanges is kept in full. Beyond that they are only counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::messages::ApiKey;

use super::Limits;
use crate::timeline::event::Name;
use crate::timeline::wire::{Api, Request, Response};
use crate::timeline::{Recorder, What};

/// Of a frame that belongs to no API that is known.
pub(super) const NONE: Api = Api(-1);

/// What is only counted is told each time that it is so much, and at the end.
const TELL: u64 = 10_000;

/// So many partitions or topics of a request take as much memory as a request.
const ELEMENTS: usize = 16;

/// The exchanges of one instance.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    apis: BTreeMap<Api, Account>,
    /// What all that is kept weighs.
    kept: u64,
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
        // APIs that Kafka does not have share an account, so that there are not as many as numbers.
        let api = if ApiKey::try_from(api.0).is_ok() { api } else { NONE };
        let limit = if is_essential(api) { limits.detailed_essential } else { limits.detailed };
        let mut accounts = self.accounts();
        let within = accounts.kept < limits.detailed_total;
        let account = accounts.apis.entry(api).or_default();
        if within && account.kept < limit {
            account.kept += 1;
            accounts.kept += 1;
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
        let more = (elements / ELEMENTS) as u64;
        if more == 0 {
            return;
        }
        let mut accounts = self.accounts();
        accounts.kept += more;
        if let Some(account) = accounts.apis.get_mut(&api) {
            account.kept += more;
        }
    }

    /// Tells what was counted and not told yet.
    pub(super) fn close(&self, instance: &Name, recorder: &Recorder) {
        for (api, account) in self.accounts().apis.iter_mut().filter(|(_, account)| account.spared > 0) {
            let count = std::mem::take(&mut account.spared);
            recorder.append(What::Spared { instance: instance.clone(), api: *api, count });
        }
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_a_limit_and_all_together_too() {
        let limits = Limits { detailed: 3, detailed_essential: 5, detailed_total: 10, ..Limits::default() };
        let (ledger, instance, recorder) = (Ledger::default(), "check/a".into(), Recorder::default());
        let admitted = |api, times| (0..times).filter(|_| ledger.admits(api, &limits, &instance, &recorder)).count();
        assert_eq!(admitted(Api::FETCH, 9), 3);
        assert_eq!(admitted(Api::OFFSET_COMMIT, 9), 5);
        assert_eq!(admitted(Api(900), 1) + admitted(Api(901), 9), 2, "the last two of ten");
        assert_eq!(admitted(Api::END_TXN, 1), 0);
        ledger.close(&instance, &recorder);
        let timeline = recorder.timeline();
        let spared: Vec<_> = timeline.spared("check/a").unwrap().iter().map(|(api, count)| (api.0, *count)).collect();
        assert_eq!(spared, [(-1, 8), (1, 6), (8, 4), (26, 1)]);
    }

    #[test]
    fn large_ones_weigh_more() {
        let limits = Limits { detailed: 10, ..Limits::default() };
        let (ledger, instance, recorder) = (Ledger::default(), "check/a".into(), Recorder::default());
        assert!(ledger.admits(Api::METADATA, &limits, &instance, &recorder));
        ledger.weigh(Api::METADATA, 160);
        assert!(!ledger.admits(Api::METADATA, &limits, &instance, &recorder));
        for _ in 0..2 * TELL {
            ledger.admits(Api::METADATA, &limits, &instance, &recorder);
        }
        assert_eq!(recorder.timeline().events().len(), 2, "told now and then");
    }
}
