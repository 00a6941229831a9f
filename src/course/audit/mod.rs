//! What is wrong with a course, as far as it can be seen without grading: its labs and their handouts, its criteria and checkpoints, and the
//! programs that prove the labs.

mod handout;
mod proof;
pub(super) mod served;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::conform::Wanted;
use super::expect::{Expect, ExpectFile, FILE as EXPECT};
use super::fixtures::{Fixtures, Program, Role};
use super::{Course, checkpoint};
use crate::lab::find::{self, FindError};
use crate::lab::{Bindings, Lab, LabErrors, Owner};

/// A course, read whole.
#[derive(Debug)]
pub struct Audit {
    /// Its title.
    pub title: String,
    /// What is wrong with `course.yaml`, a sentence each; empty when only some labs are looked at.
    pub faults: Vec<String>,
    /// The labs that the course names and that are not there yet.
    pub awaited: Vec<String>,
    /// The labs that are there.
    pub labs: Vec<LabAudit>,
}

/// A lab of a course, with the programs that prove it.
#[derive(Debug)]
pub struct LabAudit {
    /// Its name.
    pub name: String,
    /// The lab; `None` when its file is wrong.
    pub lab: Option<Lab>,
    /// What is wrong or doubtful in its files, with places.
    pub findings: Vec<LabErrors>,
    /// What else is wrong, a sentence each.
    pub faults: Vec<String>,
    /// What is to be graded, and what it is to come to.
    pub programs: Vec<(Program, Wanted)>,
    /// Why nothing of it can be graded here, as what follows "it".
    pub left: Option<String>,
}

/// Where a course is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder with `course.yaml` and the labs.
    pub checks: PathBuf,
    /// The folder with the programs, one folder for each lab.
    pub fixtures: PathBuf,
}

impl Place {
    /// A course's folder; its programs are in `fixtures` beside it unless another folder is named.
    #[must_use]
    pub fn new(checks: &Path, fixtures: Option<&Path>) -> Self {
        let beside = || match checks.file_name() {
            Some(_) => checks.with_file_name("fixtures"),
            // `.` and `..` have no name of their own.
            None => checks.join("../fixtures"),
        };
        Self { checks: checks.to_owned(), fixtures: fixtures.map_or_else(beside, Path::to_owned) }
    }
}

impl Audit {
    /// Looks at a course; with `only`, at these labs of it alone.
    ///
    /// # Errors
    /// When a folder cannot be read, or `only` names a lab that is not there. Whatever is wrong with the course is in the audit.
    pub fn of(course: &Course, place: &Place, only: &[String]) -> Result<Self> {
        let names = find::names(Some(&place.checks))?;
        if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
            // It gives the nearest name.
            find::find(unknown, Some(&place.checks))?;
            bail!("`{unknown}` is a path; name the lab, such as lab-02");
        }
        let mut labs = Vec::new();
        for name in &names {
            labs.push(LabAudit::of(course, place, name)?);
        }
        let there = |name: &&String| !names.contains(name);
        let awaited = course.labs().filter(there).cloned().collect();
        let faults = if only.is_empty() { course_faults(course, &names, &labs) } else { Vec::new() };
        labs.retain(|lab| only.is_empty() || only.contains(&lab.name));
        Ok(Self { title: course.title.clone(), faults, awaited, labs })
    }

    /// How many things are wrong.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.faults.len() + self.labs.iter().map(LabAudit::wrong).sum::<usize>()
    }
}

