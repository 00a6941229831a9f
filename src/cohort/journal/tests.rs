//! Journals that end anywhere.

use super::*;

fn start() -> Line {
    Line::Batch(Start {
        schema: SCHEMA.to_owned(),
        lab: "lab-02".to_owned(),
        checks_digest: "c".to_owned(),
        kgrade: "0.1.0".to_owned(),
        shard: Some("1/2".to_owned()),
        at: 1,
    })
}

fn record(id: &str, key: &str) -> Record {
    Record {
        id: id.to_owned(),
        key: key.to_owned(),
        state: State::Graded,
        why: Some("ünique\n\"words\"".to_owned()),
        tries: 1,
        result: None,
        at: 2,
        took_ms: 3,
    }
}

#[test]
fn a_journal_that_ends_anywhere_is_repaired_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let lines = [start(), Line::Done(record("ada", "1")), Line::Done(record("bob", "2")), Line::Done(record("ada", "3"))];
    let (mut journal, past) = Journal::open(&path).unwrap();
    assert_eq!(past, Past::default());
    let mut ends = vec![0];
    for line in &lines {
        journal.add(line).unwrap();
        ends.push(std::fs::metadata(&path).unwrap().len());
    }
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let kept = ends.iter().filter(|end| **end <= length as u64).count() - 1;
        let (mut journal, past) = Journal::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), ends[kept], "cut at {length}");
        assert_eq!((past.starts.len(), past.damaged), (usize::from(kept > 0), 0), "cut at {length}");
        let mut expected = IndexMap::new();
        for line in &lines[..kept] {
            if let Line::Done(record) = line {
                expected.insert(record.id.clone(), record.clone());
            }
        }
        assert_eq!(past.records, expected, "cut at {length}");
        journal.add(&Line::Done(record("eve", "4"))).unwrap();
        let (past, all) = read(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((past.records.len(), past.damaged), (expected.len() + 1, 0), "cut at {length}");
        assert_eq!(all as u64, std::fs::metadata(&path).unwrap().len());
    }
}

#[test]
fn the_last_line_of_a_submission_holds() {
    let text: String = [record("ada", "1"), record("bob", "2"), record("ada", "3")]
        .map(|record| serde_json::to_string(&Line::Done(record)).unwrap() + "\n")
        .concat();
    let (past, _) = read(text.as_bytes()).unwrap();
    assert_eq!(past.records["ada"].key, "3");
    assert_eq!(past.records.len(), 2);
}

#[test]
fn a_damaged_line_costs_one_submission_and_is_counted() {
    let line = |id| serde_json::to_string(&Line::Done(record(id, "1"))).unwrap();
    let text = format!("{}\n{}\n\0\0\0\n{}\n", line("ada"), &line("bob")[..20], line("eve"));
    let (past, _) = read(text.as_bytes()).unwrap();
    assert_eq!(past.records.keys().collect::<Vec<_>>(), ["ada", "eve"]);
    assert_eq!(past.damaged, 2);
}

#[test]
fn another_version_is_refused() {
    let text = serde_json::to_string(&start()).unwrap().replace(SCHEMA, "kgrade/journal/v9") + "\n";
    assert!(read(text.as_bytes()).unwrap_err().to_string().contains("kgrade/journal/v9"));
}
