//! A submission as a record in the queue.
//!
//! Records can come from other programs than kgrade, so they are read strictly: sizes are capped, unknown fields are refused, and names that
//! become names of files or arguments are plain. What grading is done *with* (the sandbox, limits, the labs) is the worker's and not the
//! record's to say.

use std::path::PathBuf;

use anyhow::{Context, Error, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cohort::roster::check_id;
use crate::cohort::source::check_url;
use crate::course::{Moment, More};

/// The version of the record's form.
pub const SCHEMA: &str = "kgrade/submission/v1";

/// The largest record, in bytes.
pub(super) const MOST_BYTES: usize = 64 << 10;
/// The longest text in any other field, in bytes.
const MOST_TEXT: usize = 4096;

/// A submission that is to be graded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Whose it is: names files, and is one of a kind among the submissions for a lab.
    pub id: String,
    /// The learner's name, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The lab's name.
    pub lab: String,
    /// SHA-256 of the lab file that it is to be graded by, in hex.
    pub checks_digest: String,
    /// Where it is.
    pub content: Content,
    /// When it is due, when that is not what the worker's rules on late submissions say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
    /// How much more time this learner has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<More>,
    /// [`Submitted::digest`]: what makes two records the same.
    pub key: String,
}

/// Where a submission is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Content {
    /// In a folder that all workers see under this name.
    Folder {
        /// The folder, as an absolute path.
        path: PathBuf,
        /// The digest of its content, in hex: what was added is what is graded.
        digest: String,
    },
    /// In a git repository on another machine.
    Git {
        /// Its address.
        url: String,
        /// The commit, as 40 or 64 hex digits.
        commit: String,
    },
    /// In a git repository that all workers see under this name.
    Repository {
        /// The repository, as an absolute path.
        path: PathBuf,
        /// The commit, as 40 or 64 hex digits.
        commit: String,
    },
}

impl Submitted {
    /// A record with its key.
    ///
    /// # Errors
    /// As [`Self::read`]: nothing is made that would not be read.
    pub fn new(mut self) -> Result<Self> {
        SCHEMA.clone_into(&mut self.schema);
        self.key = self.digest();
        self.check()?;
        Ok(self)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is too large, no JSON, of another version, has fields that are not known or not plain, or a key that is not its own.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        ensure!(!bytes.is_empty(), "it is empty");
        ensure!(bytes.len() <= MOST_BYTES, "it has {} bytes, more than the {MOST_BYTES} that a record may have", bytes.len());
        let record: Self = serde_json::from_slice(bytes).context("it is not of the form that a submission has")?;
        record.check()?;
        Ok(record)
    }

    /// The record's bytes.
    ///
    /// # Errors
    /// None in practice: a record is plain data.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).context("failed to write a submission as JSON")
    }

    /// What Kafka's key is: the lab and the id, so that what concerns one learner's lab stays in one partition, in order.
    #[must_use]
    pub fn record_key(&self) -> String {
        record_key(&self.lab, &self.id)
    }

    /// SHA-256 over everything that decides what the grade is, in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let (kind, place, digest) = match &self.content {
            Content::Folder { digest, .. } => ("folder", "", digest.as_str()),
            Content::Git { url, commit } => ("git", url.as_str(), commit.as_str()),
            Content::Repository { commit, .. } => ("git", "", commit.as_str()),
        };
        let text = |value: Option<String>| value.unwrap_or_default();
        let (due, extension) = (text(self.due.map(|due| due.to_string())), text(self.extension.map(|more| more.to_string())));
        let mut hash = Sha256::new();
        for part in [
            SCHEMA,
            &self.id,
            self.name.as_deref().unwrap_or_default(),
            &self.lab,
            &self.checks_digest,
            kind,
            place,
            digest,
            &due,
            &extension,
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn check(&self) -> Result<()> {
        ensure!(self.schema == SCHEMA, "it is of schema {:?}; this kgrade reads {SCHEMA:?}", cut(&self.schema));
        check_id(&self.id).map_err(Error::msg)?;
        ensure!(safe_name(&self.lab), "its lab {:?} is no lab's name", cut(&self.lab));
        ensure!(is_hex(&self.checks_digest, &[64]), "its checks_digest is no SHA-256");
        ensure!(self.name.as_ref().is_none_or(|name| name.len() <= MOST_TEXT), "its name is too long");
        match &self.content {
            Content::Folder { path, digest } => {
                ensure!(path.is_absolute(), "its folder is no absolute path");
                ensure!(path.as_os_str().len() <= MOST_TEXT && is_hex(digest, &[64]), "its folder's digest is no SHA-256");
            }
            Content::Git { url, commit } => {
                ensure!(url.len() <= MOST_TEXT, "its url is too long");
                check_url(url).map_err(Error::msg)?;
                ensure!(is_hex(commit, &[40, 64]), "its commit is not the whole name of one");
            }
            Content::Repository { path, commit } => {
                ensure!(path.is_absolute() && path.as_os_str().len() <= MOST_TEXT, "its repository is no absolute path");
                ensure!(is_hex(commit, &[40, 64]), "its commit is not the whole name of one");
            }
        }
        if self.key != self.digest() {
            bail!("its key does not belong to what it says");
        }
        Ok(())
    }
}

