//! The queue's topics.

use anyhow::{Context, Result, bail};
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use super::reader::{ANSWER, Reader};
use super::{Access, Names, published, submitted};

/// How many partitions a queue gets: as many workers can grade side by side.
pub const PARTITIONS: i32 = 12;

/// Makes the topics that are not there yet. With how many replicas is the cluster's default.
///
/// # Errors
/// When the cluster does not answer or refuses, or topics of these names have different numbers of partitions.
pub async fn ensure(access: &Access, names: &Names, partitions: i32) -> Result<()> {
    let reader = Reader::new(access, names, "kgrade-queue")?;
    // Topics that are there decide: the three must stay alike.
    let wanted = match reader.partitions(&names.submissions)? {
        Some(there) => i32::try_from(there.len()).context("the queue has too many partitions")?,
        None => partitions,
    };
    let (small, large) = ((submitted::MOST_BYTES + 4096).to_string(), (published::MOST_BYTES + 4096).to_string());
    let topics = [(&names.submissions, &small), (&names.results, &large), (&names.evidence, &large)].map(|(name, most)| {
        NewTopic::new(name, wanted, TopicReplication::Fixed(-1)).set("retention.ms", "-1").set("max.message.bytes", most)
    });
    let options = AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER));
    let made = access.admin("kgrade-queue")?.create_topics(&topics, &options).await.context("the queue's topics cannot be made")?;
    for result in made {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => bail!("topic {name} cannot be made: {code}"),
        }
    }
    check(&reader, names).map(drop)
}

/// The queue's partitions.
///
/// # Errors
/// When there is no such queue, or its topics do not fit together.
pub(super) fn check(reader: &Reader, names: &Names) -> Result<Vec<i32>> {
    let submissions = wait_for(reader, &names.submissions)?;
    for other in [&names.results, &names.evidence] {
        let there = wait_for(reader, other)?;
        if there.len() != submissions.len() {
            bail!(
                "topic {} has {} partitions and {other} has {}: they must have the same number; start a new queue with another --name",
                names.submissions,
                submissions.len(),
                there.len()
            );
        }
    }
    Ok(submissions)
}

/// A topic that was just made may not be known to every broker yet.
fn wait_for(reader: &Reader, topic: &str) -> Result<Vec<i32>> {
    for _ in 0..50 {
        if let Some(partitions) = reader.partitions(topic)?.filter(|partitions| !partitions.is_empty()) {
            return Ok(partitions);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    bail!("there is no topic {topic}; `kgrade queue add` makes it, and --name says which queue is meant")
}
