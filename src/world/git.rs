//! What git knows of a folder that somebody else made.
//!
//! The repository may be a learner's, with a configuration of theirs: only plumbing that starts no other program is asked (`git log` may run a
//! `gpg.program`), nothing is fetched, and git is held to limits: a named pipe in place of `HEAD` would make it wait for ever.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long git may take for an answer; usually it is some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes: a commit object begins with what is wanted, and its message may be endless.
const MOST: u64 = 64 << 10;
/// Address space that git gets, in bytes.
const MEMORY: u64 = 2 << 30;

/// The commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name, in hexadecimal digits.
    pub commit: String,
    /// When it was made, by the clock of who made it, in seconds since 1970-01-01 UTC.
    pub committed_at: Option<u64>,
}

/// The commit that is checked out in a folder, or in the repository that the folder is a part of; none where git knows none, or does not answer.
pub async fn head(folder: &Path) -> Option<Head> {
    let commit = ask(folder, &["rev-parse", "HEAD"]).await?.trim().to_owned();
    if !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let committed_at = ask(folder, &["cat-file", "commit", &commit]).await.as_deref().and_then(committed);
    Some(Head { commit, committed_at })
}

async fn ask(folder: &Path, words: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // Large packs are looked into piece by piece, so that they fit into the memory that git gets.
    git.args(["-c", "protocol.allow=never", "-c", "core.packedGitWindowSize=32m", "-c", "core.packedGitLimit=256m", "-C"])
        .arg(folder)
        .args(words);
    git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut git = git.kill_on_drop(true).spawn().ok()?;
    limit(&git);
    let mut said = Vec::new();
    let answer = async {
        git.stdout.take()?.take(MOST).read_to_end(&mut said).await.ok()?;
        // Of what is longer the rest is not waited for.
        let is_cut = said.len() as u64 == MOST;
        (is_cut || git.wait().await.ok()?.success()).then_some(())
    };
    let answered = timeout(PATIENCE, answer).await;
    if answered.is_err() {
        tracing::warn!(folder = %folder.display(), ?words, "git did not answer in {} s; its commit is not told", PATIENCE.as_secs());
    }
    answered.ok()??;
    Some(String::from_utf8_lossy(&said).into_owned())
}

#[cfg(target_os = "linux")]
fn limit(git: &Child) {
    let pid = git.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    // It may have ended already.
    let _ = pid.map(|pid| rustix::process::prlimit(Some(pid), Resource::As, limit));
}

/// Only Linux can limit a process that runs.
#[cfg(not(target_os = "linux"))]
fn limit(_git: &Child) {}

/// The committer's time in a commit object. The message comes after the first empty line, and may say anything.
fn committed(object: &str) -> Option<u64> {
    let line = object.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with("committer "))?;
    line.rsplit(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_commit() {
        let object = "tree 1\nparent 2\nauthor A <a@b> 5 +0000\ncommitter Ada L <a@b> 1764547200 +0100\n\ncommitter X <x@y> 7 +0000\n";
        assert_eq!(committed(object), Some(1_764_547_200));
        assert_eq!(committed("tree 1\n\ncommitter X <x@y> 7 +0000\n"), None, "that is the message");
    }

    fn git(folder: &Path, words: &[&str]) -> bool {
        let person = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut git = std::process::Command::new("git");
        git.arg("-C").arg(folder).args(person).args(words).output().unwrap().status.success()
    }

    #[tokio::test]
    async fn a_configuration_of_the_learner_starts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(git(folder.path(), &["init", "-q"]));
        assert_eq!(head(folder.path()).await, None, "there is no commit yet");
        assert!(git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "x"]));
        let trap = folder.path().join("trap");
        for key in ["gpg.program", "core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand"] {
            assert!(git(folder.path(), &["config", key, &format!("touch {}; true", trap.display())]));
        }
        assert!(git(folder.path(), &["config", "log.showSignature", "true"]));
        let head = head(folder.path()).await.unwrap();
        assert!(head.commit.len() == 40 && head.committed_at.is_some_and(|at| at > 1_700_000_000));
        assert!(!trap.exists(), "git ran a program of the learner's");
    }

    #[tokio::test]
    async fn a_long_message_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let message = folder.path().join("message");
        std::fs::write(&message, "word ".repeat(100_000)).unwrap();
        assert!(git(folder.path(), &["init", "-q"]));
        assert!(git(folder.path(), &["commit", "-q", "--allow-empty", "-F", message.to_str().unwrap()]));
        assert!(head(folder.path()).await.unwrap().committed_at.is_some());
    }
}
