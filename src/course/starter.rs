//! What a learner begins a lab with.

use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use include_dir::Dir;
use indexmap::IndexMap;

use super::CARRIED;
use crate::lab::Lab;

/// The file that names the programs' commands.
const MANIFEST: &str = "kgrade.yaml";
/// Another end of its name, with which it would not be read.
const MISNAMED: &str = "kgrade.yml";
/// The packages of Python programs.
const REQUIREMENTS: &str = "requirements.txt";

/// The files that a lab begins with: its starter, the manifest with its commands, and the course's Python packages.
#[derive(Debug)]
pub struct Starter {
    files: Vec<(PathBuf, Vec<u8>)>,
    programs: bool,
}

/// What came of writing a starter.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that were written, relative to the folder.
    pub new: Vec<PathBuf>,
    /// Files that were not written.
    pub kept: Vec<Kept>,
}

/// Something of the learner's that stands where a file would have been written.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name, relative to the folder.
    pub name: PathBuf,
    /// Why nothing was written there.
    pub why: &'static str,
}

impl Written {
    /// Whether the learner's own manifest stays.
    #[must_use]
    pub fn kept_manifest(&self) -> bool {
        self.kept.iter().any(|kept| kept.name == Path::new(MANIFEST))
    }
}

impl Starter {
    /// What a lab begins with: a lab of a folder with labs, or of those that kgrade carries.
    ///
    /// # Errors
    /// When the files of its starter cannot be read.
    pub fn of(lab: &Lab, checks: Option<&Path>) -> Result<Self> {
        let mut files = Vec::new();
        let place = Path::new(&lab.name).join("starter");
        match checks {
            Some(folder) => read(&folder.join(&place), Path::new(""), &mut files)?,
            None => {
                if let Some(dir) = CARRIED.get_dir(&place) {
                    carried(dir, &place, &mut files);
                }
            }
        }
        files.sort();
        let programs = !files.is_empty();
        let commands = commands(lab);
        let mut add = |name: &str, bytes: &[u8]| {
            // A starter may bring its own.
            if !files.iter().any(|(known, _)| known == Path::new(name)) {
                files.push((PathBuf::from(name), bytes.to_vec()));
            }
        };
        if !commands.is_empty() {
            add(MANIFEST, manifest(&lab.name, &commands).as_bytes());
        }
        if commands.values().any(|command| command.first().is_some_and(|word| word == "python"))
            && let Some(requirements) = CARRIED.get_file(REQUIREMENTS)
        {
            add(REQUIREMENTS, requirements.contents());
        }
        Ok(Self { files, programs })
    }

    /// Of files that are made here.
    pub(super) fn of_files(mut files: Vec<(PathBuf, Vec<u8>)>) -> Self {
        files.sort();
        Self { files, programs: true }
    }

    /// Whether the lab has programs to begin with, beside the settings that every lab has.
    #[must_use]
    pub fn has_programs(&self) -> bool {
        self.programs
    }

    /// Writes the files into a folder, which is made if it is not there. What is there is the learner's work, whatever it is: it is never
    /// written over, and no link is followed.
    ///
    /// # Errors
    /// When a file or a folder cannot be made; what was written before stays.
    pub fn write(&self, folder: &Path) -> Result<Written> {
        self.files.iter().try_for_each(|(name, _)| no_links(folder, name))?;
        let mut written = Written::default();
        for (name, bytes) in &self.files {
            if name == Path::new(MANIFEST) && folder.join(MISNAMED).symlink_metadata().is_ok() {
                let why = "a manifest is read as kgrade.yaml only; rename it, and it counts";
                written.kept.push(Kept { name: PathBuf::from(MISNAMED), why });
                continue;
            }
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
            }
            match std::fs::File::create_new(&path) {
                Ok(mut file) => {
                    if let Err(error) = file.write_all(bytes) {
                        // Half a file would be taken for the learner's the next time.
                        _ = std::fs::remove_file(&path);
                        return Err(error).with_context(|| format!("cannot write {}", path.display()));
                    }
                    written.new.push(name.clone());
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    written.kept.push(Kept { name: name.clone(), why: in_place(&path) })
                }
                Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
            }
        }
        Ok(written)
    }
}

