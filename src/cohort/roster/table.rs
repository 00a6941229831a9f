//! A table of submissions in CSV, as spreadsheets write it.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Ids, Member, Problems, Repository, Roster, Source, check_id};
use crate::cohort::source;
use crate::course::{Moment, More};

/// The largest table, in bytes.
const LARGEST: u64 = 32 << 20;
/// The columns that mean something.
const COLUMNS: [&str; 7] = ["id", "name", "path", "url", "commit", "due", "extension"];

/// Reads a table.
pub(super) fn read(file: &Path) -> Result<Roster> {
    let shown = file.display();
    let mut bytes = Vec::new();
    let reading = || format!("read the cohort {shown}");
    std::fs::File::open(file).with_context(reading)?.take(LARGEST + 1).read_to_end(&mut bytes).with_context(reading)?;
    if bytes.len() as u64 > LARGEST {
        bail!("the cohort {shown} has more than {} MiB; name a CSV table with a row for each submission", LARGEST >> 20);
    }
    let folder = file.canonicalize().with_context(reading)?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    parse(&bytes, folder).map_err(|problems| anyhow::Error::new(problems).context(format!("the cohort {shown}")))
}

/// Reads the bytes of a table; its paths are relative to `folder`.
pub(super) fn parse(bytes: &[u8], folder: &Path) -> Result<Roster, Problems> {
    // Spreadsheets put a mark before UTF-8, and take a semicolon where the comma is in numbers.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let most = |a: &u8| head.iter().filter(|byte| *byte == a).count();
    let delimiter = *[b',', b';', b'\t'].iter().rev().max_by_key(|sign| most(sign)).unwrap_or(&b',');
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).trim(Trim::All).from_reader(bytes);
    let mut problems = Problems::default();
    let mut roster = Roster::default();
    let mut columns: Option<Columns> = None;
    let mut ids = Ids::default();
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                problems.0.push(format!("it cannot be read as CSV: {error}"));
                break;
            }
        }
        let line = line_of(bytes, record.position().map_or(0, csv::Position::byte));
        if record.iter().all(<[u8]>::is_empty) {
            continue;
        }
        let Ok(cells) = record.iter().map(|cell| std::str::from_utf8(cell).map(str::to_owned)).collect::<Result<Vec<_>, _>>() else {
            problems.0.push(format!("line {line} is not UTF-8; save the table as \"CSV UTF-8\""));
            if columns.is_none() {
                // Without a header nothing else can be said.
                break;
            }
            continue;
        };
        match &columns {
            None => match Columns::of(&cells) {
                Ok((known, notes)) => {
                    roster.notes.extend(notes);
                    columns = Some(known);
                }
                Err(problem) => {
                    problems.0.push(format!("line {line}: {problem}"));
                    break;
                }
            },
            Some(columns) => match columns.member(&cells, folder).and_then(|member| {
                ids.take(&member.id, &format!("line {line}"))?;
                Ok(member)
            }) {
                Ok(member) => roster.members.push(member),
                Err(problem) => problems.0.push(format!("line {line}: {problem}")),
            },
        }
    }
    if problems.0.is_empty() { Ok(roster) } else { Err(problems) }
}

/// The line on which a record begins: empty lines before it are no part of it.
fn line_of(bytes: &[u8], at: u64) -> usize {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (before, rest) = bytes.split_at(at);
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    before.iter().chain(empty).filter(|byte| **byte == b'\n').count() + 1
}

/// Which column holds what.
struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// Reads the header; also what there is to note of it.
    fn of(cells: &[String]) -> Result<(Self, Vec<String>), String> {
        let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_lowercase()).collect();
        for name in COLUMNS {
            if names.iter().filter(|other| *other == name).count() > 1 {
                return Err(format!("the column `{name}` is there twice"));
            }
        }
        let has = |name: &str| names.iter().any(|other| other == name);
        if !has("id") || !(has("path") || has("url")) {
            return Err("the header must name the columns `id`, and `path` or `url`".to_owned());
        }
        let unknown: Vec<&String> = names.iter().filter(|name| !name.is_empty() && !COLUMNS.contains(&name.as_str())).collect();
        let note = |name: &&String| format!("the column `{name}` of the cohort means nothing to kgrade and is ignored");
        let notes = unknown.iter().map(note).collect();
        Ok((Self { names }, notes))
    }

    fn cell<'a>(&self, cells: &'a [String], name: &str) -> Option<&'a str> {
        let nth = self.names.iter().position(|other| other == name)?;
        cells.get(nth).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    fn member(&self, cells: &[String], folder: &Path) -> Result<Member, String> {
        if cells.iter().skip(self.names.len()).any(|cell| !cell.trim().is_empty()) {
            return Err(format!(
                "there are {} cells for {} columns; put quotes around text that holds the separator",
                cells.len(),
                self.names.len()
            ));
        }
        let cell = |name: &str| self.cell(cells, name);
        let id = cell("id").ok_or("the id is empty")?;
        check_id(id)?;
        let named = |problem: String| format!("{id}: {problem}");
        let commit = cell("commit").map(|commit| source::check_commit(commit).map(|()| commit.to_owned())).transpose().map_err(named)?;
        let source = match (cell("path"), cell("url")) {
            (None, None) => return Err(named("there is neither a path nor a url".to_owned())),
            (Some(_), Some(_)) => return Err(named("there is a path and a url; leave one of the two empty".to_owned())),
            (None, Some(url)) => {
                source::check_url(url).map_err(named)?;
                Source::Git { from: Repository::Remote(url.to_owned()), commit }
            }
            (Some(path), None) => match commit {
                None => Source::Folder(folder.join(path)),
                Some(_) => Source::Git { from: Repository::Local(folder.join(path)), commit },
            },
        };
        let due = cell("due").map(str::parse::<Moment>).transpose().map_err(named)?;
        let extension = cell("extension").map(str::parse::<More>).transpose().map_err(named)?;
        Ok(Member { id: id.to_owned(), name: cell("name").map(str::to_owned), source, due, extension })
    }
}