impl LabAudit {
    /// How many things are wrong with it.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.faults.len() + self.findings.iter().map(LabErrors::errors).sum::<usize>()
    }

    /// The mistakes with what they fail.
    pub fn mistakes(&self) -> impl Iterator<Item = (&str, &Expect)> {
        self.programs.iter().filter_map(|(program, wanted)| match wanted {
            Wanted::Wrong(expect) => Some((program.own_name(), expect)),
            Wanted::Right | Wanted::Untouched => None,
        })
    }

    fn of(course: &Course, place: &Place, name: &str) -> Result<Self> {
        let mut audit =
            Self { name: name.to_owned(), lab: None, findings: Vec::new(), faults: Vec::new(), programs: Vec::new(), left: None };
        match find::find(name, Some(&place.checks)) {
            Ok(source) => {
                audit.findings.push(source.lint_in(course));
                // Nothing here depends on what is drawn.
                audit.lab = source.resolve(&Bindings { run_id: "audit".to_owned(), seed: 0 }).ok();
            }
            Err(FindError::Lab(errors)) => audit.findings.push(errors),
            Err(error) => return Err(error.into()),
        }
        audit.faults.extend(served::named(course, name));
        if let Some(lab) = audit.lab.as_ref().filter(|lab| lab.name != name) {
            audit.faults.push(format!("the folder is called {name}, and the lab `{}`; give both the same name", lab.name));
        }
        audit.look_at_handout(&place.checks.join(name).join("handout.md"));
        audit.look_at_programs(place)?;
        audit.findings.retain(|errors| !errors.found.is_empty());
        Ok(audit)
    }

    fn look_at_handout(&mut self, path: &Path) {
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let found = self.lab.iter().flat_map(|lab| handout::faults(&text, lab));
                self.faults.extend(found.map(|fault| format!("{shown}: {fault}")));
            }
            Err(error) => self.faults.push(format!("{shown}: the handout cannot be read: {error}; learners need to know what is asked")),
        }
    }

    fn look_at_programs(&mut self, place: &Place) -> Result<()> {
        let folder = place.fixtures.join(&self.name);
        let fixtures = Fixtures::of(&folder)?;
        let starter = place.checks.join(&self.name).join("starter");
        if starter.is_dir() {
            self.programs.push((Program { role: Role::Starter, name: "starter".to_owned(), folder: starter }, Wanted::Untouched));
        }
        for stray in &fixtures.strays {
            let stray = stray.display();
            self.faults
                .push(format!("{stray}: nothing grades it; call it solution or solution-NAME, or put it into also-right or mistakes"));
        }
        for program in fixtures.programs {
            if let Some(wanted) = self.wanted(&program) {
                self.programs.push((program, wanted));
            }
        }
        let Some(lab) = &self.lab else { return Ok(()) };
        self.faults.extend(served::without_criterion(lab));
        self.faults.extend(proof::faults(&folder, lab, &self.programs));
        let left =
            (lab.cluster.owner == Owner::Learner).then_some("is about the learner's own cluster, and each of its programs needs one");
        let left = left.or(fixtures.steps.as_ref().map(|_| "needs steps that a person does before it is graded"));
        let steps = fixtures.steps.map(|path| format!(" ({} has the steps)", path.display())).unwrap_or_default();
        self.left = left.map(|left| format!("{left}{steps}"));
        Ok(())
    }

    /// What a program is to come to; `None` when its `expect.yaml` does not say, which is noted.
    fn wanted(&mut self, program: &Program) -> Option<Wanted> {
        if program.role != Role::Mistake {
            let path = program.folder.join(EXPECT);
            if path.exists() {
                self.faults
                    .push(format!("{}: a right program fails nothing; remove the file, or put the program into mistakes", path.display()));
            }
            return Some(Wanted::Right);
        }
        match ExpectFile::load(&program.folder) {
            Ok(file) => {
                self.findings.extend(self.lab.iter().map(|lab| file.lint(program.own_name(), lab)));
                Some(Wanted::Wrong(file.expect))
            }
            Err(errors) => {
                self.findings.push(errors);
                None
            }
        }
    }
}

fn course_faults(course: &Course, names: &[String], audits: &[LabAudit]) -> Vec<String> {
    let mut found = served::named_twice(course);
    // What no check serves can be told when all labs can be read.
    let labs: Vec<&Lab> = audits.iter().filter_map(|audit| audit.lab.as_ref()).collect();
    if labs.len() == names.len() {
        found.extend(checkpoint::faults(course, &labs));
        let unserved = served::unserved(course, &labs);
        found.extend(unserved.into_iter().map(|line| format!("no check serves \"{line}\"; name it as the `criterion` of one that does")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_beside_the_course() {
        let fixtures =
            |checks: &str, named: Option<&str>| Place::new(Path::new(checks), named.map(Path::new)).fixtures.display().to_string();
        assert_eq!(fixtures("checks", None), "fixtures");
        assert_eq!(fixtures("/a/checks/", None), "/a/fixtures");
        assert_eq!(fixtures(".", None), "./../fixtures");
        assert_eq!(fixtures("checks", Some("proofs")), "proofs");
    }

    #[test]
    fn the_course_that_kgrade_carries_is_as_it_should_be() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let place = Place::new(&root.join("checks"), None);
        let course = Course::of(Some(&place.checks)).unwrap().unwrap();
        let audit = Audit::of(&course, &place, &[]).unwrap();
        let faults: Vec<&String> = audit.faults.iter().chain(audit.labs.iter().flat_map(|lab| &lab.faults)).collect();
        assert_eq!(audit.wrong(), 0, "{faults:#?} {:?}", audit.labs.iter().map(|lab| &lab.findings).collect::<Vec<_>>());
        assert!(audit.awaited.contains(&"lab-25".to_owned()));
        let left: Vec<_> = audit.labs.iter().filter(|lab| lab.left.is_some()).map(|lab| lab.name.as_str()).collect();
        assert_eq!(left, ["lab-01"]);
        assert!(audit.labs.iter().all(|lab| lab.programs.len() > 5));
    }

    #[test]
    fn a_lab_that_is_not_there_gets_the_nearest_name() {
        let place = Place::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("checks"), None);
        let course = Course::of(Some(&place.checks)).unwrap().unwrap();
        let error = Audit::of(&course, &place, &["lab-2".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "there is no lab `lab-2`; did you mean `lab-02`?");
        let one = Audit::of(&course, &place, &["lab-02".to_owned()]).unwrap();
        assert_eq!(one.labs.iter().map(|lab| lab.name.as_str()).collect::<Vec<_>>(), ["lab-02"]);
    }
}
