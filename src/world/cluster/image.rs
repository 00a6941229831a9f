//! What makes the broker's start quick: a CDS archive of its classes, and a data folder that has the internal topics already.
//! Both are made once for each pair of Java and Kafka, and kept in the cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::boot::{Boot, Booted, boot};
use super::cache::{CacheLock, Scratch};
use super::error::ClusterError;
use super::exercise::exercise;
use super::manifest::{Manifest, Times, hex, written};
use super::node::{Archive, BootFailure, Recipe};
use super::patience::Patience;
use super::probe::Probe;
use super::work::{Work, end_group, tail};
use crate::world::access::{Access, Credentials};
use crate::world::folder;

/// Changes whenever images made by an older kgrade must not be used any more.
const FORMAT: u32 = 3;

/// How many images are kept: several Javas on one machine are usual, a dozen are not.
const KEPT: usize = 4;

/// A finished image in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    folder: PathBuf,
    archive: Option<PathBuf>,
    /// When it was written: another kgrade may put a new one in its place.
    written: u128,
}

impl Image {
    /// The image for this recipe, made when it is not in the cache or damaged.
    ///
    /// # Errors
    /// When the broker cannot be run, or the cache not be written.
    pub fn get(work: &Work, recipe: &Recipe) -> Result<Self, ClusterError> {
        if let Some(colon) = recipe.jars.files.iter().find(|jar| jar.to_string_lossy().contains(':')) {
            return Err(ClusterError::Colon { path: colon.clone() });
        }
        let target = images(work).join(key(recipe)?);
        if let Some(image) = Self::open(&target) {
            Manifest::used(&target);
            return Ok(image);
        }
        let lock = work.context().cache.lock(work)?;
        if let Some(image) = Self::open(&target) {
            return Ok(image);
        }
        work.progress().begin("preparing Kafka's first start");
        let made = make(work, &lock, recipe, &target);
        work.progress().end();
        made?;
        prune(work, &lock)?;
        Self::open(&target).ok_or_else(|| ClusterError::Prepare {
            reason: "the result disappeared".to_owned(),
            log_tail: String::new(),
            cache: images(work),
        })
    }

    /// Fills a folder for each node of a cluster of several, `folder/node-1/data`, …, with data that no broker has used. Gives back the
    /// cluster's id and the nodes' folders. What an earlier try left there goes away.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn stamp_nodes(&self, folder: &Path, nodes: u32) -> Result<(String, Vec<PathBuf>), ClusterError> {
        let id = new_id();
        let stamp = |node: u32| {
            let own = folder.join(format!("node-{node}"));
            let data = own.join("data");
            let filled =
                folder::remove(&own).and_then(|()| fs::create_dir(&own)).and_then(|()| copy(&self.folder.join("formatted"), &data));
            // Each log folder has an id of its own, by which the controller knows it.
            let identity = [("cluster.id", id.clone()), ("node.id", node.to_string()), ("directory.id", new_id())];
            filled.and_then(|()| identify(&data, &identity)).map_err(ClusterError::folder("fill", &data)).map(|()| own)
        };
        let folders = (1..=nodes).map(stamp).collect::<Result<_, _>>()?;
        Ok((id, folders))
    }

    fn open(folder: &Path) -> Option<Self> {
        let archive = folder.join("classes.jsa");
        let written = written(&fs::metadata(folder).ok()?);
        Manifest::is_intact(folder).then(|| Self { folder: folder.to_owned(), archive: archive.exists().then_some(archive), written })
    }

    /// The CDS archive; some Javas cannot make one.
    #[must_use]
    pub fn archive_file(&self) -> Option<&Path> {
        self.archive.as_deref()
    }

    /// Whether it is still in the cache: another kgrade may have thrown it away, or put a new one in its place.
    #[must_use]
    pub fn is_there(&self) -> bool {
        fs::metadata(&self.folder).is_ok_and(|there| written(&there) == self.written)
    }

    /// Forgets the image, unless another kgrade did so already: of many that find one damaged, the first renews it for all.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn discard(&self, work: &Work, lock: &CacheLock) -> Result<(), ClusterError> {
        if self.is_there() { work.context().cache.discard(work, lock, &self.folder) } else { Ok(()) }
    }

    /// Copies the data folder to `folder/data` and gives the copy a cluster id of its own, which it returns.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn stamp(&self, folder: &Path) -> Result<String, ClusterError> {
        let data = folder.join("data");
        let id = new_id();
        copy(&self.folder.join("data"), &data)
            .and_then(|()| identify(&data, &[("cluster.id", id.clone())]))
            .map_err(ClusterError::folder("fill", &data))?;
        Ok(id)
    }
}

