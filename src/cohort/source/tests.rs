//! Repositories of learners, hostile ones too.

use std::process::Command as Plain;

use tempfile::TempDir;

use super::*;
use crate::world::git;

fn git(folder: &Path, words: &[&str]) -> String {
    let mut git = Plain::new("git");
    git.args(["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always", "-C"]);
    let output = git.arg(folder).args(words).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with two commits: `one` on the branch `first`, then `two`.
fn repository() -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    let mut hashes = Vec::new();
    for text in ["one", "two"] {
        std::fs::write(folder.path().join("file"), text).unwrap();
        git(folder.path(), &["add", "-A"]);
        git(folder.path(), &["commit", "-q", "-m", text]);
        hashes.push(git(folder.path(), &["rev-parse", "HEAD"]));
        if text == "one" {
            git(folder.path(), &["branch", "first"]);
            git(folder.path(), &["tag", "-a", "v1", "-m", "x"]);
        }
    }
    (folder, hashes[0].clone(), hashes[1].clone())
}

async fn fetch(from: &Path, commit: Option<&str>, limits: Limits) -> (TempDir, Result<PathBuf>) {
    let into = tempfile::tempdir().unwrap();
    let source = Source::Git { from: Repository::Local(from.to_owned()), commit: commit.map(str::to_owned) };
    let fetched = source.fetch(&into.path().join("work"), limits).await;
    (into, fetched)
}

#[tokio::test]
async fn a_commit_a_branch_and_a_tag_are_checked_out() {
    let (from, one, two) = repository();
    for (commit, text, hash) in [
        (None, "two", &two),
        (Some(one.as_str()), "one", &one),
        (Some(&two[..9]), "two", &two),
        (Some("first"), "one", &one),
        (Some("v1"), "one", &one),
    ] {
        let (_into, folder) = fetch(from.path(), commit, Limits::default()).await;
        let folder = folder.unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("file")).unwrap(), text, "{commit:?}");
        assert_eq!(&git::head(&folder).await.unwrap().commit, hash, "{commit:?}");
    }
    for missing in ["0".repeat(40), "none".to_owned(), "abcdef1".to_owned()] {
        let (_into, refused) = fetch(from.path(), Some(&missing), Limits::default()).await;
        let told = format!("{:#}", refused.unwrap_err());
        assert!(told.contains(&format!("there is no commit, branch or tag `{missing}`")), "{told}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Source::Folder(folder.path().join("gone")).fetch(&folder.path().join("x"), Limits::default()).await.unwrap_err();
    assert!(gone.to_string().starts_with("there is no folder "), "{gone}");
    let (_into, refused) = fetch(&folder.path().join("gone"), None, Limits::default()).await;
    assert!(format!("{:#}", refused.unwrap_err()).contains("there is no repository"));
    let (_into, refused) = fetch(folder.path(), None, Limits::default()).await;
    let told = format!("{:#}", refused.unwrap_err());
    assert!(told.starts_with("fetch ") && told.contains("git fetch: fatal:"), "{told}");
    let here = Source::Git { from: Repository::Remote("http://127.0.0.1:1/x.git".to_owned()), commit: None };
    let refused = here.fetch(&folder.path().join("y"), Limits::default()).await.unwrap_err();
    assert!(format!("{refused:#}").contains("127.0.0.1"), "{refused:#}");
}

#[tokio::test]
async fn nothing_of_a_repository_runs_or_reaches_out() {
    let (from, _, _) = repository();
    let trap = from.path().join("trap");
    let touch = format!("touch {}", trap.display());
    for hook in ["post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"] {
        let path = from.path().join(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    for (key, value) in [("uploadpack.packObjectsHook", touch.as_str()), ("core.fsmonitor", &touch), ("filter.x.smudge", &touch)] {
        git(from.path(), &["config", key, value]);
    }
    std::fs::write(from.path().join(".gitattributes"), "* filter=x\n").unwrap();
    std::fs::write(from.path().join(".gitmodules"), format!("[submodule \"s\"]\npath = s\nurl = ext::sh -c {touch}\nupdate = !{touch}\n"))
        .unwrap();
    std::os::unix::fs::symlink("/etc/passwd", from.path().join("link")).unwrap();
    // The way into the repository uses its filter; that is not what is looked at.
    git(from.path(), &["-c", "filter.x.smudge=cat", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "add", "-A"]);
    git(from.path(), &["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "traps"]);
    _ = std::fs::remove_file(&trap);
    let (_into, folder) = fetch(from.path(), None, Limits::default()).await;
    let folder = folder.unwrap();
    assert!(!trap.exists(), "something of the repository ran");
    assert!(folder.join("link").is_symlink() && !folder.join("s").join("file").exists());
    assert!(!folder.join(".git/hooks").exists(), "no template was taken");
}

#[tokio::test]
async fn time_and_space_are_limited() {
    let (from, _, _) = repository();
    std::fs::write(from.path().join("big"), vec![7; 3 << 20]).unwrap();
    git(from.path(), &["add", "-A"]);
    git(from.path(), &["commit", "-q", "-m", "big"]);
    let (_into, refused) = fetch(from.path(), None, Limits { bytes: 1 << 20, ..Limits::default() }).await;
    assert!(format!("{:#}", refused.unwrap_err()).ends_with("it holds more than 1 MiB"));
    // A server that takes the connection and says nothing.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://person:word@{}/x.git", mute.local_addr().unwrap());
    let source = Source::Git { from: Repository::Remote(url), commit: None };
    let begun = Instant::now();
    let refused = source.fetch(&from.path().join("mute"), Limits { time: Duration::from_secs(1), ..Limits::default() }).await;
    let told = format!("{:#}", refused.unwrap_err());
    assert!(told.ends_with("it took longer than 1 s") && !told.contains("word"), "{told}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_address_is_no_option_and_no_command() {
    for url in ["https://github.com/a/b.git", "https://token@github.com/a/b", "ssh://git@host:22/a", "git@github.com:a/b.git", "http://h/x"]
    {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
    for url in [
        "--upload-pack=touch /tmp/x",
        "-u",
        "ext::sh -c id",
        "ext::id",
        "fd::3",
        "https::x",
        "file:///etc",
        "/srv/other",
        "../other",
        "other",
        "ssh://-oProxyCommand=id/x",
        "ssh://a@-oProxyCommand=id/x",
        "-oProxyCommand=id@host:x",
        "a@-oProxyCommand=id:x",
        "https:///x",
        "https://a b/c",
        "https://a/\u{202e}b",
        "https://a/b\nc",
        "git@host:/etc",
        "",
        "C:\\work",
    ] {
        assert!(check_url(url).is_err(), "{url:?}");
    }
    for commit in ["main", "v1.0", "feature/x", "0123456789abcdef0123456789abcdef01234567"] {
        assert_eq!(check_commit(commit), Ok(()), "{commit}");
    }
    for commit in ["", "--orphan", "-x", "a..b", "HEAD^", "a:b", "a b", "refs/heads/*", "@{1}", "a\n", "/x", "+a", &"x".repeat(300)] {
        assert!(check_commit(commit).is_err(), "{commit:?}");
    }
    assert_eq!(masked("https://me:secret@host/a@b"), "https://…@host/a@b");
}
