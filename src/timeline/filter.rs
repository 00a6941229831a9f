//! Which requests are meant: the words by which the check language picks them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{Api, Batch, Compression, Isolation, Request};

/// Which requests are meant. All that is named must hold; of a list, one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestFilter {
    /// Kafka's APIs by name: `Produce`, `OffsetCommit`, … All when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub api: Vec<Api>,
    /// The topic is among those that the request is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The partition is among those that the request is about; with `topic`, of that topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// All partitions that the request is about are among these; with `topic`, of that topic. One that names no partition matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_partitions: Vec<i32>,
    /// The consumer group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The transactional id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactional_id: Option<String>,
    /// `Produce`: the acknowledgements asked for: 0, 1 or -1 (all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acks: Option<i16>,
    /// `Produce`: every batch is, or none is, from an idempotent producer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// `Produce`: every batch is, or none is, part of a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactional: Option<bool>,
    /// `Produce`: every batch is, or none is, compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compressed: Option<bool>,
    /// `Fetch` and `ListOffsets`: what the reader may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// `EndTxn`: it commits (true) or aborts (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<bool>,
}

impl RequestFilter {
    /// Whether a request is one of those that are meant.
    #[must_use]
    pub fn matches(&self, api: Api, request: &Request) -> bool {
        (self.api.is_empty() || self.api.contains(&api))
            && self.is_about(request)
            && self.is_only_about(request)
            && self.group.as_deref().is_none_or(|wanted| request.group().is_some_and(|group| group == wanted))
            && self.transactional_id.as_deref().is_none_or(|wanted| request.transactional_id().is_some_and(|id| id == wanted))
            && self.acks.is_none_or(|wanted| matches!(request, Request::Produce { acks, .. } if *acks == wanted))
            && batches(request, self.idempotent, |batch| batch.producer_id >= 0)
            && batches(request, self.transactional, |batch| batch.transactional)
            && batches(request, self.compressed, |batch| batch.compression != Compression::None)
            && self.isolation.is_none_or(|wanted| matches!(request, Request::Fetch { isolation, .. } | Request::ListOffsets { isolation, .. } if *isolation == wanted))
            && self.commit.is_none_or(|wanted| matches!(request, Request::EndTxn { commit, .. } if *commit == wanted))
    }

    /// Whether it names something that can only be told when the whole request was read, beyond its API.
    #[must_use]
    pub fn needs_contents(&self) -> bool {
        *self != Self { api: self.api.clone(), ..Self::default() }
    }

    fn is_about(&self, request: &Request) -> bool {
        if self.topic.is_none() && self.partition.is_none() {
            return true;
        }
        request.places().iter().any(|(topic, partition)| {
            self.topic.as_deref().is_none_or(|wanted| wanted == *topic) && self.partition.is_none_or(|wanted| *partition == Some(wanted))
        })
    }
}

impl RequestFilter {
    fn is_only_about(&self, request: &Request) -> bool {
        let of_topic = |topic: &str| self.topic.as_deref().is_none_or(|wanted| wanted == topic);
        let mut named = request.places().into_iter().filter(|(topic, _)| of_topic(topic)).filter_map(|(_, partition)| partition);
        self.only_partitions.is_empty() || named.all(|partition| self.only_partitions.contains(&partition))
    }
}

/// Whether all batches of a `Produce` are as wanted. Requests without batches are not.
fn batches(request: &Request, wanted: Option<bool>, is: impl Fn(&Batch) -> bool) -> bool {
    let Some(wanted) = wanted else { return true };
    matches!(request, Request::Produce { batches, .. } if !batches.is_empty() && batches.iter().all(|batch| is(batch) == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(partition: i32, producer_id: i64) -> Batch {
        Batch {
            topic: "t".into(),
            partition,
            records: 1,
            bytes: 80,
            compression: Compression::None,
            producer_id,
            producer_epoch: 0,
            base_sequence: 0,
            transactional: false,
            first_timestamp: 0,
            crc: 0,
        }
    }

    fn produce(batches: Vec<Batch>) -> Request {
        Request::Produce { acks: -1, timeout_ms: 30_000, transactional_id: None, batches }
    }

    fn picks(yaml: &str, request: &Request) -> bool {
        let filter: RequestFilter = serde_saphyr::from_str(yaml).unwrap();
        filter.matches(Api::PRODUCE, request)
    }

    #[test]
    fn all_that_is_named_must_hold() {
        let request = produce(vec![batch(0, 7), batch(2, 7)]);
        for (yaml, wanted) in [
            ("{}", true),
            ("{ api: [Produce, Fetch] }", true),
            ("{ api: [fetch] }", false),
            ("{ topic: t }", true),
            ("{ topic: other }", false),
            ("{ topic: t, partition: 2 }", true),
            ("{ partition: 1 }", false),
            ("{ acks: -1 }", true),
            ("{ acks: 1 }", false),
            ("{ idempotent: true }", true),
            ("{ idempotent: false }", false),
            ("{ compressed: false, transactional: false }", true),
            ("{ group: g }", false),
            ("{ isolation: read_committed }", false),
            ("{ commit: true }", false),
        ] {
            assert_eq!(picks(yaml, &request), wanted, "{yaml}");
        }
    }

    #[test]
    fn requests_whose_batches_differ_are_neither_one_nor_the_other() {
        let mixed = produce(vec![batch(0, 7), batch(1, -1)]);
        assert!(!picks("{ idempotent: true }", &mixed) && !picks("{ idempotent: false }", &mixed));
        let empty = produce(Vec::new());
        assert!(!picks("{ idempotent: true }", &empty) && !picks("{ idempotent: false }", &empty));
    }

    #[test]
    fn an_api_alone_needs_no_contents() {
        let filter = |yaml| serde_saphyr::from_str::<RequestFilter>(yaml).unwrap();
        assert!(!filter("{ api: [Produce] }").needs_contents());
        assert!(filter("{ api: [Produce], topic: t }").needs_contents());
        assert!(serde_saphyr::from_str::<RequestFilter>("{ api: [Produse] }").unwrap_err().to_string().contains("the name of a Kafka API"));
    }
}
