//! A learner's folder, looked at before anything is run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::manifest::{self, Manifest, ManifestError};
use super::tree::{self, Rules, Tree, TreeError};

/// Bytes that a submission may hold.
const MAX_BYTES: u64 = 256 << 20;
/// Files and folders that a submission may hold.
const MAX_ENTRIES: usize = 20_000;

/// Bytes that a manifest may have.
const MAX_MANIFEST: u64 = 256 << 10;

/// A learner's folder: its files, its manifest, its digest. Nothing is written into it.
#[derive(Debug)]
pub struct Submission {
    pub(super) tree: Tree,
    manifest: Option<Manifest>,
    digest: String,
}

/// Why a folder cannot be graded, and what to do about it.
#[derive(Debug, Error)]
pub enum SubmissionError {
    /// There is no such folder.
    #[error("there is no folder {}; name the folder that holds your labs with --submission", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("{} is not a folder; name the folder that holds your labs with --submission", .0.display())]
    NotAFolder(PathBuf),
    /// It holds no file.
    #[error("the folder {} holds no files; write your programs there (`kgrade init` with the name of the lab writes the first ones), or name another folder with --submission", .0.display())]
    Empty(PathBuf),
    /// The manifest has another name.
    #[error("the manifest must be named {}; rename {found}", manifest::FILE)]
    ManifestName {
        /// The name that was found.
        found: &'static str,
    },
    /// The manifest is a link, a folder, or something else.
    #[error("{} is not a file; write it as one, a link will not do", manifest::FILE)]
    ManifestKind,
    /// The manifest is larger than any that is meant.
    #[error("{} has more than {} KiB; it names commands, and nothing else belongs in it", manifest::FILE, MAX_MANIFEST >> 10)]
    ManifestSize,
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The program's file is not there.
    #[error("{}", missing_program(lab, program, looked_for, similar))]
    NoProgram {
        /// The lab.
        lab: String,
        /// The program's name in the lab.
        program: String,
        /// The file that was looked for, relative to the submission.
        looked_for: PathBuf,
        /// Files with similar names that do exist, nearest first.
        similar: Vec<PathBuf>,
    },
    /// The folder holds what cannot be taken.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl Submission {
    /// Looks at a learner's folder: what is in it, whether it can be taken, what its manifest says.
    ///
    /// # Errors
    /// When there is no such folder, it is empty, it holds what cannot be copied, or its manifest is wrong.
    pub fn open(folder: &Path) -> Result<Self, SubmissionError> {
        let root = folder.canonicalize().map_err(|_| SubmissionError::Missing(folder.to_owned()))?;
        if !root.is_dir() {
            return Err(SubmissionError::NotAFolder(folder.to_owned()));
        }
        let manifest_path = root.join(manifest::FILE);
        let manifest = match std::fs::symlink_metadata(&manifest_path) {
            // Whatever stands there under this name is read before anything else: it must be a file of the submission's own, and a small one.
            Ok(known) if !known.is_file() => return Err(SubmissionError::ManifestKind),
            Ok(known) if known.len() > MAX_MANIFEST => return Err(SubmissionError::ManifestSize),
            Ok(_) => {
                let bytes = tree::read_plain(&manifest_path, MAX_MANIFEST)?;
                Some(Manifest::parse(&folder.join(manifest::FILE), &String::from_utf8_lossy(&bytes))?)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(TreeError::Io { doing: "read", path: manifest_path, source }.into()),
        };
        if manifest.is_none() && root.join("kgrade.yml").exists() {
            return Err(SubmissionError::ManifestName { found: "kgrade.yml" });
        }
        let setup = manifest.as_ref().map(Manifest::setup).unwrap_or_default();
        let skip = |path: &Path| is_left_out(path, &setup);
        let tree = Tree::read(&root, &Rules { max_bytes: MAX_BYTES, max_entries: MAX_ENTRIES, strict: true, skip: &skip })?;
        if tree.files().next().is_none() {
            return Err(SubmissionError::Empty(folder.to_owned()));
        }
        let digest = tree.digest()?;
        Ok(Self { tree, manifest, digest })
    }

    /// The command of a lab's program: what the manifest names, else `default`.
    ///
    /// # Errors
    /// When the command's file is not in the submission, and no setup command could make it.
    pub fn command(&self, lab: &str, program: &str, default: &[String]) -> Result<Vec<String>, SubmissionError> {
        let named = self.manifest.as_ref().and_then(|manifest| manifest.command(lab, program));
        let may_be_built = named.is_some() && !self.setup().is_empty();
        let command = named.unwrap_or_else(|| default.to_vec());
        if let Some(file) = program_file(&command)
            && !may_be_built
            && !self.tree.root.join(file).exists()
        {
            return Err(SubmissionError::NoProgram {
                lab: lab.to_owned(),
                program: program.to_owned(),
                looked_for: file.to_owned(),
                similar: self.similar(file),
            });
        }
        Ok(command)
    }

    /// The submission's folder, as a canonical path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.tree.root
    }

