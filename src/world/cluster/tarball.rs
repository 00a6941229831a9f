//! Fetching Kafka's jars from the release tarball, which must match the SHA-512 published beside it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha512};

use super::cache::Scratch;
use super::error::ClusterError;
use super::jars::{VERSION, is_needed};
use super::manifest::hex;
use super::work::{Tried, Work};

/// More than any release has, so that a wrong server cannot fill the disk.
const MAX_TARBALL: u64 = 1 << 30;
const MAX_JAR: u64 = 1 << 28;

/// How long a server may send nothing in the middle of a file.
const SILENCE: Duration = Duration::from_secs(60);

/// Why one server did not give a usable tarball.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Http(#[from] ureq::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("its SHA-512 is {found}, but {expected} was published: it is incomplete or was changed")]
    Digest { expected: String, found: String },
    #[error("the published SHA-512 is not one: `{0}`")]
    NoDigest(String),
    #[error("it has an entry outside of its own folder: `{0}`")]
    Traversal(String),
    #[error("it sent nothing for {} s", SILENCE.as_secs())]
    Silent,
    #[error("it is larger than a Kafka release can be")]
    TooLarge,
    #[error(transparent)]
    Stop(#[from] ClusterError),
}

/// Downloads the tarball and unpacks its jars into `libs`. The inner error says why that was not possible.
pub fn fetch(work: &Work, scratch: &Scratch, libs: &Path) -> Tried<()> {
    let mut reasons = Vec::new();
    for base in bases(work) {
        let url = format!("{}/kafka_2.13-{VERSION}.tgz", base.trim_end_matches('/'));
        work.progress().begin(&format!("fetching Apache Kafka {VERSION} from {}", host_of(&base)));
        let fetched = one(work, &url, &scratch.path().join("kafka.tgz"), libs);
        work.progress().end();
        match fetched {
            Ok(()) => return Ok(Ok(())),
            Err(Refusal::Stop(stop)) => return Err(stop),
            Err(refusal) => reasons.push(format!("{}: {refusal}", shown(&url))),
        }
    }
    Ok(Err(format!("the release tarball: {}", reasons.join("\n"))))
}

fn bases(work: &Work) -> Vec<String> {
    match &work.context().host.kafka_url {
        Some(url) => vec![url.clone()],
        // The first has only the current releases, the second all of them.
        None => {
            ["https://downloads.apache.org", "https://archive.apache.org/dist"].map(|server| format!("{server}/kafka/{VERSION}")).into()
        }
    }
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The address as it may be shown: a mirror's may carry a password.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    format!("{scheme}://{}/{path}", host_of(url))
}

fn one(work: &Work, url: &str, tarball: &Path, libs: &Path) -> Result<(), Refusal> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .into();
    // The small file first: without it the large one is of no use.
    let published = agent.get(format!("{url}.sha512")).call()?.body_mut().with_config().limit(4096).read_to_string()?;
    let expected = published_digest(&published).ok_or_else(|| Refusal::NoDigest(published.chars().take(80).collect()))?;
    let found = download(work, &agent, url, tarball)?;
    if found != expected {
        return Err(Refusal::Digest { expected, found });
    }
    unpack(tarball, libs)?;
    fs::remove_file(tarball)?;
    Ok(())
}

