//! The submission's manifest, `kgrade.yaml`: which command is which program, and what must be built first.

use std::fmt;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use thiserror::Error;

/// The manifest's name at the submission's root.
pub(super) const FILE: &str = "kgrade.yaml";

/// The manifest's version that this kgrade reads.
const VERSION: u64 = 1;

/// The manifest as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    kgrade: Spanned<u64>,
    #[serde(default)]
    setup: Vec<Spanned<Words>>,
    #[serde(default)]
    labs: IndexMap<String, IndexMap<String, Spanned<Words>>>,
}

/// A command: its words, never a line for a shell. A line is read all the same, to say what to write instead.
#[derive(Debug)]
enum Words {
    List(Vec<String>),
    Line(String),
}

/// What is wrong with a manifest, and where.
#[derive(Debug, Error)]
#[error("{}:{line}:{column}: {message}\n{line:>5} | {text}\n      | {caret:>width$}", path.display(), caret = '^', width = *column as usize)]
pub struct ManifestError {
    /// The manifest.
    pub path: PathBuf,
    /// Counted from 1.
    pub line: u64,
    /// Counted from 1, in characters.
    pub column: u64,
    /// What is wrong and what to write instead.
    pub message: String,
    /// The line itself.
    pub text: String,
}

impl Manifest {
    /// Reads a manifest from its text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let manifest: Self = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let location = error.location().unwrap_or(Location::UNKNOWN);
            at(path, text, location, explain(&error))
        })?;
        if manifest.kgrade.value != VERSION {
            let message = format!("version {} is not known to this kgrade; write `kgrade: {VERSION}`", manifest.kgrade.value);
            return Err(at(path, text, manifest.kgrade.referenced, message));
        }
        let commands = manifest.setup.iter().chain(manifest.labs.values().flat_map(IndexMap::values));
        for command in commands {
            let message = match &command.value {
                Words::Line(line) => {
                    format!("a command is a list of words; write [{}]", line.split_whitespace().collect::<Vec<_>>().join(", "))
                }
                Words::List(words) if words.first().is_none_or(|word| word.trim().is_empty()) => {
                    "the command is empty; write its words as a list, such as [node, lab-02/producer.js]".to_owned()
                }
                Words::List(_) => continue,
            };
            return Err(at(path, text, command.referenced, message));
        }
        Ok(manifest)
    }

    /// The commands that prepare the submission, in order.
    pub fn setup(&self) -> Vec<Vec<String>> {
        self.setup.iter().map(|command| command.value.words()).collect()
    }

    /// The command of a lab's program, when the manifest names one.
    pub fn command(&self, lab: &str, program: &str) -> Option<Vec<String>> {
        Some(self.labs.get(lab)?.get(program)?.value.words())
    }
}

/// Says why a command would not work as a program: a wrapper that dies at the first signal and leaves the real program behind.
#[must_use]
pub fn wrapper(command: &[String]) -> Option<&'static str> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["go", "run", ..] => {
            Some("`go run` dies at the first signal before the program does; build with setup: [go, build, …] and name the binary")
        }
        ["npm" | "yarn" | "pnpm", "start" | "run" | "run-script" | "exec", ..] | ["npx", ..] => Some(
            "package runners die at the first signal before the program does; name the program itself, such as [node, lab-02/consumer.js]",
        ),
        ["mvn" | "./mvnw" | "gradle" | "./gradlew", ..] => Some(
            "build tools do not pass signals to the program; build with setup and name the program itself, such as [java, -jar, target/consumer.jar]",
        ),
        ["cargo", "run", ..] => Some("`cargo run` compiles before it starts; build with setup: [cargo, build] and name the binary"),
        _ => None,
    }
}

