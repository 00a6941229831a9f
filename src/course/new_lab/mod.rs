//! A lab to begin with: it grades as it is, and comes with the programs that prove it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::audit::Place;
use super::{FILE, Starter, Written};
use crate::lab::{is_id, schema};

const LAB: &str = include_str!("lab.yaml");
const HANDOUT: &str = include_str!("handout.md");
const STARTER: &str = include_str!("starter.py");
const SOLUTION: &str = include_str!("solution.py");
const EXPECT: &str = include_str!("expect.yaml");
const COURSE: &str = include_str!("course.yaml");
/// The line of the course that its check serves.
const LINE: &str = "Delivered every event of a topic";
/// The line of the right program that the mistake lacks.
const EARLIEST: &str = "    \"auto.offset.reset\": \"earliest\",\n";

/// A lab that is not written yet.
#[derive(Debug)]
pub struct NewLab {
    /// Its name: that of its folder.
    pub name: String,
    /// The course that it goes into.
    pub place: Place,
    /// Whether the course is there already: then it has to be told of the lab.
    pub joins: bool,
}

impl NewLab {
    /// A lab in this folder, with its programs in `fixtures`, or in the folder of that name beside the course.
    ///
    /// # Errors
    /// When the folder's name is no name of a lab, it holds a lab already, or it stands in no folder of a course.
    pub fn at(folder: &Path, fixtures: Option<&Path>) -> Result<Self> {
        let shown = folder.display();
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            bail!("{shown} gives the lab no name; name a folder such as my-course/lab-30");
        };
        if !is_id(name) {
            bail!("`{name}` is no name for a lab: small letters, digits and dashes, such as lab-30");
        }
        let course = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let joins = course.join(FILE).exists();
        // The programs go beside the course: out of the folder that the author stands in.
        if !joins && course == Path::new(".") && fixtures.is_none() {
            bail!("a lab stands in the folder of its course, and there is no {FILE} here; name a folder for it, such as my-course/{name}");
        }
        if folder.join("lab.yaml").exists() {
            bail!("{shown} holds a lab already; nothing was written");
        }
        Ok(Self { name: name.to_owned(), place: Place::new(course, fixtures), joins })
    }

    /// Writes the files, never over one that is there.
    ///
    /// # Errors
    /// When a file or a folder cannot be made; what was written before stays.
    pub fn write(&self) -> Result<Written> {
        Starter::of_files(self.files()).write(Path::new(""))
    }

    /// A program of the lab, for example `solution`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.place.fixtures.join(&self.name).join(name)
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (checks, name) = (&self.place.checks, &self.name);
        let lab = checks.join(name);
        // In a course that is there already, the author knows which line it serves.
        let criterion = if self.joins { String::new() } else { format!("    criterion: {LINE}\n") };
        let mistake = "mistakes/reads-from-the-end";
        let own = |folder: PathBuf| folder.join(name).join("relay.py");
        let mut files = vec![
            (lab.join("lab.yaml"), LAB.replace("CRITERION_LINE", &criterion)),
            (lab.join("handout.md"), HANDOUT.to_owned()),
            (own(lab.join("starter")), STARTER.to_owned()),
            (own(self.program("solution")), SOLUTION.to_owned()),
            (own(self.program(mistake)), SOLUTION.replace(EARLIEST, "")),
            (self.program(mistake).join("expect.yaml"), EXPECT.to_owned()),
        ];
        if !self.joins {
            files.push((checks.join(FILE), COURSE.replace("COURSE_LINE", LINE)));
        }
        let named = files.into_iter().map(|(path, text)| (path, text.replace("LAB_NAME", name)));
        named.chain([(checks.join("schema/lab.v1.json"), schema::text())]).map(|(path, text)| (path, text.into_bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;
    use crate::course::audit::Audit;

    fn audited(place: &Place) -> Vec<String> {
        let course = Course::of(Some(&place.checks)).unwrap().unwrap();
        let audit = Audit::of(&course, place, &[]).unwrap();
        assert!(audit.labs.iter().all(|lab| lab.findings.is_empty() || !lab.faults.is_empty()), "{audit:#?}");
        audit.faults.into_iter().chain(audit.labs.into_iter().flat_map(|lab| lab.faults)).collect()
    }

    #[test]
    fn a_new_lab_makes_a_course_in_which_nothing_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let new = NewLab::at(&folder.path().join("my-course/lab-30"), None).unwrap();
        assert!(!new.joins);
        let written = new.write().unwrap();
        assert_eq!((written.new.len(), written.kept.len()), (8, 0));
        assert!(audited(&new.place).is_empty());
        let mistake = std::fs::read_to_string(new.program("mistakes/reads-from-the-end/lab-30/relay.py")).unwrap();
        assert_eq!(mistake.lines().count() + 1, SOLUTION.lines().count());
        for path in written.new.iter().filter(|path| !path.ends_with("lab.v1.json")) {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(!["LAB_NAME", "COURSE_LINE", "CRITERION_LINE"].iter().any(|word| text.contains(word)), "{}", path.display());
        }
    }

    #[test]
    fn a_second_lab_is_told_to_the_course_by_its_author() {
        let folder = tempfile::tempdir().unwrap();
        NewLab::at(&folder.path().join("my-course/lab-30"), None).unwrap().write().unwrap();
        let second = NewLab::at(&folder.path().join("my-course/lab-31"), None).unwrap();
        assert!(second.joins);
        let written = second.write().unwrap();
        let kept: Vec<_> = written.kept.iter().map(|kept| kept.name.clone()).collect();
        assert_eq!(kept, [folder.path().join("my-course/schema/lab.v1.json")]);
        let faults = audited(&second.place).join("\n");
        assert!(faults.contains("course.yaml does not name lab-31"), "{faults}");
        assert!(faults.contains("the check `delivers` has no `criterion`"), "{faults}");
    }

    #[test]
    fn nothing_is_written_over_and_a_bad_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my-course/lab-30");
        NewLab::at(&path, None).unwrap().write().unwrap();
        let refused = |path: &Path| NewLab::at(path, None).unwrap_err().to_string();
        assert!(refused(&path).ends_with("holds a lab already; nothing was written"));
        assert!(refused(Path::new("my-course/Lab 30")).starts_with("`Lab 30` is no name for a lab"));
        assert!(refused(Path::new("..")).contains("gives the lab no name"));
        assert!(refused(Path::new("lab-30")).ends_with("such as my-course/lab-30"));
    }
}