fn images(work: &Work) -> PathBuf {
    work.context().cache.kafka().join("images")
}

/// Names everything that an image depends on. The JVM refuses an archive made for jars with other times.
fn key(recipe: &Recipe) -> Result<String, ClusterError> {
    let mut hasher = Sha256::new();
    hasher.update(format!("{FORMAT}\n{}\n", recipe.java.identity));
    for jar in &recipe.jars.files {
        let meta = fs::metadata(jar).map_err(ClusterError::folder("read", jar))?;
        hasher.update(format!("{} {} {}\n", jar.display(), meta.len(), written(&meta)));
    }
    Ok(hex(&hasher.finalize()).chars().take(16).collect())
}

/// Boots twice: once to learn which classes a broker loads while clients work with it, once to make the internal topics in a
/// data folder that no client has written to.
fn make(work: &Work, lock: &CacheLock, recipe: &Recipe, target: &Path) -> Result<(), ClusterError> {
    let scratch = work.context().cache.scratch(work, lock)?;
    let part = scratch.path().join("image");
    let first = scratch.path().join("first");
    let second = scratch.path().join("second");
    for folder in [&part, &first, &second] {
        fs::create_dir(folder).map_err(ClusterError::folder("create", folder))?;
    }
    let id = new_id();
    format(work, recipe, &first, &id)?;
    for target in [second.join("data"), part.join("formatted")] {
        copy(&first.join("data"), &target).map_err(ClusterError::folder("fill", &target))?;
    }

    let archive = part.join("classes.jsa");
    // The archive holds also what letting the grader in needs.
    let credentials = Credentials::drawn();
    let booted = run(work, recipe, &scratch, &first, Archive::Make(&archive), &id, &credentials)?;
    exercise(work, &access(&booted, &credentials))?;
    booted.node.terminate(work, Duration::from_secs(120))?;

    let archive = if archive.exists() { Archive::Use(&archive) } else { Archive::None };
    let booted = run(work, recipe, &scratch, &second, archive, &id, &credentials)?;
    make_internal_topics(work, booted.node.pid(), &access(&booted, &credentials))?;
    booted.node.terminate(work, Duration::from_secs(60))?;
    drop(booted);

    let data = part.join("data");
    fs::rename(second.join("data"), &data).map_err(ClusterError::folder("write", &data))?;
    Manifest::write(&part, Times::Matter).map_err(ClusterError::folder("write", &part))?;
    scratch.install(&part, target)
}

fn access(booted: &Booted, credentials: &Credentials) -> Access {
    Access { bootstrap: format!("127.0.0.1:{}", booted.ports.admin), credentials: Some(credentials.clone()) }
}

fn run(
    work: &Work,
    recipe: &Recipe,
    scratch: &Scratch,
    folder: &Path,
    archive: Archive<'_>,
    id: &str,
    credentials: &Credentials,
) -> Result<Booted, ClusterError> {
    let overrides = IndexMap::new();
    let request = Boot { cluster_id: id, learner: None, advertised: &[], credentials: Some(credentials), overrides: &overrides };
    boot(work, recipe, folder, archive, request).map_err(|failure| match failure {
        BootFailure::Stop(error) => error,
        BootFailure::PortTaken => ClusterError::NoPorts { tries: 1 },
        BootFailure::Settings(log_tail) => ClusterError::Settings { log_tail },
        BootFailure::Died(reason, log_tail) | BootFailure::Silent(reason, log_tail) => {
            let cache = scratch.path().parent().unwrap_or(scratch.path()).to_owned();
            ClusterError::Prepare { reason, log_tail, cache }
        }
    })
}

