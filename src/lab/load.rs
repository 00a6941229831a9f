//! A lab file, read but not yet resolved.

use std::path::Path;

use super::error::{Code, LabError, LabErrors, Severity};
use super::lint;
use super::model::Lab;
use super::node::{Content, Node};
use super::read::{MAX_BYTES, read};
use super::resolve::{Resolution, resolve};
use super::source::{Region, SourceText};
use crate::course::Course;

/// The name of a lab's handout, beside its file.
pub const HANDOUT: &str = "handout.md";

/// What a run gives to a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bindings {
    /// `$(run.id)`: short, and fit for topic names.
    pub run_id: String,
    /// `$(run.seed)`: decides every draw and all data.
    pub seed: u64,
}

/// A lab file as it was read: a text and its tree.
#[derive(Clone, Debug)]
pub struct LabSource {
    /// The text.
    pub source: SourceText,
    /// The tree.
    pub root: Node,
    /// The handout beside the file, empty where there is none: lint compares the sections that the lab names with it. `None` for a text that is no file.
    pub handout: Option<String>,
}

impl LabSource {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, or is not YAML of the check language.
    pub fn load(path: &Path) -> Result<Self, LabErrors> {
        let name = path.display().to_string();
        // One byte more than allowed is enough to refuse a file of any size.
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut bytes));
        match read {
            Ok(_) => Ok(Self { handout: Some(handout_beside(path).unwrap_or_default()), ..Self::parse_bytes(&name, &bytes)? }),
            Err(error) => {
                let found = LabError::of_file(Code::NO_TEXT, format!("the file cannot be read: {error}"));
                Err(LabErrors::new(SourceText::new(name, ""), vec![found.help("check the path and its permissions")]))
            }
        }
    }

    /// Reads bytes under a name.
    ///
    /// # Errors
    /// When they are not UTF-8, or not YAML of the check language.
    pub fn parse_bytes(name: &str, bytes: &[u8]) -> Result<Self, LabErrors> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(name, text),
            Err(error) => {
                let good = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default()).into_owned();
                let source = SourceText::new(name, format!("{good}\u{fffd}"));
                let found = LabError::new(Code::NO_TEXT, "the file is not UTF-8", source.span_at(good.len(), source.text.len()));
                Err(LabErrors::new(source, vec![found.help("save the file as UTF-8; bytes for a record go into `base64: …`")]))
            }
        }
    }

    /// Reads a text under a name.
    ///
    /// # Errors
    /// When it is not YAML of the check language.
    pub fn parse(name: &str, text: &str) -> Result<Self, LabErrors> {
        // An editor's byte order mark is not part of the file.
        let source = SourceText::new(name, text.strip_prefix('\u{feff}').unwrap_or(text));
        let root = read(&source).map_err(|error| LabErrors::new(source.clone(), vec![error]))?;
        if !matches!(root.content, Content::Map(_)) {
            let message = format!("a lab is a mapping of keys, found {}", root.content.describe());
            let found =
                LabError::new(Code::WRONG_TYPE, message, first_line(&source)).help("a lab begins with `kgrade: 1` and `lab: <name>`");
            return Err(LabErrors::new(source, vec![found]));
        }
        Ok(Self { source, root, handout: None })
    }

    /// The lab for one run: variables replaced, data made, everything checked.
    ///
    /// # Errors
    /// Every error that was found; warnings are left to [`lint`](Self::lint).
    pub fn resolve(&self, bindings: &Bindings) -> Result<Lab, LabErrors> {
        let Resolution { lab, found } = resolve(self, bindings);
        let errors: Vec<LabError> = found.into_iter().filter(|error| error.severity == Severity::Error).collect();
        match lab {
            Some(lab) if errors.is_empty() => Ok(lab),
            _ => Err(LabErrors::new(self.source.clone(), errors)),
        }
    }

    /// Everything that is wrong or doubtful, with example bindings: lint needs no run.
    pub fn lint(&self) -> LabErrors {
        let bindings = Bindings { run_id: "lint".into(), seed: 1 };
        let mut found = resolve(self, &bindings).found;
        found.extend(lint::sections::findings(&self.root, self.handout.as_deref()));
        LabErrors::new(self.source.clone(), found)
    }

    /// The same for a lab of a course: its checks' criteria are lines of it.
    pub fn lint_in(&self, course: &Course) -> LabErrors {
        let mut found = self.lint().found;
        found.extend(lint::criteria::findings(&self.root, course));
        LabErrors::new(self.source.clone(), found)
    }
}

/// The text of the handout in a lab file's folder; what cannot be read is as good as none.
fn handout_beside(lab: &Path) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(lab.with_file_name(HANDOUT)).ok()?;
    std::io::Read::read_to_string(&mut std::io::Read::take(file, u64::try_from(MAX_BYTES).ok()?), &mut text).ok()?;
    Some(text)
}

fn first_line(source: &SourceText) -> Region {
    source.span_at(0, source.text.lines().next().unwrap_or_default().len())
}
