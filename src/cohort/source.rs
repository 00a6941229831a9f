//! Fetches a submission from its git repository.
//!
//! Address and commit may come from a table that learners filled in, and the repository is theirs: git gets no option from them, runs
//! no program of theirs, and is held to limits of time and space.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::roster::{Repository, Source};

/// How long fetching may take, and how much it may bring.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for all of it.
    pub time: Duration,
    /// Bytes in the folder, the history included.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(180), bytes: 512 << 20 }
    }
}

/// How often the size of the folder is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How much of what git says is kept, in bytes.
const SAID: u64 = 16 << 10;

/// The schemes of addresses on other machines.
const SCHEMES: [&str; 4] = ["https://", "http://", "ssh://", "git://"];

/// Says what is wrong with an address.
///
/// # Errors
/// When git could take it for something else than the address of a repository on another machine.
pub fn check_url(url: &str) -> Result<(), String> {
    let shown = masked(url);
    let refused = |why: &str| Err(format!("the url `{shown}` {why}"));
    if !url.chars().all(|sign| sign.is_ascii_graphic()) {
        return refused("holds spaces, or signs that no address has");
    }
    if url.contains("::") {
        return refused("names a helper program; write https://… or user@host:path");
    }
    let host = match SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)) {
        Some(rest) => rest.split('/').next().unwrap_or_default(),
        None => match url.split_once(':') {
            Some((host, path)) if host.contains('@') && !host.contains('/') && !path.is_empty() && !path.starts_with('/') => host,
            _ => return refused("is no address on another machine; write https://… or user@host:path, and a folder in the column `path`"),
        },
    };
    let name = host.rsplit('@').next().unwrap_or_default();
    // ssh would take a host or a user with a dash before it for an option.
    if name.is_empty() || name.starts_with(['-', ':']) || host.starts_with('-') {
        return refused("has no host that can be meant");
    }
    Ok(())
}

/// Says what is wrong with a commit: a hash, the name of a branch or of a tag.
///
/// # Errors
/// When git could take it for something else.
pub fn check_commit(commit: &str) -> Result<(), String> {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '/' | '-');
    let fine = !commit.is_empty()
        && commit.len() <= 200
        && commit.chars().all(plain)
        && commit.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !commit.contains("..")
        && !commit.ends_with(['/', '.']);
    let shown: String = crate::outcome::sanitize::terminal(commit).chars().take(60).collect();
    if fine { Ok(()) } else { Err(format!("the commit `{shown}` is neither a hash nor the name of a branch or tag")) }
}

/// An address without the password that may stand in it.
#[must_use]
pub fn masked(url: &str) -> String {
    let clean: String = crate::outcome::sanitize::terminal(url).replace('\n', "\\n").chars().take(200).collect();
    match clean.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((person, place)) if !person.contains('/') => format!("{scheme}://…@{place}"),
            _ => clean,
        },
        None => clean,
    }
}

impl Source {
    /// The folder with the work: as it is, or fetched into `into`, which must not be there yet.
    ///
    /// # Errors
    /// When it is not there, cannot be fetched, or is over a limit; the error says so for the instructor.
    pub async fn fetch(&self, into: &Path, limits: Limits) -> Result<PathBuf> {
        match self {
            Self::Folder(folder) => {
                if !folder.is_dir() {
                    bail!("there is no folder {}", folder.display());
                }
                Ok(folder.clone())
            }
            Self::Git { from, commit } => {
                let (url, shown) = match from {
                    Repository::Remote(url) => (url.clone(), masked(url)),
                    Repository::Local(path) => {
                        let path = path.canonicalize().with_context(|| format!("there is no repository {}", path.display()))?;
                        (format!("file://{}", path.display()), path.display().to_string())
                    }
                };
                let git = Git { folder: into, local: matches!(from, Repository::Local(_)), limits, until: Instant::now() + limits.time };
                // What git says may repeat the address, with the password in it.
                let fetched =
                    git.fetch(&url, commit.as_deref()).await.map_err(|error| anyhow!("{}", format!("{error:#}").replace(&url, &shown)));
                fetched.with_context(|| format!("fetch {shown}"))?;
                Ok(into.to_owned())
            }
        }
    }
}

struct Git<'a> {
    folder: &'a Path,
    local: bool,
    limits: Limits,
    until: Instant,
}