/// Runs Kafka's own StorageTool.
fn format(work: &Work, recipe: &Recipe, folder: &Path, id: &str) -> Result<(), ClusterError> {
    let config = folder.join("server.properties");
    let text = "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:1\nlisteners=ADMIN://127.0.0.1:2,CONTROLLER://127.0.0.1:1\n\
                listener.security.protocol.map=ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT\ncontroller.listener.names=CONTROLLER\n\
                inter.broker.listener.name=ADMIN\nlog.dirs=data\n";
    fs::write(&config, text).map_err(ClusterError::folder("write", &config))?;
    let mut command = recipe.command(folder, Archive::None, "kafka.tools.StorageTool")?;
    command.args(["format", "--cluster-id", id, "--config", "server.properties"]);
    let mut child = command.spawn().map_err(ClusterError::folder("start", &recipe.java.program))?;
    let lease = work.guard().process_group(child.id());
    let patience = Patience::new(Duration::from_secs(60));
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if !patience.is_over(child.id()) => {
                if let Err(stop) = work.pause(Duration::from_millis(10)) {
                    end_group(&mut child);
                    return Err(stop);
                }
            }
            _ => break None,
        }
    };
    end_group(&mut child);
    drop(lease);
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let reason = "Kafka's storage tool failed".to_owned();
    Err(ClusterError::Prepare { reason, log_tail: tail(&folder.join("broker.log"), 15), cache: work.context().cache.kafka() })
}

fn make_internal_topics(work: &Work, broker: u32, admin: &Access) -> Result<(), ClusterError> {
    let patience = Patience::new(Duration::from_secs(60));
    for kind in [0, 1] {
        loop {
            let probe =
                Probe::connect(&admin.bootstrap, Duration::from_secs(5)).and_then(|probe| probe.sign_in(admin.credentials.as_ref()));
            let there = probe.and_then(|mut probe| probe.has_coordinator(kind));
            match there {
                Ok(true) => break,
                Ok(false) | Err(_) if !patience.is_over(broker) => work.pause(Duration::from_millis(20))?,
                other => {
                    let reason = format!("its internal topics did not appear ({other:?})");
                    return Err(ClusterError::Prepare { reason, log_tail: String::new(), cache: work.context().cache.kafka() });
                }
            }
        }
    }
    Ok(())
}

/// Removes the oldest images beyond the number that is kept.
fn prune(work: &Work, lock: &CacheLock) -> Result<(), ClusterError> {
    let Ok(entries) = fs::read_dir(images(work)) else { return Ok(()) };
    let mut images: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.metadata().ok()?.modified().ok()?, path))
        })
        .collect();
    images.sort();
    let surplus = images.len().saturating_sub(KEPT);
    for (_, image) in images.into_iter().take(surplus) {
        work.context().cache.discard(work, lock, &image)?;
    }
    Ok(())
}