/// Streams `url` into a file and returns its SHA-512 in hex.
fn download(work: &Work, agent: &ureq::Agent, url: &str, file: &Path) -> Result<String, Refusal> {
    let response = agent.get(url).call()?;
    let total = response.body().content_length();
    let chunks = chunks(response.into_body());
    let mut output = File::create(file)?;
    let mut hasher = Sha512::new();
    let mut done = 0;
    let mut heard = Instant::now();
    loop {
        work.check()?;
        match chunks.recv_timeout(Duration::from_millis(100)) {
            Ok(chunk) => {
                let chunk = chunk?;
                hasher.update(&chunk);
                output.write_all(&chunk)?;
                done += chunk.len() as u64;
                heard = Instant::now();
                work.progress().bytes(done, total);
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() < SILENCE => {}
            Err(RecvTimeoutError::Timeout) => return Err(Refusal::Silent),
            Err(RecvTimeoutError::Disconnected) => return Ok(hex(&hasher.finalize())),
        }
    }
}

/// Reads the body on a thread of its own, so that a server that falls silent holds up neither an interruption nor the next server.
fn chunks(body: ureq::Body) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(16);
    std::thread::spawn(move || {
        let mut body = body.into_with_config().limit(MAX_TARBALL).reader();
        loop {
            let mut chunk = vec![0; 64 * 1024];
            let read = body.read(&mut chunk);
            let last = !matches!(read, Ok(count) if count > 0);
            let message = read.map(|count| {
                chunk.truncate(count);
                chunk
            });
            if sender.send(message).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// The digest in a `.sha512` file: `<hex>  <name>`, or Apache's `<name>: <HEX in groups, over several lines>`.
fn published_digest(text: &str) -> Option<String> {
    let digits = match text.split_once(':') {
        Some((_, groups)) => groups.split_whitespace().collect::<String>(),
        None => text.split_whitespace().next()?.to_owned(),
    };
    (digits.len() == 128 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

/// Unpacks `<folder>/libs/*.jar`, nothing else, and refuses a tarball that points outside of its folder.
fn unpack(tarball: &Path, libs: &Path) -> Result<(), Refusal> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(tarball)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let parts: Vec<_> = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
        if parts.iter().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(Refusal::Traversal(path.display().to_string()));
        }
        let [_, folder, Component::Normal(name)] = parts.as_slice() else { continue };
        let jar = name.to_string_lossy();
        if folder.as_os_str() != "libs" || !entry.header().entry_type().is_file() || !is_needed(&jar) {
            continue;
        }
        if entry.size() > MAX_JAR {
            return Err(Refusal::TooLarge);
        }
        io::copy(&mut entry, &mut File::create(libs.join(name))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_a_published_digest() {
        let hex = "0123456789abcdef".repeat(8);
        assert_eq!(published_digest(&format!("{hex}  kafka.tgz\n")), Some(hex.clone()));
        let groups =
            hex.to_uppercase().as_bytes().chunks(8).map(|group| std::str::from_utf8(group).unwrap().to_owned()).collect::<Vec<_>>();
        let apache = format!("kafka.tgz: {}\n           {}\n", groups[..8].join(" "), groups[8..].join(" "));
        assert_eq!(published_digest(&apache), Some(hex));
        assert_eq!(published_digest("<html>not found</html>"), None);
        assert_eq!(published_digest(""), None);
    }

    fn tarball(entries: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("t.tgz")).unwrap();
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            // `set_path` would refuse the hostile names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        fs::create_dir(folder.path().join("libs")).unwrap();
        folder
    }

    #[test]
    fn takes_only_the_jars_of_libs() {
        let folder = tarball(&[
            ("k/libs/a.jar", "a"),
            ("k/bin/b.jar", "b"),
            ("k/libs/c.txt", "c"),
            ("k/libs/d/e.jar", "e"),
            ("k/libs/rocksdbjni-1.jar", "r"),
        ]);
        let libs = folder.path().join("libs");
        unpack(&folder.path().join("t.tgz"), &libs).unwrap();
        let names: Vec<_> = fs::read_dir(&libs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.jar"]);
    }

    #[test]
    fn refuses_an_entry_outside_of_the_folder() {
        for name in ["k/libs/../../evil.jar", "/etc/evil.jar", "../evil.jar"] {
            let folder = tarball(&[(name, "evil")]);
            let refusal = unpack(&folder.path().join("t.tgz"), &folder.path().join("libs")).unwrap_err();
            assert!(matches!(refusal, Refusal::Traversal(_)), "{name}: {refusal}");
        }
    }

    #[test]
    fn a_mirror_is_named_without_its_password() {
        assert_eq!(host_of("https://me:secret@mirror.example:8443/kafka/4.3.1"), "mirror.example:8443");
        assert_eq!(shown("https://me:secret@mirror.example:8443/kafka/4.3.1"), "https://mirror.example:8443/kafka/4.3.1");
        assert_eq!(shown("http://127.0.0.1:80/a"), "http://127.0.0.1:80/a");
    }
}
