//! `caught-up`: a consumer group has read a topic to its end.

use std::collections::BTreeSet;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::count;
use super::{Answer, Expect, Kind, View};
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::What;

/// A group's committed offsets are the end offsets of every partition that has records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaughtUp {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
}

impl Kind for CaughtUp {
    const DOC: &'static str = "A consumer group has read a topic to its end: on every partition that has records, its committed offset is the end offset.\n\n\
        The committed offset is the next one that the group will read, the end offset the next one that the partition will give to a record. Their difference is the group's lag.";
    const EXAMPLE: &'static str = "caught-up: { group: $(group), topic: $(topic) }";
}

impl Expect for CaughtUp {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.read_topic(&self.topic).await?;
        let asked = ctx.recorder().now();
        let offsets = ctx.kafka().committed(&self.group, &self.topic).await?;
        ctx.recorder().append(What::OffsetsSeen { group: self.group.as_str().into(), topic: self.topic.as_str().into(), asked, offsets });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Self { group, topic } = self;
        let offsets = view.timeline.group(group).and_then(|known| known.offsets.get(topic.as_str())).filter(|offsets| offsets.looks > 0);
        let (Some(offsets), Some(seen)) = (offsets, view.timeline.topic(topic)) else {
            return Answer::NotShown(format!("the offsets of group {group} were never looked at"));
        };
        let expected = format!("group {group} has committed the end offset of every partition of {topic} that has records");
        let used: BTreeSet<i32> = seen.records(view.timeline).map(|record| record.partition).collect();
        if used.is_empty() {
            let mismatch = Mismatch::new(format!("topic {topic} has no records, so there is nothing to read"), expected, "no records");
            return Answer::NotYet(mismatch.cause("send some with the console producer first"));
        }
        if offsets.last.is_empty() {
            let mismatch = Mismatch::new(format!("group {group} has committed nothing in topic {topic}"), expected, "no committed offset");
            return Answer::NotYet(mismatch.cause(format!(
                "read the topic with the console consumer and `--group {group}`: without that option it takes a group of its own with a random name and commits nothing. \
                 It commits every five seconds, and when it is stopped with Ctrl-C"
            )).about(Subject::Group));
        }
        let place = |partition: &i32| {
            let (committed, end) = (offsets.last.get(partition).copied(), seen.ends.get(partition).copied().unwrap_or(0));
            (*partition, committed, end)
        };
        let apart: Vec<_> = used.iter().map(place).filter(|(_, committed, end)| *committed != Some(*end)).collect();
        if apart.is_empty() {
            return Answer::holds(used.len() as u64);
        }
        let ahead = apart.iter().any(|(_, committed, end)| committed.is_some_and(|committed| committed > *end));
        let lag: i64 = apart.iter().map(|(_, committed, end)| end - committed.unwrap_or(0)).filter(|lag| *lag > 0).sum();
        let witnesses = apart.iter().map(|(partition, committed, end)| match committed {
            Some(committed) => format!("partition {partition}: committed {committed}, end {end}"),
            None => format!("partition {partition}: nothing committed, end {end}"),
        });
        let (message, cause) = if ahead {
            (
                format!("group {group} has committed more than topic {topic} holds"),
                format!(
                    "the topic was made anew after the group had read it, so its offsets are those of another topic: set them back with \
                     `kafka-consumer-groups.sh --bootstrap-server localhost:9092 --group {group} --topic {topic} --reset-offsets --to-earliest --execute`, and read it again"
                ),
            )
        } else {
            (
                format!("group {group} has not read topic {topic} to its end"),
                format!(
                    "start the console consumer again with `--group {group}`, wait until it shows no more records, and stop it with Ctrl-C: it commits then, and every five seconds. \
                     A window that is just closed loses the last seconds. If you sent more records since, they have to be read, too"
                ),
            )
        };
        let observed = if ahead { count(apart.len() as u64, "partition") + " apart" } else { format!("a lag of {}", count(lag.unsigned_abs(), "record")) };
        Answer::NotYet(Mismatch::new(message, expected, observed).cause(cause).witnesses(witnesses).about(Subject::CommittedOffset))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kinds::testing::{Story, assert_says};

    const YAML: &str = "caught-up: { group: g, topic: t }";

    /// Two records on partition 0, one on partition 1, none on partition 2.
    fn topic() -> Story {
        let story = Story::new().topic(Some(3)).record(0, None, Some(b"a")).record(0, None, Some(b"b")).record(1, None, Some(b"c"));
        story.then(What::EndSeen { topic: "t".into(), ends: BTreeMap::from([(0, 2), (1, 1), (2, 0)]) })
    }

    #[test]
    fn partitions_with_records_count() {
        assert_says(&Story::new(), YAML, "not shown", &[]);
        assert_says(&topic().offsets(&[(0, 2), (1, 1)]), YAML, "holds (2)", &[]);
        assert_says(&topic().offsets(&[(0, 2), (1, 1), (2, 0)]), YAML, "holds (2)", &[]);
    }

    #[test]
    fn a_lag_is_told_by_partition() {
        let behind = topic().offsets(&[(0, 1)]);
        let words = ["observed a lag of 2 records", "partition 0: committed 1, end 2", "partition 1: nothing committed, end 1", "Ctrl-C"];
        assert_says(&behind, YAML, "not yet: group g has not read topic t to its end", &words);
        assert_says(&topic().offsets(&[]), YAML, "not yet: group g has committed nothing in topic t", &["--group g"]);
    }

    #[test]
    fn offsets_of_an_older_topic_and_an_empty_one() {
        assert_says(&topic().offsets(&[(0, 9), (1, 1)]), YAML, "not yet: group g has committed more than topic t holds", &["--reset-offsets"]);
        assert_says(&Story::new().topic(Some(3)).offsets(&[]), YAML, "not yet: topic t has no records", &["console producer"]);
    }
}