impl Git<'_> {
    async fn fetch(&self, url: &str, commit: Option<&str>) -> Result<()> {
        std::fs::create_dir(self.folder).with_context(|| format!("make {}", self.folder.display()))?;
        self.run(false, &["init", "-q", "--template="]).await?;
        let one = ["fetch", "-q", "--no-tags", "--depth=1", "--", url];
        let all = ["fetch", "-q", "--no-tags", "--", url, "+refs/heads/*:refs/remotes/o/*", "+refs/tags/*:refs/tags/*"];
        let hash = match commit {
            None => {
                self.run(true, &[&one[..], &["HEAD"]].concat()).await?;
                self.resolve("FETCH_HEAD").await?
            }
            Some(commit) => {
                let whole = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                // Not every server gives a commit by its hash.
                if !whole || self.run(true, &[&one[..], &[commit]].concat()).await.is_err() {
                    self.run(true, &all).await?;
                }
                let mut names = vec![format!("refs/remotes/o/{commit}"), format!("refs/tags/{commit}")];
                if commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    names.push(commit.to_owned());
                }
                let mut found = None;
                for name in names {
                    found = self.resolve(&name).await.ok();
                    if found.is_some() {
                        break;
                    }
                }
                found.ok_or_else(|| anyhow!("there is no commit, branch or tag `{commit}`"))?
            }
        };
        self.run(false, &["checkout", "-q", "--force", "--detach", &hash]).await?;
        Ok(())
    }

    async fn resolve(&self, name: &str) -> Result<String> {
        let said = self.run(false, &["rev-parse", "--verify", "-q", &format!("{name}^{{commit}}")]).await?;
        Ok(said.trim().to_owned())
    }

    /// Runs git. What reaches out may use the instructor's own settings (for credentials); what touches the learner's files uses none.
    async fn run(&self, reaches_out: bool, words: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") && name != "GIT_SSH_COMMAND" {
                git.env_remove(name);
            }
        }
        if std::env::var_os("GIT_SSH_COMMAND").is_none() {
            git.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
        }
        if !reaches_out {
            git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        }
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "true").env("GIT_NO_LAZY_FETCH", "1");
        git.env("GIT_LFS_SKIP_SMUDGE", "1").env("LC_ALL", "C");
        let file = if self.local { "protocol.file.allow=always" } else { "protocol.file.allow=never" };
        for setting in [
            "protocol.ext.allow=never",
            file,
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "core.askPass=true",
            "submodule.recurse=false",
            "fetch.recurseSubmodules=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "advice.detachedHead=false",
            "init.defaultBranch=main",
        ] {
            git.args(["-c", setting]);
        }
        git.arg("-C").arg(self.folder).args(words);
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut process = git.spawn().context("start git; install it, or name folders in the column `path`")?;
        let _group = Group(process.id());
        let (output, errors) = (process.stdout.take(), process.stderr.take());
        let said = tokio::spawn(async move {
            let (mut told, mut wrong) = (Vec::new(), Vec::new());
            let out = async {
                if let Some(output) = output {
                    _ = output.take(SAID).read_to_end(&mut told).await;
                }
            };
            let err = async {
                if let Some(errors) = errors {
                    _ = errors.take(SAID).read_to_end(&mut wrong).await;
                }
            };
            tokio::join!(out, err);
            (told, wrong)
        });
        let status = loop {
            if let Ok(status) = timeout(LOOK, process.wait()).await {
                break status.context("wait for git")?;
            }
            if Instant::now() >= self.until {
                bail!("it took longer than {} s", self.limits.time.as_secs());
            }
            let (folder, most) = (self.folder.to_owned(), self.limits.bytes);
            if tokio::task::spawn_blocking(move || size(&folder, most)).await.unwrap_or_default() > self.limits.bytes {
                bail!("it holds more than {} MiB", self.limits.bytes >> 20);
            }
        };
        let (told, wrong) = timeout(Duration::from_secs(2), said).await.ok().and_then(Result::ok).unwrap_or_default();
        if !status.success() {
            let said = String::from_utf8_lossy(&wrong).trim().to_owned();
            bail!("git {}: {}", words.first().unwrap_or(&""), if said.is_empty() { "it failed".to_owned() } else { said });
        }
        if size(self.folder, self.limits.bytes) > self.limits.bytes {
            bail!("it holds more than {} MiB", self.limits.bytes >> 20);
        }
        Ok(String::from_utf8_lossy(&told).into_owned())
    }
}

/// A process group that is killed when this goes: git starts helpers.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.and_then(|id| Pid::from_raw(id.cast_signed())) {
            _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The bytes of the files in a folder; counting ends beyond `most`.
fn size(folder: &Path, most: u64) -> u64 {
    let (mut bytes, mut open) = (0, vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                bytes += metadata.len();
            }
            if bytes > most {
                return bytes;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