/// The commands of a lab's programs by their names. Those that hold what is known only in a run stay with the lab.
fn commands(lab: &Lab) -> IndexMap<&str, &[String]> {
    let programs = lab.checks.iter().flat_map(|check| &check.programs);
    programs
        .map(|(name, program)| (name.as_str(), program.command.as_slice()))
        .filter(|(_, command)| !command.iter().any(|word| word.contains("$(")))
        .collect()
}

/// The manifest that says what holds without it, so that a learner sees what can be changed.
fn manifest(lab: &str, commands: &IndexMap<&str, &[String]>) -> String {
    let example = commands.keys().next().copied().unwrap_or("producer");
    let mut text = format!(
        "# How kgrade starts your programs: each command is a list of words, run in this folder, without a shell.\n\
         # The commands below are those of the lab. For another language write another command:\n\
         #     {example}: [node, {lab}/{example}.js]\n\
         # What has to be built or installed first, once:\n\
         #     setup:\n\
         #       - [npm, ci]\n\
         # Name the program itself, not a wrapper such as `npm start`: it has to get the signals.\n\
         # Labs and programs that are not named here run by the labs' own commands.\n\
         kgrade: 1\nlabs:\n  {lab}:\n"
    );
    for (name, command) in commands {
        let words: Vec<String> = command.iter().map(|word| in_yaml(word)).collect();
        text.push_str(&format!("    {name}: [{}]\n", words.join(", ")));
    }
    text
}

/// A word as YAML takes it in a list.
fn in_yaml(word: &str) -> String {
    let plain = word.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '.')
        && word.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_./".contains(sign));
    if plain && !["true", "false", "null"].contains(&word) { word.to_owned() } else { serde_json::Value::from(word).to_string() }
}

/// Refuses to write through a link to somewhere else.
fn no_links(folder: &Path, name: &Path) -> Result<()> {
    let mut path = folder.to_owned();
    for part in name.parent().into_iter().flat_map(Path::components) {
        if let Component::Normal(part) = part {
            path.push(part);
        }
        if path.is_symlink() {
            bail!("{} is a symbolic link, and kgrade does not follow it; put a folder in its place", path.display());
        }
    }
    Ok(())
}

/// What stands where a file would have been written.
fn in_place(path: &Path) -> &'static str {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => "a link is in its place",
        Ok(found) if found.is_dir() => "a folder is in its place",
        _ => "it was there already",
    }
}

fn carried(dir: &Dir<'_>, place: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for file in dir.files() {
        let name = file.path().strip_prefix(place).unwrap_or(file.path());
        files.push((name.to_owned(), file.contents().to_vec()));
    }
    dir.dirs().for_each(|dir| carried(dir, place, files));
}