/// A random id in the form of Kafka's own.
pub(super) fn new_id() -> String {
    let mut bytes: [u8; 16] = rand::random();
    // As in Kafka, none starts with a dash: it would be taken for an option.
    bytes[0] &= 0x7f;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Writes other ids into `meta.properties` of a data folder, the only place that has them.
fn identify(data: &Path, ids: &[(&str, String)]) -> io::Result<()> {
    let file = data.join("meta.properties");
    let text = fs::read_to_string(&file)?;
    let line = |line: &str| {
        let key = line.split_once('=').map_or(line, |(key, _)| key);
        ids.iter().find(|(known, _)| *known == key).map_or_else(|| format!("{line}\n"), |(key, id)| format!("{key}={id}\n"))
    };
    fs::write(&file, text.lines().map(line).collect::<String>())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::world::cluster::{CacheDir, ClusterContext, Host};
    use crate::world::guard::Guard;
    use crate::world::progress::Silent;

    #[test]
    fn a_copy_of_the_data_is_a_cluster_of_its_own() {
        let cache = tempfile::tempdir().unwrap();
        let data = cache.path().join("data");
        fs::create_dir_all(data.join("__consumer_offsets-0")).unwrap();
        fs::write(data.join("meta.properties"), "#\nnode.id=1\ncluster.id=old\nversion=1\n").unwrap();
        fs::write(data.join("__consumer_offsets-0/0.log"), "x").unwrap();
        let image = Image { folder: cache.path().to_owned(), archive: None, written: 0 };
        let run = tempfile::tempdir().unwrap();
        let id = image.stamp(run.path()).unwrap();
        assert_eq!(id.len(), 22);
        let meta = fs::read_to_string(run.path().join("data/meta.properties")).unwrap();
        assert_eq!(meta, format!("#\nnode.id=1\ncluster.id={id}\nversion=1\n"));
        assert_eq!(fs::read(run.path().join("data/__consumer_offsets-0/0.log")).unwrap(), b"x");
        let original = fs::read_to_string(data.join("meta.properties")).unwrap();
        assert!(original.contains("cluster.id=old"), "the image stays as it is");
    }

    #[test]
    fn each_node_has_an_identity_of_its_own_in_one_cluster() {
        let cache = tempfile::tempdir().unwrap();
        let formatted = cache.path().join("formatted");
        fs::create_dir(&formatted).unwrap();
        fs::write(formatted.join("meta.properties"), "#\nnode.id=1\ndirectory.id=one\ncluster.id=old\nversion=1\n").unwrap();
        let image = Image { folder: cache.path().to_owned(), archive: None, written: 0 };
        let run = tempfile::tempdir().unwrap();
        fs::create_dir_all(run.path().join("node-2/data/left-from-an-earlier-try")).unwrap();
        let (id, nodes) = image.stamp_nodes(run.path(), 3).unwrap();
        let metas: Vec<_> = nodes.iter().map(|node| fs::read_to_string(node.join("data/meta.properties")).unwrap()).collect();
        let directory = |meta: &str| meta.lines().find_map(|line| line.strip_prefix("directory.id=").map(str::to_owned)).unwrap();
        for (meta, node) in metas.iter().zip(1..) {
            assert_eq!(*meta, format!("#\nnode.id={node}\ndirectory.id={}\ncluster.id={id}\nversion=1\n", directory(meta)));
        }
        assert_ne!(directory(&metas[0]), directory(&metas[1]));
        assert!(!run.path().join("node-2/data/left-from-an-earlier-try").exists());
    }
    #[test]
    fn of_many_who_find_an_image_damaged_the_first_renews_it_for_all() {
        let cache = tempfile::tempdir().unwrap();
        let context =
            ClusterContext { cache: CacheDir::new(cache.path()), host: Host::from_env(), guard: Guard::none(), progress: Arc::new(Silent) };
        let work = Work::new(context);
        let lock = work.context().cache.lock(&work).unwrap();
        let target = images(&work).join("image");
        let make = |second: u64| {
            fs::create_dir_all(&target).unwrap();
            fs::write(target.join("classes.jsa"), "x").unwrap();
            Manifest::write(&target, Times::Matter).unwrap();
            // Making one takes seconds; here the file system's clock might not have moved.
            fs::File::open(&target).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
            Image::open(&target).unwrap()
        };
        let (mine, theirs) = (make(1), Image::open(&target).unwrap());
        mine.discard(&work, &lock).unwrap();
        assert!(!target.exists());
        let renewed = make(2);
        theirs.discard(&work, &lock).unwrap();
        assert_eq!(Image::open(&target), Some(renewed.clone()), "it is not the one that was damaged");
        renewed.discard(&work, &lock).unwrap();
        assert!(!target.exists());
    }
}