    /// A SHA-256 over the names and contents of the files that are taken, in hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The files that are taken, relative to the folder.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.tree.files()
    }

    /// The symbolic links that are taken, relative to the folder, with what they say.
    pub fn links(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.tree.links()
    }

    /// The commands to run once before any program, in order.
    #[must_use]
    pub fn setup(&self) -> Vec<Vec<String>> {
        self.manifest.as_ref().map(Manifest::setup).unwrap_or_default()
    }

    /// Files whose names are like the wanted one, or that have its name in another folder; at most three.
    fn similar(&self, wanted: &Path) -> Vec<PathBuf> {
        let text = wanted.to_string_lossy();
        let mut near: Vec<(f64, &Path)> = self
            .tree
            .files()
            .map(|file| {
                let same_name = file.file_name() == wanted.file_name();
                let likeness = strsim::normalized_damerau_levenshtein(&file.to_string_lossy(), &text);
                (if same_name { likeness.max(0.9) } else { likeness }, file)
            })
            .filter(|(likeness, _)| *likeness > 0.6)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.into_iter().take(3).map(|(_, file)| file.to_owned()).collect()
    }
}

/// The file of the submission that a command runs, as far as the command shows it.
fn program_file(command: &[String]) -> Option<&Path> {
    let first = command.first()?;
    if first.contains('/') {
        return Some(Path::new(first)).filter(|path| path.is_relative());
    }
    let script = command.get(1).filter(|word| !word.starts_with('-'))?;
    matches!(first.as_str(), "python" | "python3" | "node").then(|| Path::new(script))
}

/// What is never copied: version control, the learner's progress, caches, virtual environments (they do not work elsewhere), and what setup makes anew.
fn is_left_out(path: &Path, setup: &[Vec<String>]) -> bool {
    let made_by =
        |tools: &[&str]| setup.iter().filter_map(|command| command.first()).any(|tool| tools.contains(&tool.trim_start_matches("./")));
    match path.file_name().and_then(OsStr::to_str) {
        Some(".git" | ".kgrade" | "__pycache__" | ".mypy_cache" | ".pytest_cache" | ".ruff_cache" | ".gradle") => true,
        Some("node_modules") => made_by(&["npm", "yarn", "pnpm", "bun"]),
        Some("target") => made_by(&["mvn", "mvnw", "cargo", "sbt"]),
        _ => path.join("pyvenv.cfg").is_file(),
    }
}

fn missing_program(lab: &str, program: &str, looked_for: &Path, similar: &[PathBuf]) -> String {
    let mut text = format!("the {program} of {lab} is missing: there is no file {} in the submission", looked_for.display());
    if !similar.is_empty() {
        let names: Vec<_> = similar.iter().map(|path| path.display().to_string()).collect();
        text += &format!(" (there is {})", names.join(", "));
    }
    text + &format!("; write it, or name its command in {} under labs: {lab}: {program}:", manifest::FILE)
}