fn read(folder: &Path, name: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    let here = folder.join(name);
    let entries = match std::fs::read_dir(&here) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", here.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", here.display()))?;
        let name = name.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            read(folder, &name, files)?;
        } else {
            let path = folder.join(&name);
            files.push((name, std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::lab::{Bindings, LabSource, find};
    use crate::world::program::Submission;

    fn lab(name: &str) -> Lab {
        find::find(name, None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap()
    }

    fn write(name: &str, folder: &Path) -> Result<Written> {
        Starter::of(&lab(name), None).unwrap().write(folder)
    }

    fn kept(written: &Written) -> Vec<(&str, &str)> {
        written.kept.iter().map(|kept| (kept.name.to_str().unwrap(), kept.why)).collect()
    }

    #[test]
    fn a_starter_is_written_once_and_never_over_the_learners_work() {
        let folder = tempfile::tempdir().unwrap();
        let written = write("lab-02", folder.path()).unwrap();
        let names: Vec<&str> = written.new.iter().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["lab-02/consumer.py", "lab-02/producer.py", "lab-02/sink.py", "kgrade.yaml", "requirements.txt"]);
        assert!(written.kept.is_empty());
        std::fs::write(folder.path().join("lab-02/producer.py"), "mine").unwrap();
        std::fs::remove_file(folder.path().join("lab-02/consumer.py")).unwrap();
        let again = write("lab-02", folder.path()).unwrap();
        assert_eq!(again.new, [Path::new("lab-02/consumer.py")]);
        assert!(kept(&again).contains(&("lab-02/producer.py", "it was there already")) && again.kept_manifest());
        assert_eq!(std::fs::read_to_string(folder.path().join("lab-02/producer.py")).unwrap(), "mine");
    }

    #[test]
    fn links_and_folders_in_a_files_place_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, path) = (folder.path().join("outside"), folder.path().join("work"));
        std::fs::create_dir_all(path.join("lab-02/sink.py")).unwrap();
        symlink(&outside, path.join("lab-02/producer.py")).unwrap();
        let written = write("lab-02", &path).unwrap();
        assert_eq!(kept(&written), [("lab-02/producer.py", "a link is in its place"), ("lab-02/sink.py", "a folder is in its place")]);
        assert!(!outside.exists());
        let linked = folder.path().join("linked");
        std::fs::create_dir_all(&linked).unwrap();
        symlink(&path, linked.join("lab-03")).unwrap();
        let error = write("lab-03", &linked).unwrap_err().to_string();
        assert!(error.contains("lab-03 is a symbolic link"), "{error}");
        assert!(!linked.join("kgrade.yaml").exists(), "nothing is written before it is known that all can be");
    }

    #[test]
    fn a_manifest_of_another_name_is_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kgrade.yml"), "kgrade: 1\n").unwrap();
        let written = write("lab-02", folder.path()).unwrap();
        assert!(!folder.path().join("kgrade.yaml").exists() && kept(&written)[0].0 == "kgrade.yml", "{written:?}");
    }

    #[test]
    fn a_second_lab_runs_by_its_own_commands_beside_the_first_ones_manifest() {
        let folder = tempfile::tempdir().unwrap();
        write("lab-02", folder.path()).unwrap();
        let manifest = std::fs::read(folder.path().join("kgrade.yaml")).unwrap();
        assert!(write("lab-04", folder.path()).unwrap().kept_manifest());
        assert_eq!(std::fs::read(folder.path().join("kgrade.yaml")).unwrap(), manifest);
        let submission = Submission::open(folder.path()).unwrap();
        for name in ["lab-02", "lab-04"] {
            for (program, command) in commands(&lab(name)) {
                assert_eq!(submission.command(name, program, command).unwrap(), command, "{name} {program}");
            }
        }
    }

    #[test]
    fn every_labs_manifest_says_what_holds_without_it() {
        for name in find::names(None).unwrap() {
            let (lab, folder) = (lab(&name), tempfile::tempdir().unwrap());
            write(&name, folder.path()).unwrap();
            let submission = Submission::open(folder.path()).unwrap();
            assert!(!commands(&lab).is_empty(), "{name}");
            for (program, command) in commands(&lab) {
                // The default is another one: what comes back is the manifest's.
                assert_eq!(submission.command(&name, program, &["other".to_owned()]).unwrap(), command, "{name} {program}");
            }
        }
    }

    #[test]
    fn the_carried_starter_is_that_of_the_folder() {
        let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
        let (carried, read) = (Starter::of(&lab("lab-02"), None).unwrap(), Starter::of(&lab("lab-02"), Some(&checks)).unwrap());
        assert!(carried.has_programs());
        assert_eq!(carried.files, read.files);
    }

    #[test]
    fn a_lab_without_a_starter_has_its_settings_and_words_that_need_quotes_get_them() {
        let text = "kgrade: 1\nlab: lab-90\ntitle: A\nprograms:\n  one: { default: [./one, --name, 'a b', '1', 'true'] }\n  late: { default: [./late, $(instance)] }\nchecks:\n  - { id: a, title: A, points: 100, hint: h, \
                    do: [ { run: { program: one } }, { run: { program: late } } ], expect: [ { exited: { instance: one, codes: [0] } } ] }\n";
        let lab = LabSource::parse("a.yaml", text).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap();
        let empty = tempfile::tempdir().unwrap();
        let starter = Starter::of(&lab, Some(empty.path())).unwrap();
        assert!(!starter.has_programs());
        assert_eq!(starter.write(empty.path()).unwrap().new, [Path::new("kgrade.yaml")], "no Python, no requirements");
        let written = std::fs::read_to_string(empty.path().join("kgrade.yaml")).unwrap();
        assert!(written.ends_with("  lab-90:\n    one: [./one, \"--name\", \"a b\", \"1\", \"true\"]\n"), "{written}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lab-02"), "a file").unwrap();
        let error = write("lab-02", folder.path()).unwrap_err().to_string();
        assert!(error.contains("cannot make the folder") && error.contains("lab-02"), "{error}");
    }
}