/// The key of the records that tell of a learner's submission for a lab.
pub(super) fn record_key(lab: &str, id: &str) -> String {
    format!("{lab}/{id}")
}

/// Whether a lab's name can be the name of a folder and a word on a command line.
pub(super) fn safe_name(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
    (1..=100).contains(&name.len()) && name.chars().all(plain) && !name.starts_with(['.', '-'])
}

fn is_hex(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn sample(id: &str) -> Submitted {
        let content = Content::Folder { path: "/srv/cohort/ada".into(), digest: "ab".repeat(32) };
        let (lab, checks_digest) = ("lab-02".to_owned(), "cd".repeat(32));
        let record = Submitted {
            schema: String::new(),
            id: id.to_owned(),
            name: Some("Ada".to_owned()),
            lab,
            checks_digest,
            content,
            due: None,
            extension: None,
            key: String::new(),
        };
        record.new().unwrap()
    }

    #[test]
    fn a_record_is_read_back() {
        let record = sample("ada");
        assert_eq!(Submitted::read(&record.bytes().unwrap()).unwrap(), record);
        let git = Content::Git { url: "https://example.org/ada.git".to_owned(), commit: "0".repeat(40) };
        let git = Submitted { content: git, ..record.clone() }.new().unwrap();
        assert_eq!(Submitted::read(&git.bytes().unwrap()).unwrap(), git);
        assert_ne!(git.key, record.key);
        let moved = Content::Folder { path: "/elsewhere".into(), digest: "ab".repeat(32) };
        assert_eq!(Submitted { content: moved, ..record.clone() }.digest(), record.key, "the same work in another place");
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        let good: serde_json::Value = serde_json::from_slice(&sample("ada").bytes().unwrap()).unwrap();
        let refused = |pointer: &str, value: serde_json::Value| {
            let mut wrong = good.clone();
            match pointer.split_once('+') {
                Some((place, name)) => {
                    wrong.pointer_mut(place).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value).map_or((), drop)
                }
                None => *wrong.pointer_mut(pointer).unwrap() = value,
            }
            // With a key that fits, so that the key is not why.
            if pointer != "/key"
                && let Ok(mut record) = serde_json::from_value::<Submitted>(wrong.clone())
            {
                record.key = record.digest();
                wrong = serde_json::to_value(record).unwrap();
            }
            Submitted::read(&serde_json::to_vec(&wrong).unwrap()).unwrap_err().to_string()
        };
        for (pointer, value) in [
            ("/id", "../../etc".into()),
            ("/id", "".into()),
            ("/id", ".hidden".into()),
            ("/id", "-x".into()),
            ("/id", "a/b".into()),
            ("/id", "x".repeat(101).into()),
            ("/id", 7.into()),
            ("/lab", "--sandbox=none".into()),
            ("/lab", "/tmp/lab.yaml".into()),
            ("/schema", "kgrade/submission/v2".into()),
            ("/checks_digest", "CD".repeat(32).into()),
            ("/content/folder/path", "relative".into()),
            ("/content/folder/digest", "x".into()),
            ("/key", "ab".repeat(32).into()),
            ("+due", "yesterday".into()),
            ("+extension", "-2d".into()),
            ("+sandbox", "none".into()),
            ("/content/folder+sandbox", "none".into()),
            ("/content+git", serde_json::json!({"url": "u", "commit": "0".repeat(40)})),
        ] {
            let why = refused(pointer, value.clone());
            assert!(!why.is_empty() && why.len() < 300, "{pointer} {value}: {why}");
        }
        let lengths =
            Submitted { extension: Some("2d".parse().unwrap()), due: Some("2026-12-01T12:00:00+01:00".parse().unwrap()), ..sample("ada") };
        let lengths = lengths.new().unwrap();
        assert_eq!(Submitted::read(&lengths.bytes().unwrap()).unwrap(), lengths);
        assert_ne!(lengths.key, sample("ada").key);
        let git = |url: &str, commit: &str| {
            let content = Content::Git { url: url.to_owned(), commit: commit.to_owned() };
            Submitted { content, ..sample("ada") }.new().is_err()
        };
        assert!(git("--upload-pack=touch /tmp/x", &"0".repeat(40)) && git("https://example.org/x", "HEAD") && git("u\nv", &"0".repeat(40)));
        assert!(Submitted::read(&[]).is_err() && Submitted::read(b"\xff").is_err() && Submitted::read(&b"[".repeat(1 << 16)).is_err());
    }
}
