//! Stand-ins for the actions of others: the little of each that the workflows here rest on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::runner::Runner;

type Outcome = Result<(bool, BTreeMap<String, String>), String>;

/// Does what the action would do.
pub fn stand_in(runner: &mut Runner, uses: &str, with: &BTreeMap<String, String>) -> Outcome {
    let (name, _) = uses.split_once('@').ok_or_else(|| format!("{uses} is not pinned"))?;
    let of = |key: &str| with.get(key).map_or("", String::as_str);
    match name {
        "actions/checkout" => checkout(runner, of("repository"), of("ref"), of("path"), of("persist-credentials")),
        // A cache of GitHub's is asked for by its key, and has nothing.
        "actions/cache/restore" if of("key").is_empty() || of("path").is_empty() => Err("no key or no path".to_owned()),
        "actions/cache/restore" => done([("cache-hit", "")]),
        "actions/cache/save" => {
            let path = Path::new(of("path"));
            if !path.is_dir() || of("key").is_empty() {
                return Err(format!("{} cannot be saved", path.display()));
            }
            runner.seen.saved.push(path.to_owned());
            done([])
        }
        "actions/upload-artifact" => upload(runner, of("name"), of("path")),
        "actions/download-artifact" if !of("pattern").is_empty() => {
            let start = of("pattern").strip_suffix('*').ok_or("a pattern that is not known here")?;
            let entries = std::fs::read_dir(&runner.artifacts).map_err(|error| error.to_string())?.filter_map(Result::ok);
            for folder in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(start)) {
                copy(&folder.path(), &runner.workspace.join(of("path")))?;
            }
            done([])
        }
        "actions/attest-build-provenance" => Ok((runner.workspace.join(of("subject-checksums")).is_file(), BTreeMap::new())),
        "actions/download-artifact" => {
            copy(&runner.artifacts.join(of("artifact-ids")), &runner.workspace.join(of("path")))?;
            done([])
        }
        _ => Err(format!("{name} has no stand-in")),
    }
}

fn done<const N: usize>(outputs: [(&str, &str); N]) -> Outcome {
    Ok((true, outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()))
}

fn checkout(runner: &Runner, repository: &str, commit: &str, path: &str, credentials: &str) -> Outcome {
    if credentials != "false" {
        return Err("the token would stay in the folder".to_owned());
    }
    let repository = if repository.is_empty() { "school/lab-ada" } else { repository };
    let from = runner.repositories.get(repository).ok_or_else(|| format!("there is no repository {repository}"))?;
    let to = runner.workspace.join(path);
    let git = |words: &[&str]| -> Result<(), String> {
        let output = Command::new("git").arg("-C").arg(&to).args(words).output().map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };
    std::fs::create_dir_all(&to).map_err(|error| error.to_string())?;
    git(&["init", "-q"])?;
    git(&["fetch", "-q", &from.display().to_string(), commit])?;
    git(&["checkout", "-q", "--detach", "FETCH_HEAD"])?;
    done([("commit", commit)])
}

fn upload(runner: &Runner, name: &str, path: &str) -> Outcome {
    let from = runner.workspace.join(path);
    let empty = !from.is_dir() || std::fs::read_dir(&from).map_err(|error| error.to_string())?.next().is_none();
    if name.is_empty() || name.contains(['/', '\\', ':', '*', '"', '\n']) {
        return Err(format!("`{name}` is no name for an artifact"));
    }
    if empty {
        // As with `if-no-files-found: error`.
        return Ok((false, BTreeMap::new()));
    }
    copy(&from, &runner.artifacts.join(name))?;
    // The number of a real artifact. Here its name will do.
    done([("artifact-id", name)])
}

/// Copies a folder, links as links.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(|error| error.to_string())?;
    let output = Command::new("cp").arg("-RP").arg(from.join(".")).arg(to).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
