//! What lint says about broken labs: every `fixtures/lint/*.yaml` has one mistake, and the text beside it (`*.err`) is what an author reads.
//!
//! `SNAPSHOTS=overwrite cargo test --test lint` writes the texts anew; read what changed before keeping it.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kgrade::lab::{Bindings, LabErrors, LabSource};
use proptest::prelude::*;
use snapbox::{Assert, Data};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut labs: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    labs.sort();
    labs
}

fn findings(path: &Path) -> LabErrors {
    let name = path.file_name().unwrap().to_string_lossy();
    match LabSource::parse_bytes(&name, &std::fs::read(path).unwrap()) {
        Ok(source) => source.lint(),
        Err(errors) => errors,
    }
}

#[test]
fn every_mistake_is_explained() {
    let assert = Assert::new().action_env("SNAPSHOTS");
    for path in fixtures() {
        let found = findings(&path);
        assert!(!found.found.is_empty(), "{} has no findings", path.display());
        assert.eq(found.render(false), Data::read_from(&path.with_extension("err"), None).raw());
    }
}

#[test]
fn every_finding_has_a_place_and_advice() {
    for path in fixtures() {
        for error in findings(&path).found {
            assert!(error.help.is_some(), "{}: {error} has no help", path.display());
            let whole_file = ["empty.yaml", "only-a-comment.yaml"].iter().any(|name| path.ends_with(name));
            assert!(error.span.is_some() || whole_file, "{}: {error} has no place", path.display());
            assert!(!error.message.starts_with(char::is_uppercase), "{}: {error} begins with a capital", path.display());
        }
    }
}

#[test]
fn only_labs_with_errors_are_refused() {
    let bindings = Bindings { run_id: "r1".into(), seed: 1 };
    for path in fixtures() {
        let refused = LabSource::load(&path).is_err_and(|errors| errors.errors() > 0)
            || LabSource::load(&path).is_ok_and(|source| source.resolve(&bindings).is_err());
        let warned = ["unused.yaml", "telling-id.yaml"].iter().any(|name| path.ends_with(name));
        assert_eq!(refused, !warned, "{}", path.display());
    }
}

#[test]
fn a_text_belongs_to_every_fixture() {
    let stems = |end: &str| -> BTreeSet<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|found| found == end)).map(|path| path.with_extension("")).collect()
    };
    assert_eq!(stems("yaml"), stems("err"));
}

fn lab_02() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/lab-02/lab.yaml")).unwrap()
}

/// Reads, resolves and renders, whatever the text is: nothing of it may panic.
fn survives(text: &str) {
    let rendered = match LabSource::parse("mutated.yaml", text) {
        Ok(source) => source.lint().render(true),
        Err(errors) => errors.render(true),
    };
    assert!(rendered.contains("mutated.yaml"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_labs_never_panic(cut in any::<prop::sample::Index>(), length in 0_usize..40, patch in "[-a-z0-9$(){}\\[\\]:,\"' \n\t&*!|>#é]{0,12}") {
        let lab = lab_02();
        let at = |wanted: usize| (0..=wanted.min(lab.len())).rev().find(|index| lab.is_char_boundary(*index)).unwrap();
        let start = at(cut.index(lab.len()));
        let end = at(start + length).max(start);
        survives(&format!("{}{patch}{}", &lab[..start], &lab[end..]));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        survives(&text);
    }
}
