//! A private cluster's life, and its end in every way a run can end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kgrade::world::access::Access;
use kgrade::world::cluster::{ClusterError, ClusterSpec, Health, Runtime, start};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::machine::{context, folder_of, host, is_alive, kill, script, start_private, until, uses_archive, warm};

fn client(access: impl Into<Access>) -> BaseConsumer {
    access.into().config().create().unwrap()
}

#[tokio::test]
async fn starts_answers_and_is_gone_with_its_files() {
    let context = context(host());
    let cluster = start_private(&context).await.unwrap();
    let pid = cluster.pid().unwrap();
    let folder = folder_of(pid);
    assert!(folder.join("data/meta.properties").exists());
    assert!(uses_archive(pid));
    assert_eq!(cluster.version(), Some("4.3.1"));
    assert_eq!(cluster.warning(), None);
    assert_eq!(cluster.health(), Health::Running);
    assert_ne!(cluster.bootstrap(), cluster.admin().bootstrap);
    for access in [cluster.bootstrap().into(), cluster.admin().clone()] {
        let consumer = client(&access);
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(30)).unwrap();
        let broker = &metadata.brokers()[0];
        assert_eq!(format!("{}:{}", broker.host(), broker.port()), access.bootstrap, "each listener sends its clients to itself");
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
async fn what_a_broker_unpacks_to_read_compressed_records_is_in_its_folder() {
    let cluster = start_private(&context(host())).await.unwrap();
    let pid = cluster.pid().unwrap();
    let folder = folder_of(pid);
    let admin: AdminClient<DefaultClientContext> = cluster.admin().config().create().unwrap();
    admin.create_topics(&[NewTopic::new("packed", 1, TopicReplication::Fixed(1))], &AdminOptions::new()).await.unwrap();
    for codec in ["lz4", "snappy"] {
        let producer: FutureProducer = cluster.admin().config().set("compression.type", codec).create().unwrap();
        let value = "again and again ".repeat(200);
        let record = FutureRecord::<(), _>::to("packed").payload(&value);
        producer.send(record, Duration::from_secs(30)).await.unwrap();
    }
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let unpacked: Vec<&Path> = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .filter(|file| file.contains("lz4") || file.contains("snappy"))
        .filter(|file| !file.ends_with(".jar"))
        .map(Path::new)
        .collect();
    assert!(!unpacked.is_empty(), "it read them with Java alone");
    assert!(unpacked.iter().all(|file| file.starts_with(&folder)), "{unpacked:?}");
}

#[tokio::test]
async fn the_graders_own_listeners_let_nobody_else_in() {
    let context = context(host());
    let (one, two) = tokio::join!(start_private(&context), start_private(&context));
    let (one, two) = (one.unwrap(), two.unwrap());
    let strangers = [None, two.admin().credentials.clone()];
    for credentials in strangers {
        let stranger = Access { bootstrap: one.admin().bootstrap.clone(), credentials };
        let consumer: BaseConsumer = stranger.config().create().unwrap();
        assert!(consumer.fetch_metadata(None, Duration::from_secs(3)).is_err(), "{stranger:?}");
    }
    assert!(client(one.admin()).fetch_metadata(None, Duration::from_secs(30)).is_ok());
}

#[tokio::test]
async fn two_runs_are_two_clusters() {
    let context = context(host());
    let (one, two) = tokio::join!(start_private(&context), start_private(&context));
    let (one, two) = (one.unwrap(), two.unwrap());
    let ids = [&one, &two].map(|cluster| client(cluster.admin()).client().fetch_cluster_id(Duration::from_secs(30)).unwrap());
    assert_ne!(ids[0], ids[1]);
    let (pid, folder) = (two.pid().unwrap(), folder_of(two.pid().unwrap()));
    drop(two);
    assert!(!is_alive(pid) && !folder.exists(), "dropping is enough");
    assert_eq!(one.health(), Health::Running, "the other one is not touched");
}

#[tokio::test]
async fn the_lab_decides_on_settings_and_the_advertised_port() {
    let context = context(host());
    let settings = [("num.partitions".to_owned(), "7".to_owned()), ("auto.create.topics.enable".to_owned(), "true".to_owned())].into();
    let spec = ClusterSpec { seats: vec![vec![9], vec![10]], settings, ..ClusterSpec::default() };
    let cluster = start(&Runtime::Jvm, &spec, &context).await.unwrap();
    assert_eq!(cluster.bootstrap(), "127.0.0.1:9");
    for (seat, port) in [9, 10].into_iter().enumerate() {
        let listener = &cluster.learners()[seat][0];
        let metadata = client(listener.address.as_str()).fetch_metadata(None, Duration::from_secs(30)).unwrap();
        let broker = &metadata.brokers()[0];
        assert_eq!((broker.id(), broker.port()), (listener.node, port), "who comes to a seat's listener is sent to its advertised port");
    }
    let admin: BaseConsumer = cluster.admin().config().set("allow.auto.create.topics", "true").create().unwrap();
    until("a topic with seven partitions", || {
        let metadata = admin.fetch_metadata(Some("made-by-asking"), Duration::from_secs(30)).unwrap();
        metadata.topics()[0].partitions().len() == 7
    });
}

#[tokio::test]
async fn says_which_setting_is_wrong() {
    let context = context(host());
    let with = |key: &str, value: &str| ClusterSpec { settings: [(key.to_owned(), value.to_owned())].into(), ..ClusterSpec::default() };
    let wrong = start(&Runtime::Jvm, &with("num.io.threads", "many"), &context).await.unwrap_err();
    assert!(matches!(wrong, ClusterError::Settings { .. }), "{wrong}");
    assert!(wrong.to_string().contains("num.io.threads"), "{wrong}");
    let reserved = start(&Runtime::Jvm, &with("listeners", "PLAINTEXT://:1"), &context).await.unwrap_err();
    assert!(matches!(reserved, ClusterError::Reserved { .. }), "{reserved}");
    for brokers in [0, 6] {
        let spec = ClusterSpec { brokers, ..ClusterSpec::default() };
        let error = start(&Runtime::Jvm, &spec, &context).await.unwrap_err().to_string();
        assert!(error.contains(&format!("start {brokers} brokers: kgrade starts 1 to 5")), "{error}");
    }
    let three = ClusterSpec { brokers: 3, ..ClusterSpec::default() };
    assert!(matches!(start(&Runtime::Docker, &three, &context).await.unwrap_err(), ClusterError::InDocker(3)));
}

#[tokio::test]
async fn a_broker_that_dies_is_noticed() {
    let context = context(host());
    let cluster = start_private(&context).await.unwrap();
    kill(cluster.pid().unwrap());
    until("the death is noticed", || cluster.health() != Health::Running);
    let Health::Died { node: 1, status, .. } = cluster.health() else { unreachable!() };
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    cluster.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let context = context(host());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let spec = ClusterSpec { learner_port: Some(port), ..ClusterSpec::default() };
    let error = start(&Runtime::Jvm, &spec, &context).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("listen on port {port}: another program is already using it")), "{error}");

    let other = start_private(&context).await.unwrap();
    let port = other.bootstrap().rsplit_once(':').unwrap().1.parse().unwrap();
    let spec = ClusterSpec { learner_port: Some(port), ..ClusterSpec::default() };
    let error = start(&Runtime::Jvm, &spec, &context).await.unwrap_err();
    assert!(error.to_string().contains("another Kafka broker"), "{error}");
}

