//! Hears that something happened in a folder. What, is looked up: editors save in many ways, and most of what happens is nobody's business.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify_debouncer_full::notify::event::{AccessKind, AccessMode};
use notify_debouncer_full::notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, NoCache, new_debouncer_opt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// What happens to a file within this time is one thing: editors write a file beside the old one and then give it its name.
const TOGETHER: Duration = Duration::from_millis(40);
/// How often it is looked what is over.
const TICK: Duration = Duration::from_millis(10);
/// A save of several files is over when so long nothing more happens.
const QUIET: Duration = Duration::from_millis(30);
/// What never rests (a checkout of many files, a program that writes a log) is looked at after so long all the same.
const LONGEST: Duration = Duration::from_secs(1);

/// Listens to a folder and what is below it.
pub struct Listener {
    folder: PathBuf,
    told: mpsc::UnboundedSender<()>,
    heard: mpsc::UnboundedReceiver<()>,
    /// The first and the last thing that happened since it was last said that something did.
    stirred: Option<(Instant, Instant)>,
    system: Option<(Identity, Debouncer<RecommendedWatcher, NoCache>)>,
}

/// What tells a folder from one that was made later in its place; the number alone may be given again.
type Identity = (u64, u64, Option<SystemTime>);

impl Listener {
    /// Listens to a folder.
    pub fn of(folder: &Path) -> Self {
        let (told, heard) = mpsc::unbounded_channel();
        let mut listener = Self { folder: folder.to_owned(), told, heard, stirred: None, system: None };
        listener.renew();
        listener
    }

    /// Whether the system tells of changes. Where it cannot (too many folders, a file system of another machine), somebody has to look.
    pub fn is_told(&self) -> bool {
        self.system.is_some()
    }

    /// Begins again when the folder is another one now, or was not there before.
    pub fn renew(&mut self) {
        let Ok(known) = fs::metadata(&self.folder) else {
            self.system = None;
            return;
        };
        let identity = (known.dev(), known.ino(), known.created().ok());
        if self.system.as_ref().is_some_and(|(old, _)| *old == identity) {
            return;
        }
        let told = self.told.clone();
        let hear = move |events: DebounceEventResult| {
            if events.map_or(true, |events| events.iter().any(|event| matters(event))) {
                _ = told.send(());
            }
        };
        let made = new_debouncer_opt::<_, RecommendedWatcher, _>(TOGETHER, Some(TICK), hear, NoCache, Config::default());
        self.system = made.ok().and_then(|mut system| {
            system.watch(&self.folder, RecursiveMode::Recursive).ok()?;
            Some((identity, system))
        });
        _ = self.told.send(());
    }

    /// Waits until something happened, and it is over. May be asked again when it was not waited for to the end.
    pub async fn heard(&mut self) {
        loop {
            let heard = match self.stirred {
                None => self.heard.recv().await,
                Some((first, last)) => match timeout_at((last + QUIET).min(first + LONGEST), self.heard.recv()).await {
                    Ok(heard) => heard,
                    Err(_) => {
                        self.stirred = None;
                        return;
                    }
                },
            };
            if heard.is_none() {
                std::future::pending::<()>().await;
            }
            let now = Instant::now();
            self.stirred = Some((self.stirred.map_or(now, |(first, _)| first), now));
        }
    }
}

/// Whether a file may be another one after it. Reading is none of that: kgrade itself reads when it looks.
fn matters(event: &Event) -> bool {
    let reads = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    event.need_rescan() || !reads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_no_change() {
        let of = |kind| matters(&Event::new(kind));
        assert!(!of(EventKind::Access(AccessKind::Open(AccessMode::Any))) && !of(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(of(EventKind::Access(AccessKind::Close(AccessMode::Write))) && of(EventKind::Any));
    }

    #[tokio::test]
    async fn a_folder_that_is_made_again_is_heard_again() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("work");
        fs::create_dir(&folder).unwrap();
        let mut listener = Listener::of(&folder);
        listener.heard().await;
        fs::write(folder.join("a"), "1").unwrap();
        listener.heard().await;
        fs::remove_dir_all(&folder).unwrap();
        listener.renew();
        assert!(!listener.is_told());
        fs::create_dir(&folder).unwrap();
        listener.renew();
        listener.heard().await;
        fs::write(folder.join("a"), "1").unwrap();
        listener.heard().await;
    }

    #[tokio::test(start_paused = true)]
    async fn saves_in_a_row_are_one_and_one_that_never_ends_is_told_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut listener = Listener::of(&folder.path().join("not there"));
        let (told, began) = (listener.told.clone(), Instant::now());
        let restless = tokio::spawn(async move {
            loop {
                _ = told.send(());
                tokio::time::sleep(QUIET / 2).await;
            }
        });
        // Somebody looks away while it waits, as `select!` does.
        _ = tokio::time::timeout(QUIET, listener.heard()).await;
        listener.heard().await;
        let took = began.elapsed();
        restless.abort();
        assert!((LONGEST..LONGEST * 2).contains(&took), "{took:?}");
    }
}
