//! The folder of a submission, after a look at whether it holds what was added.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cohort::queue::submitted::Content;
use crate::cohort::roster::{Repository, Source};
use crate::cohort::source::Limits;
use crate::world::program::Submission;

/// Finds it, or fetches it into a folder that is not there yet.
pub(super) async fn folder(content: &Content, roots: &[PathBuf], into: &Path) -> Result<PathBuf> {
    let (from, commit) = match content {
        Content::Folder { path, digest } => {
            let (path, digest, roots) = (path.clone(), digest.clone(), roots.to_vec());
            return tokio::task::spawn_blocking(move || there(&path, &digest, &roots))
                .await
                .context("looking at the folder was given up")?;
        }
        Content::Git { url, commit } => (Repository::Remote(url.clone()), commit),
        Content::Repository { path, commit } => (Repository::Local(allowed(path, roots)?), commit),
    };
    Source::Git { from, commit: Some(commit.clone()) }.fetch(into, Limits::default()).await
}

fn there(path: &Path, digest: &str, roots: &[PathBuf]) -> Result<PathBuf> {
    let real = allowed(path, roots)?;
    let found = Submission::open(&real)?;
    ensure!(found.digest() == digest, "{} has changed since it was added: add it again", path.display());
    Ok(real)
}

/// The folder that is meant, if a submission may be there.
fn allowed(path: &Path, roots: &[PathBuf]) -> Result<PathBuf> {
    let real = path
        .canonicalize()
        .with_context(|| format!("there is no folder {} here: all workers must see it under this name", path.display()))?;
    ensure!(
        roots.is_empty() || roots.iter().any(|root| is_below(&real, root)),
        "{} is not in a folder that the worker was given with --root",
        path.display()
    );
    Ok(real)
}

fn is_below(path: &Path, root: &Path) -> bool {
    root.canonicalize().is_ok_and(|root| path.starts_with(&root) && path != root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_must_be_below_a_root_and_hold_what_was_added() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = |content: &Content, roots: &[PathBuf]| {
            let Content::Folder { path, digest } = content else { unreachable!() };
            there(path, digest, roots)
        };
        let make = |folder: PathBuf| {
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("a.py"), "pass").unwrap();
            let digest = Submission::open(&folder).unwrap().digest().to_owned();
            Content::Folder { path: folder, digest }
        };
        let roots = [root.path().to_owned()];
        let (inside, outside) = (make(root.path().join("ada")), make(other.path().join("eve")));
        assert!(folder(&inside, &roots).is_ok() && folder(&inside, &[]).is_ok());
        assert!(folder(&outside, &roots).unwrap_err().to_string().contains("--root"));
        std::os::unix::fs::symlink(other.path().join("eve"), root.path().join("link")).unwrap();
        let Content::Folder { digest, .. } = &outside else { unreachable!() };
        let through = Content::Folder { path: root.path().join("link"), digest: digest.clone() };
        assert!(folder(&through, &roots).unwrap_err().to_string().contains("--root"), "a link leads out");
        let dots = Content::Folder {
            path: root.path().join("ada/../../").join(other.path().file_name().unwrap()).join("eve"),
            digest: digest.clone(),
        };
        assert!(folder(&dots, &roots).is_err());
        std::fs::write(root.path().join("ada/a.py"), "changed").unwrap();
        assert!(folder(&inside, &roots).unwrap_err().to_string().contains("has changed"));
        std::fs::remove_dir_all(root.path().join("ada")).unwrap();
        assert!(folder(&inside, &roots).unwrap_err().to_string().contains("there is no folder"));
    }
}