fn explain(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let nearest = expected.iter().max_by(|a, b| strsim::jaro(a, field).total_cmp(&strsim::jaro(b, field)));
            match nearest {
                Some(near) if strsim::jaro(near, field) > 0.7 => format!("unknown key `{field}`; did you mean `{near}`?"),
                _ => format!("unknown key `{field}`; a manifest has only {}", expected.join(", ")),
            }
        }
        serde_saphyr::Error::SerdeMissingField { field, .. } if *field == "kgrade" => {
            format!("the key `kgrade` is missing; begin the file with `kgrade: {VERSION}`")
        }
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` stands here a second time; keep one"),
        other => {
            let text = other.to_string();
            text.split_once(" at line ").map_or(text.clone(), |(text, _)| text.to_owned())
        }
    }
}

fn at(path: &Path, text: &str, location: Location, message: String) -> ManifestError {
    let (line, column) = (location.line().max(1), location.column().max(1));
    let shown = text.lines().nth(usize::try_from(line - 1).unwrap_or(usize::MAX)).unwrap_or_default();
    ManifestError { path: path.to_owned(), line, column, message, text: shown.to_owned() }
}

impl Words {
    fn words(&self) -> Vec<String> {
        match self {
            Self::List(words) => words.clone(),
            Self::Line(line) => vec![line.clone()],
        }
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a command as a list of words, such as [node, lab-02/producer.js]")
            }
            fn visit_str<E>(self, line: &str) -> Result<Words, E> {
                Ok(Words::Line(line.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Words::List(words))
            }
        }
        deserializer.deserialize_any(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Manifest::parse(Path::new("kgrade.yaml"), text).unwrap_err().to_string()
    }

    #[test]
    fn reads_setup_and_commands() {
        let text = "kgrade: 1\nsetup:\n  - [npm, ci]\nlabs:\n  lab-02:\n    producer: [node, lab-02/producer.js]\n";
        let manifest = Manifest::parse(Path::new("kgrade.yaml"), text).unwrap();
        assert_eq!(manifest.setup(), [["npm", "ci"]]);
        assert_eq!(manifest.command("lab-02", "producer").unwrap(), ["node", "lab-02/producer.js"]);
        assert_eq!(manifest.command("lab-02", "consumer"), None);
        assert_eq!(manifest.command("lab-03", "producer"), None);
        let numbers = Manifest::parse(Path::new("kgrade.yaml"), "kgrade: 1\nsetup:\n  - [sleep, 5, true]\n").unwrap();
        assert_eq!(numbers.setup(), [["sleep", "5", "true"]]);
    }

    #[test]
    fn says_where_and_what() {
        assert!(
            error("kgrade: 1\nlab:\n  x: 1\n")
                .starts_with("kgrade.yaml:2:1: unknown key `lab`; did you mean `labs`?\n    2 | lab:\n      | ^")
        );
        assert!(error("kgrade: 2\n").starts_with("kgrade.yaml:1:9: version 2 is not known to this kgrade; write `kgrade: 1`"));
        assert!(error("labs: {}\n").contains("begin the file with `kgrade: 1`"));
        assert!(error("kgrade: 1\nkgrade: 1\n").contains("`kgrade` stands here a second time"));
        let line = error("kgrade: 1\nlabs:\n  lab-02:\n    producer: node x.js\n");
        assert!(line.starts_with("kgrade.yaml:4:15: "), "{line}");
        assert!(line.contains("a command is a list of words; write [node, x.js]"), "{line}");
        let number = error("kgrade: 1\nsetup: 3\n");
        assert!(number.starts_with("kgrade.yaml:2:8: ") && !number.contains("at line"), "{number}");
        assert!(error("kgrade: 1\nsetup:\n  - []\n").starts_with("kgrade.yaml:3:5: the command is empty"));
    }

    #[test]
    fn knows_wrappers_that_swallow_signals() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(wrapper(&words("go run ./lab-02/consumer")).is_some());
        assert!(wrapper(&words("npm start")).is_some());
        assert!(wrapper(&words("node x.js")).is_none());
        assert!(wrapper(&words("./bin/consumer")).is_none());
    }
}
