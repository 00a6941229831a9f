//! A broken cache repairs itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kgrade::world::cluster::{Health, Host};

use crate::machine::{files, host, names, start_private, uses_archive, warm, watched};

/// A cache that only these tests damage.
fn cache(name: &str) -> (PathBuf, Host) {
    let cache = warm(name);
    (cache.clone(), Host { cache: Some(cache), ..host() })
}

fn find(folder: &Path, end: &str) -> PathBuf {
    files(folder).into_iter().map(|(path, _)| path).find(|path| path.ends_with(end)).unwrap()
}

/// Overwrites part of a file; its size and its time of writing stay the same.
fn corrupt(path: &Path) {
    let written: SystemTime = fs::metadata(path).unwrap().modified().unwrap();
    let mut content = fs::read(path).unwrap();
    let middle = content.len() / 4..content.len() * 3 / 4;
    content[middle].fill(0x5a);
    // The JVM makes its archive read-only.
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
    File::options().append(true).open(path).unwrap().set_modified(written).unwrap();
}

/// What a look at sizes shows: a missing jar, a shortened archive, a lost file of the data folder, work that a killed kgrade left.
#[tokio::test]
async fn missing_and_shortened_files_are_replaced_before_the_start() {
    let (cache, host) = cache("damage-sizes");
    let (context, _) = watched(host.clone());
    start_private(&context).await.unwrap().stop().await;
    let kafka = cache.join("kafka");
    fs::remove_file(find(&kafka, "kafka-clients-4.3.1.jar")).unwrap();
    let archive = find(&kafka, "classes.jsa");
    let content = fs::read(&archive).unwrap();
    fs::remove_file(&archive).unwrap();
    fs::write(&archive, &content[..content.len() / 2]).unwrap();
    fs::remove_file(find(&kafka, "meta.properties")).unwrap();
    fs::create_dir_all(kafka.join("tmp-left-behind/image")).unwrap();

    let (context, steps) = watched(host);
    let cluster = start_private(&context).await.unwrap();
    assert!(uses_archive(cluster.pid().unwrap()));
    assert!(steps.any("fetching Apache Kafka") && steps.any("preparing"), "{:?}", steps.begun());
    assert!(!names(&kafka).iter().any(|name| name.starts_with("tmp-")), "{:?}", names(&kafka));
}

/// What sizes and times do not show: the broker ends at once, so everything doubtful is made anew.
#[tokio::test]
async fn a_jar_with_other_content_is_replaced_after_the_failed_start() {
    let (cache, host) = cache("damage-content");
    let (context, _) = watched(host.clone());
    start_private(&context).await.unwrap().stop().await;
    let kafka = cache.join("kafka");
    let jar = find(&kafka, "kafka-server-4.3.1.jar");
    let good = fs::read(&jar).unwrap();
    corrupt(&jar);
    corrupt(&find(&kafka, "classes.jsa"));
    let (context, steps) = watched(host);
    let cluster = start_private(&context).await.unwrap();
    assert_eq!(cluster.health(), Health::Running);
    assert!(uses_archive(cluster.pid().unwrap()));
    assert!(steps.any("fetching Apache Kafka"), "{:?}", steps.begun());
    assert!(fs::read(&jar).unwrap() == good, "the jar is what it was");
}

#[tokio::test]
async fn a_damaged_archive_alone_does_not_stop_a_run() {
    let (cache, host) = cache("damage-archive");
    let (context, _) = watched(host.clone());
    start_private(&context).await.unwrap().stop().await;
    corrupt(&find(&cache.join("kafka"), "classes.jsa"));
    let (context, _) = watched(host);
    let cluster = start_private(&context).await.unwrap();
    assert_eq!(cluster.health(), Health::Running);
}
