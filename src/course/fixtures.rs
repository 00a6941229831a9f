//! The programs that prove a lab: right ones, and one for each mistake.
//!
//! ```text
//! fixtures/lab-02/solution*/  also-right/*/  mistakes/*/
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Steps that a person does before a lab can be graded: such a lab needs more than a submission.
const STEPS: &str = "steps.sh";

/// What a program is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// What a learner begins with: it must not pass as it is.
    Starter,
    /// A right program.
    Solution,
    /// A right program of another design.
    AlsoRight,
    /// A wrong program.
    Mistake,
}

/// A program: a folder that can be graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is there for.
    pub role: Role,
    /// Its path in the lab's folder, for example `mistakes/no-key`.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
}

/// The programs of a lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixtures {
    /// The programs: the solutions, what is right too, and the mistakes, each by name.
    pub programs: Vec<Program>,
    /// Folders that are none of these.
    pub strays: Vec<PathBuf>,
    /// The steps that a person does first, where there are any.
    pub steps: Option<PathBuf>,
}

impl Fixtures {
    /// Of the folder of a lab; empty when it is not there.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut found = Self { steps: Some(folder.join(STEPS)).filter(|path| path.is_file()), ..Self::default() };
        if !folder.exists() {
            return Ok(found);
        }
        for (name, path) in folders(folder)? {
            let inner = match name.as_str() {
                "also-right" => Role::AlsoRight,
                "mistakes" => Role::Mistake,
                name if name.starts_with("solution") => {
                    found.programs.push(Program { role: Role::Solution, name: name.to_owned(), folder: path });
                    continue;
                }
                _ => {
                    found.strays.push(path);
                    continue;
                }
            };
            let programs = folders(&path)?.into_iter();
            found.programs.extend(programs.map(|(own, folder)| Program { role: inner, name: format!("{name}/{own}"), folder }));
        }
        found.programs.sort_by(|a, b| (a.role, &a.name).cmp(&(b.role, &b.name)));
        Ok(found)
    }
}

impl Program {
    /// The last part of its name.
    #[must_use]
    pub fn own_name(&self) -> &str {
        self.name.rsplit_once('/').map_or(self.name.as_str(), |(_, own)| own)
    }
}

/// The folders in a folder, by name; what begins with a dot or an underscore is a tool's.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let reading = || format!("cannot read {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(['.', '_']) && entry.path().is_dir() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mistakes/no-key", "solution-java", "solution", "also-right/kip848", "soltion", "__pycache__", ".git"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("README.md"), "").unwrap();
        let found = Fixtures::of(folder.path()).unwrap();
        let named: Vec<_> = found.programs.iter().map(|program| (program.role, program.name.as_str(), program.own_name())).collect();
        assert_eq!(
            named,
            [
                (Role::Solution, "solution", "solution"),
                (Role::Solution, "solution-java", "solution-java"),
                (Role::AlsoRight, "also-right/kip848", "kip848"),
                (Role::Mistake, "mistakes/no-key", "no-key"),
            ]
        );
        assert_eq!(found.strays, [folder.path().join("soltion")]);
        assert_eq!(found.steps, None);
        assert_eq!(Fixtures::of(&folder.path().join("none")).unwrap(), Fixtures::default());
    }

    #[test]
    fn a_lab_with_steps_says_so() {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-01");
        assert!(Fixtures::of(&lab).unwrap().steps.is_some());
    }
}
