//! What a producer did not live to hear: events that Kafka stored, of which it gave up before the answer came.

use std::collections::BTreeMap;

use crate::kinds::View;
use crate::kinds::produced::Written;
use crate::kinds::traffic::Traffic;
use crate::timeline::Record;
use crate::timeline::wire::{Request, Response};

/// The records whose answers a producer can have left unheard, because an error had ended it: partition to first offset and number of records.
///
/// Some clients give up as a whole at an error for good (kafka-python, when it is idempotent), and fail everything that is still open, also requests
/// that Kafka is just working at. Of those they know nothing, and to name their events is no untruth.
#[derive(Debug, Default)]
pub(super) struct Unheard(BTreeMap<i32, Vec<(i64, u32)>>);

impl Unheard {
    /// Of an instance (`check/as`) that was given so many events for a topic.
    ///
    /// A producer that gave up shows it: some of its events were never sent. It had not given up while it still sent, so what was answered by then it
    /// has heard.
    pub(super) fn of(view: &View<'_>, name: &str, topic: &str, total: u64) -> Self {
        let exchanges = Traffic::of(view, Some(name)).exchanges();
        let written = Written::of(&exchanges, topic);
        let refused = written.requests.iter().any(|exchange| exchange.error().is_some_and(|error| error != 0));
        let Some(last) = written.requests.iter().map(|exchange| exchange.at).max().filter(|_| refused && written.records(|_| true) < total) else {
            return Self::default();
        };
        let mut unheard = Self::default();
        for exchange in written.requests {
            let (Request::Produce { batches, .. }, Some((at, Response::Produce { partitions, base_offsets }))) = (exchange.request, exchange.response) else { continue };
            for (coded, base) in partitions.iter().zip(base_offsets).filter(|(coded, _)| at > last && coded.error == 0 && *coded.topic == *topic) {
                let sent = batches.iter().filter(|batch| *batch.topic == *topic && batch.partition == coded.partition).map(|batch| batch.records).sum();
                unheard.0.entry(coded.partition).or_default().push((*base, sent));
            }
        }
        unheard
    }

    /// Whether a record is one of them.
    pub(super) fn holds(&self, record: &Record<'_>) -> bool {
        let of_partition = self.0.get(&record.partition).into_iter().flatten();
        of_partition.into_iter().any(|(base, sent)| (*base..base.saturating_add(i64::from(*sent))).contains(&record.offset))
    }
}
