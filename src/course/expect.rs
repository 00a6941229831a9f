//! What an author says of a wrong program: `expect.yaml` beside it names the checks that fail, and those that are skipped for that.
//!
//! ```yaml
//! mistake: no-key
//! why: The records have no key, so the events of one user lie on several partitions.
//! fails: [keyed]
//! skips: []
//! ```

use std::path::Path;

use serde::Deserialize;

use crate::lab::node::{Content, Node};
use crate::lab::source::Region;
use crate::lab::{Code, Lab, LabError, LabErrors, SourceText, de, read, suggestion};

/// The file's name in the folder of the program.
pub const FILE: &str = "expect.yaml";

/// What it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The name of the mistake: that of its folder.
    pub mistake: String,
    /// What is wrong about the program, for people.
    pub why: String,
    /// The full ids of the checks that fail.
    pub fails: Vec<String>,
    /// Those that are skipped, because they need one that fails.
    #[serde(default)]
    pub skips: Vec<String>,
}

/// An `expect.yaml` with its places.
#[derive(Debug, Clone)]
pub struct ExpectFile {
    /// What it says.
    pub expect: Expect,
    source: SourceText,
    root: Node,
}

impl ExpectFile {
    /// Reads the file of a program's folder.
    ///
    /// # Errors
    /// As [`Self::parse`], and when the file cannot be read.
    pub fn load(folder: &Path) -> Result<Self, LabErrors> {
        let path = folder.join(FILE);
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => {
                let found = LabError::of_file(Code::NO_TEXT, format!("the file cannot be read: {error}"));
                Err(LabErrors::new(SourceText::new(name, ""), vec![found.help("say there which checks the mistake fails")]))
            }
        }
    }

    /// Reads a text under a name.
    ///
    /// # Errors
    /// When it is no YAML, has a key that is not known here, or lacks one.
    pub fn parse(name: &str, text: &str) -> Result<Self, LabErrors> {
        let source = SourceText::new(name, text);
        let read = || -> Result<(Node, Expect), LabError> {
            let root = read::read(&source).map_err(|error| match error.code {
                Code::NO_TEXT => error.help("it begins with `mistake: <name of the folder>`"),
                _ => error,
            })?;
            let expect = de::from_node(&root)?;
            Ok((root, expect))
        };
        match read() {
            Ok((root, expect)) => Ok(Self { expect, source, root }),
            Err(error) => Err(LabErrors::new(source, vec![error])),
        }
    }

    /// What is wrong with it for this lab and in this folder; nothing when it is right.
    #[must_use]
    pub fn lint(&self, folder: &str, lab: &Lab) -> LabErrors {
        let mut found = Vec::new();
        if self.expect.mistake != folder {
            let message = format!("the folder is called `{folder}`, and the mistake `{}`", self.expect.mistake);
            found.push(LabError::new(Code::BAD_VALUE, message, self.at("mistake")).help("give both the same name"));
        }
        if self.expect.fails.is_empty() {
            let error = LabError::new(Code::ASSERTS_NOTHING, "a mistake that fails no check", self.at("fails"));
            found.push(error.help("name the check that tells it; a right program belongs into solution or also-right"));
        }
        let mut seen = Vec::new();
        for item in self.items("fails").iter().chain(self.items("skips")) {
            let Some(id) = item.text() else { continue };
            if lab.check(id).is_none() {
                let known = lab.checks.iter().map(|check| check.id.as_str());
                let error = LabError::new(Code::UNKNOWN_CHECK, format!("{} has no check `{id}`", lab.name), item.span);
                found.push(error.maybe_help(suggestion::advice(id, known)));
            }
            if seen.contains(&id) {
                let error = LabError::new(Code::BAD_VALUE, format!("the check `{id}` stands twice"), item.span);
                found.push(error.help("a check either fails or is skipped: keep one"));
            }
            seen.push(id);
        }
        LabErrors::new(self.source.clone(), found)
    }

    fn items(&self, key: &str) -> &[Node] {
        self.root.get(key).map(Node::items).unwrap_or_default()
    }

    fn at(&self, key: &str) -> Region {
        let value = self.root.get(key);
        value.filter(|node| !matches!(node.content, Content::Null)).map_or(self.root.anchor(), |node| node.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, find};

    fn lab() -> Lab {
        find::find("lab-02", None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 1 }).unwrap()
    }

    fn found(text: &str) -> Vec<String> {
        let errors = match ExpectFile::parse("no-key/expect.yaml", text) {
            Ok(file) => file.lint("no-key", &lab()),
            Err(errors) => errors,
        };
        let line = |error: &LabError| {
            let at = error.span.map_or("-".to_owned(), |span| format!("{}:{}", span.line, span.col));
            format!("{at} {} ({})", error.message, error.help.clone().unwrap_or_default())
        };
        errors.found.iter().map(line).collect()
    }

    #[test]
    fn what_a_mistake_fails_is_read_with_or_without_what_is_skipped() {
        let text = "mistake: no-key\nwhy: There is no key.\nfails: [keyed]\n";
        assert!(found(text).is_empty());
        let read = ExpectFile::parse("e", &format!("{text}skips: [json]\n")).unwrap().expect;
        assert_eq!((read.fails, read.skips), (vec!["keyed".to_owned()], vec!["json".to_owned()]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let head = "mistake: no-key\nwhy: x\n";
        assert_eq!(found(&format!("{head}fails: [keyd]\n")), ["3:9 lab-02 has no check `keyd` (did you mean `keyed`?)"]);
        assert_eq!(found(&format!("{head}failes: [keyed]\n")), ["3:1 unknown key `failes` (did you mean `fails`?)"]);
        assert_eq!(found(head), ["1:1 the key `fails` is missing (add `fails: …`)"]);
        assert_eq!(
            found(&format!("{head}fails: []\n")),
            ["3:8 a mistake that fails no check (name the check that tells it; a right program belongs into solution or also-right)"]
        );
        assert_eq!(
            found("mistake: no-kee\nwhy: x\nfails: [keyed]\nskips: [keyed]\n"),
            [
                "1:10 the folder is called `no-key`, and the mistake `no-kee` (give both the same name)",
                "4:9 the check `keyed` stands twice (a check either fails or is skipped: keep one)",
            ]
        );
        assert_eq!(found(""), ["- the file is empty (it begins with `mistake: <name of the folder>`)"]);
        assert!(ExpectFile::load(Path::new("no/such/folder")).unwrap_err().to_string().contains("no/such/folder/expect.yaml"));
    }
}
