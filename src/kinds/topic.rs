//! `topic`: a topic as the broker describes it.

mod replicas;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::traffic::Traffic;
use super::view::{count, seconds};
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::wire::Request;

/// A topic exists, with this many partitions and replicas.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The topic's name.
    pub name: String,
    /// How many partitions it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
    /// How many replicas every partition has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<u32>,
    /// How many of its replicas every partition has in sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_sync: Option<Amount>,
    /// How many of its partitions have fewer replicas in sync than they have replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_replicated: Option<Amount>,
    /// How many different brokers lead its partitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaders: Option<Amount>,
}

impl Kind for Topic {
    const DOC: &'static str = "A topic exists, with the number of partitions and replicas that is asked for.\n\n\
        The number of partitions decides how many consumers of a group can share the work, and which partition a key goes to: it is a decision, not a default. \
        The replicas in sync decide what a partition can lose: while one of three is missing it is under-replicated, and `acks=all` waits only for those that are in sync.";
    const EXAMPLE: &'static str = "topic: { name: $(topic), partitions: 6 }";

    fn lint(&self) -> Vec<Finding> {
        if self.in_sync.is_some_and(Amount::allows_none) {
            return vec![Finding::at("in_sync", "a partition without a replica in sync holds this, too", "ask for at least one, or use `under_replicated`")];
        }
        if self.partitions == Some(0) || self.replication == Some(0) {
            return vec![Finding::new("a topic has at least one partition and one replica", "leave the setting out to ask only that the topic exists")];
        }
        Vec::new()
    }
}

/// A topic that the check's programs create, when none of them creates this one.
fn another<'a>(view: &View<'a>, wanted: &str) -> Option<&'a str> {
    let exchanges = Traffic::of(view, None).exchanges();
    let made: Vec<&str> = exchanges
        .iter()
        .filter_map(|exchange| match exchange.request {
            Request::CreateTopics { topics, validate_only: false } => Some(topics.iter().map(|topic| &*topic.name)),
            _ => None,
        })
        .flatten()
        .collect();
    if made.contains(&wanted) { None } else { made.first().copied() }
}

impl Expect for Topic {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let partitions = ctx.kafka().describe_topic(&self.name).await?;
        ctx.recorder().append(What::TopicSeen { topic: self.name.as_str().into(), partitions });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let expected = match self.partitions {
            Some(partitions) => format!("topic {} with {}", self.name, count(partitions.into(), "partition")),
            None => format!("topic {}", self.name),
        };
        let Some((since, description)) = view.timeline.topic(&self.name).and_then(|topic| topic.description.as_ref()) else {
            return Answer::NotShown(format!("topic {} was never looked at", self.name));
        };
        let Some(partitions) = description else {
            let cause = match (view.timeline.cluster(), another(view, &self.name)) {
                (Some(_), _) => "create it in the UI (Topics, Add a Topic), or with `kafka-topics.sh --create`, under exactly this name".to_owned(),
                (None, Some(made)) => format!(
                    "your program creates the topic {made} instead: the name is another one in every run, and comes from the environment (KAFKA_TOPIC)"
                ),
                (None, None) => {
                    "the broker creates no topic by itself (auto.create.topics.enable=false): create it with an AdminClient before sending".to_owned()
                }
            };
            let mismatch = Mismatch::new(format!("topic {} does not exist", self.name), expected, "no such topic").cause(cause).about(Subject::TopicCreation);
            return Answer::NotYet(view.with_ends(mismatch));
        };
        let seen = partitions.len() as u64;
        if let Some(wanted) = self.partitions
            && seen != u64::from(wanted)
        {
            let message = format!("topic {} has {}, not {wanted}", self.name, count(seen, "partition"));
            let observed = format!("{} (since {})", count(seen, "partition"), seconds(*since));
            let cause = match view.timeline.cluster() {
                // Partitions can be added but not taken away, and adding moves keys to other partitions.
                Some(_) => "delete the topic (in the UI: Topics, Remove a topic) and create it again with that many partitions".to_owned(),
                None => format!(
                    "a topic gets its partitions when it is created: NewTopic(name, num_partitions={wanted}), or what your client calls it. \
                     Creating a topic that is there already changes nothing"
                ),
            };
            return Answer::NotYet(Mismatch::new(message, expected, observed).cause(cause).about(Subject::Partitions));
        }
        match replicas::problem(self, partitions) {
            Some(mismatch) => Answer::NotYet(mismatch),
            None => Answer::holds(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::wire::create_topics;
    use crate::kinds::testing::{Story, assert_says};

    const SIX: &str = "topic: { name: t, partitions: 6 }";

    #[test]
    fn existence_and_partitions() {
        assert_says(&Story::new(), SIX, "not shown: topic t was never looked at", &[]);
        assert_says(&Story::new().topic(Some(6)), SIX, "holds (6)", &[]);
        assert_says(&Story::new().topic(Some(1)), "topic: { name: t }", "holds (1)", &[]);
        assert_says(&Story::new().topic(Some(1)), SIX, "not yet: topic t has 1 partition, not 6", &["expected topic t with 6 partitions"]);
        assert_says(&Story::new().topic(Some(7)), SIX, "not yet: topic t has 7 partitions, not 6", &[]);
        assert_says(&Story::new().topic(None).topic(Some(6)), SIX, "holds (6)", &[]);
    }

    #[test]
    fn no_topic() {
        let none = || Story::new().start("producer").topic(None);
        assert_says(&none(), SIX, "not yet: topic t does not exist", &["cause the broker creates no topic by itself", "AdminClient"]);
        // A crash explains more than what should have been done; an end without an error does not.
        let crashed = none().line("producer", "ModuleNotFoundError").exit("producer", 1);
        assert_says(&crashed, SIX, "not yet", &["cause `producer` ended with exit code 1", "ModuleNotFoundError; the broker creates no topic"]);
        assert_says(&none().exit("producer", 0), SIX, "not yet", &["cause the broker creates no topic"]);
        let makes = |name: &str| none().ask("producer", create_topics(&[name]));
        assert_says(&makes("user-events"), SIX, "not yet", &["cause your program creates the topic user-events instead", "comes from the environment"]);
        assert_says(&makes("t"), SIX, "not yet", &["cause the broker creates no topic"]);
    }

    #[test]
    fn replicas() {
        let one = Story::new().topic(Some(2));
        assert_says(&one, "topic: { name: t, replication: 1 }", "holds (2)", &[]);
        let three = "topic: { name: t, replication: 3 }";
        assert_says(&one, three, "not yet: topic t does not have 3 replicas everywhere", &["2 partitions with another number", "partition 1: 1 replica"]);
    }
}
