//! What is known of the topic that is asked about.

use std::collections::BTreeMap;

use super::sheet::Text;
use crate::kinds::View;

/// What is known of a topic.
pub(super) struct Facts {
    /// Its name.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: i64,
    /// The end offset of each partition.
    pub ends: BTreeMap<i32, i64>,
    /// The end offset of each partition when the file was saved, as the records' timestamps tell.
    pub then: BTreeMap<i32, i64>,
    /// All records: partition, offset, text.
    pub records: Vec<(i32, i64, String)>,
}

impl Facts {
    /// The facts on the timeline; `None` when the topic was not looked at, or is not there.
    pub fn of(view: &View<'_>, topic: &str, saved_ms: Option<i64>) -> Option<Self> {
        let known = view.timeline.topic(topic)?;
        let partitions = known.description.as_ref()?.1.as_ref()?.len();
        let mut then: BTreeMap<i32, i64> = known.ends.clone();
        let mut records = Vec::new();
        let mut earliest_after: BTreeMap<i32, i64> = BTreeMap::new();
        for record in known.records(view.timeline) {
            if saved_ms.is_some_and(|saved| record.timestamp > saved) {
                earliest_after.entry(record.partition).or_insert(record.offset);
            }
            let text = record.value.map_or_else(String::new, |value| String::from_utf8_lossy(value).trim().to_owned());
            records.push((record.partition, record.offset, text));
        }
        then.extend(earliest_after);
        Some(Self { topic: topic.to_owned(), partitions: i64::try_from(partitions).ok()?, ends: known.ends.clone(), then, records })
    }

    /// The end offset of a partition; 0 for one that is not there.
    pub fn end(&self, partition: i32) -> i64 {
        self.ends.get(&partition).copied().unwrap_or(0)
    }

    /// Whether an offset is a partition's end, or was when the file was saved.
    pub fn is_end(&self, partition: i32, offset: i64) -> bool {
        offset == self.end(partition) || self.then.get(&partition) == Some(&offset)
    }

    /// Where records with this text stand.
    pub fn places(&self, text: &Text) -> impl Iterator<Item = (i32, i64)> {
        self.records.iter().filter(move |(_, _, known)| text.is(known)).map(|(partition, offset, _)| (*partition, *offset))
    }

    /// The text of the record at a place.
    pub fn text_at(&self, partition: i64, offset: i64) -> Option<&str> {
        let found = self.records.iter().find(|(known, at, _)| i64::from(*known) == partition && *at == offset);
        found.map(|(_, _, text)| text.as_str())
    }
}