/// A `java` that, once, takes the ADMIN port away just before the broker starts.
#[tokio::test]
async fn a_port_lost_at_the_last_moment_is_replaced() {
    let home = warm("port-thief");
    let java = home.join("bin/java");
    let trap = home.join("trap");
    let real = kgrade::world::cluster::fetch(&context(host())).unwrap().java;
    let text = format!(
        "case \"$*\" in *kafka.Kafka*) if rm {trap} 2>/dev/null; then\n\
         port=$(sed -n 's/^listeners=.*ADMIN:..127.0.0.1:\\([0-9]*\\).*/\\1/p' server.properties)\n\
         python3 -c \"import socket,time\ns=socket.socket(); s.bind(('127.0.0.1', $port)); s.listen(); open('stolen','w'); time.sleep(600)\" &\n\
         while [ ! -e stolen ]; do sleep 0.01; done\nfi;; esac\nexec {java} \"$@\"",
        trap = trap.display(),
        java = real.display()
    );
    // Written once: another file would be another Java, whose image is made anew.
    if fs::read_to_string(&java).ok() != Some(format!("#!/bin/sh\n{text}\n")) {
        script(&home.join("bin"), "java", &text);
    }
    let mut host = host();
    host.java_home = Some(home.clone());
    let context = context(host);
    // Without the trap first, so that the image is there.
    start_private(&context).await.unwrap().stop().await;
    fs::write(&trap, "").unwrap();
    let cluster = start_private(&context).await.unwrap();
    assert!(!trap.exists(), "the trap was sprung");
    let folder = folder_of(cluster.pid().unwrap());
    assert!(folder.join("stolen").exists(), "in this very start");
    assert_eq!(cluster.health(), Health::Running);
}

#[tokio::test]
async fn an_abandoned_start_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private::child_that_abandons_its_start", "--ignored", "--nocapture"])
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(files_of_brokers(temporary.path()), 0);
}

/// How many private folders of brokers are in a folder for temporary files.
fn files_of_brokers(folder: &std::path::Path) -> usize {
    crate::machine::names(folder).iter().filter(|name| name.starts_with("kgrade-broker-")).count()
}

/// Not a test: the process of [`an_abandoned_start_leaves_nothing`].
#[test]
#[ignore = "runs inside another test"]
fn child_that_abandons_its_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let context = context(host());
        let begun = tokio::time::timeout(Duration::from_secs(60), async {
            tokio::select! {
                _ = start_private(&context) => panic!("it was to be abandoned"),
                () = async { while files_of_brokers(&std::env::temp_dir()) == 0 { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
            }
        });
        begun.await.unwrap();
    });
    // Waits for the thread that was starting it.
    drop(runtime);
    assert_eq!(files_of_brokers(&std::env::temp_dir()), 0);
}

#[tokio::test]
async fn nothing_is_left_when_kgrade_is_killed() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private::child_that_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let broker: u32 = lines.map(Result::unwrap).find_map(|line| line.split_once("broker=")?.1.parse().ok()).unwrap();
    let folder = folder_of(broker);
    assert!(is_alive(broker) && folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    until("the broker is gone", || !is_alive(broker));
    until("its folder is gone", || !folder.exists());
}

/// Not a test: the process of [`nothing_is_left_when_kgrade_is_killed`].
#[test]
#[ignore = "runs inside another test"]
fn child_that_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cluster = runtime.block_on(async { start_private(&context(host())).await.unwrap() });
    eprintln!("started");
    println!("broker={}", cluster.pid().unwrap());
    until("killed", || false);
}
