//! Finds a lab by its name: in a folder of labs, or among the labs that kgrade carries. A path is a lab file's path.

use std::path::{Path, PathBuf};

use super::error::LabErrors;
use super::load::{HANDOUT, LabSource};
use super::suggestion;
use crate::course::CARRIED;

/// The name of a lab's file in its folder.
const FILE: &str = "lab.yaml";

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No lab has this name.
    #[error("there is no lab `{name}`; {advice}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name, or all names.
        advice: String,
    },
    /// The folder with the labs cannot be read.
    #[error("cannot read the labs in {}: {source}; give another folder with --checks", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lab's file is wrong.
    #[error(transparent)]
    Lab(#[from] LabErrors),
}

/// Finds and reads a lab: `name` is a lab's name, or the path of a lab file or of its folder. Without `checks`, the labs that kgrade carries.
///
/// # Errors
/// When there is no such lab, or its file cannot be read.
pub fn find(name: &str, checks: Option<&Path>) -> Result<LabSource, FindError> {
    if is_path(name) {
        let path = Path::new(name);
        let path = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        return Ok(LabSource::load(&path)?);
    }
    let names = names(checks)?;
    if !names.iter().any(|known| known == name) {
        let elsewhere = "`--checks DIR` names a folder with labs";
        let advice = match suggestion::advice(name, names.iter().map(String::as_str)) {
            Some(advice) if checks.is_none() => format!("{advice} ({elsewhere} of your own)"),
            Some(advice) => advice,
            None => elsewhere.to_owned(),
        };
        return Err(FindError::Unknown { name: name.to_owned(), advice });
    }
    match checks {
        Some(folder) => Ok(LabSource::load(&folder.join(name).join(FILE))?),
        None => {
            let path = format!("{name}/{FILE}");
            let bytes = CARRIED.get_file(&path).map(|file| file.contents()).unwrap_or_default();
            let handout = CARRIED.get_file(format!("{name}/{HANDOUT}")).and_then(|file| file.contents_utf8()).unwrap_or_default();
            Ok(LabSource { handout: Some(handout.to_owned()), ..LabSource::parse_bytes(&format!("checks/{path}"), bytes)? })
        }
    }
}

/// The names of all labs, sorted.
///
/// # Errors
/// When the folder cannot be read.
pub fn names(checks: Option<&Path>) -> Result<Vec<String>, FindError> {
    let mut names: Vec<String> = match checks {
        Some(folder) => {
            let failed = |source| FindError::Folder { folder: folder.to_owned(), source };
            let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            let labs = entries.into_iter().filter(|entry| entry.path().join(FILE).is_file());
            labs.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        }
        None => {
            let labs = CARRIED.dirs().filter(|dir| dir.get_file(dir.path().join(FILE)).is_some());
            labs.map(|dir| dir.path().display().to_string()).collect()
        }
    };
    names.sort();
    Ok(names)
}

/// Whether this names a file or a folder, not a lab.
pub fn is_path(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR) || [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_labs_are_found_by_name() {
        assert!(names(None).unwrap().contains(&"lab-02".to_owned()));
        assert_eq!(&*find("lab-02", None).unwrap().source.name, "checks/lab-02/lab.yaml");
    }

    #[test]
    fn a_slip_in_the_name_gets_a_suggestion() {
        let error = find("lab-2", None).unwrap_err().to_string();
        assert_eq!(error, "there is no lab `lab-2`; did you mean `lab-02`? (`--checks DIR` names a folder with labs of your own)");
    }

    #[test]
    fn a_folder_and_a_path_lead_to_the_same_lab() {
        let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
        let by_name = find("lab-02", Some(&checks)).unwrap();
        let by_path = find(&checks.join("lab-02/lab.yaml").display().to_string(), None).unwrap();
        let by_folder = find(&checks.join("lab-02").display().to_string(), None).unwrap();
        assert_eq!(by_name.source.text, by_path.source.text);
        assert_eq!(by_name.source.name, by_folder.source.name);
    }

    #[test]
    fn a_missing_folder_or_file_is_named() {
        assert!(find("lab-02", Some(Path::new("no/such/folder"))).unwrap_err().to_string().contains("no/such/folder"));
        assert!(find("no/such/lab.yaml", None).unwrap_err().to_string().contains("no/such/lab.yaml"));
    }

    #[test]
    fn every_carried_lab_is_clean() {
        for name in names(None).unwrap() {
            let found = find(&name, None).unwrap().lint();
            assert!(found.found.is_empty(), "{found}");
        }
    }
}
