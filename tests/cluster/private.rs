//! A private cluster's life.

use std::time::Duration;

use kgrade::world::cluster::{ClusterSpec, Health, Runtime, start};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::machine::{context, folder_of, host, is_alive, start_private};

#[tokio::test]
async fn starts_answers_and_is_gone_with_its_files() {
    let context = context(host());
    let cluster = start_private(&context).await.unwrap();
    let pid = cluster.pid().unwrap();
    let folder = folder_of(pid);
    assert!(folder.join("data/meta.properties").exists());
    assert_eq!(cluster.version(), Some("4.3.1"));
    assert_eq!(cluster.health(), Health::Running);
    assert_ne!(cluster.bootstrap(), cluster.admin());
    for address in [cluster.bootstrap(), cluster.admin()] {
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", address).create().unwrap();
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(30)).unwrap();
        let broker = &metadata.brokers()[0];
        assert_eq!(format!("{}:{}", broker.host(), broker.port()), address, "each listener sends its clients to itself");
        let mut topics: Vec<_> = metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect();
        topics.sort_unstable();
        assert_eq!(topics, [("__consumer_offsets", 1), ("__transaction_state", 1)]);
        let groups = consumer.fetch_group_list(None, Duration::from_secs(30)).unwrap();
        assert!(groups.groups().is_empty(), "nobody was here before");
    }
    let resident = cluster.resident_bytes().unwrap();
    assert!(resident < 200 << 20, "{} MiB", resident >> 20);
    cluster.stop().await;
    assert!(!is_alive(pid));
    assert!(!folder.exists());
}

#[tokio::test]
async fn learners_are_sent_to_the_advertised_port() {
    let context = context(host());
    let spec = ClusterSpec { learner_advertised: Some(9), ..ClusterSpec::default() };
    let cluster = start(&Runtime::Jvm, &spec, &context).await.unwrap();
    assert_eq!(cluster.bootstrap(), "127.0.0.1:9");
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", cluster.learner()).create().unwrap();
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(30)).unwrap();
    assert_eq!(metadata.brokers()[0].port(), 9);
}
