//! Tables that must agree with the code, and links that must lead somewhere.

use std::collections::BTreeSet;

use kgrade::exit;

use super::markdown::{anchors, links};
use super::{pages, read, root};

/// The names in backquotes of a text.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section `{heading}`"));
    rest.split("\n## ").next().unwrap()
}

/// The crates of a section of Cargo.toml.
fn crates(manifest: &str, section: &str) -> BTreeSet<String> {
    let (_, rest) = manifest.split_once(&format!("[{section}]\n")).unwrap();
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

#[test]
fn the_dependency_table_names_the_crates_of_the_manifest() {
    let (page, manifest) = (read("README.md"), read("Cargo.toml"));
    let text = section(&page, "What it rests on");
    let rows: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let named: BTreeSet<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(rows.len(), named.len(), "a crate stands twice in the README's dependency table");
    let used = crates(&manifest, "dependencies");
    assert!(used.len() > 10 && used.contains("rdkafka"), "the manifest was not understood: {used:?}");
    assert_eq!(named, used, "the README's dependency table (left) and Cargo.toml (right)");

    let (_, tests) = text.split_once("For tests:").expect("the paragraph about tests and benchmarks");
    let named: BTreeSet<String> = quoted(tests).into_iter().map(str::to_owned).collect();
    let only_tests: BTreeSet<String> = crates(&manifest, "dev-dependencies").difference(&used).cloned().collect();
    assert_eq!(named, only_tests, "the README's paragraph about tests (left) and the dev-dependencies (right)");
}

#[test]
fn the_table_of_exit_codes_is_complete() {
    let page = read("README.md");
    let rows = section(&page, "For learners").lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()?.parse::<u8>().ok());
    let codes = [
        exit::ALL_PASSED,
        exit::SOMETHING_FAILED,
        exit::USAGE,
        exit::ENVIRONMENT,
        exit::NOTHING_SELECTED,
        exit::NOT_SHOWN,
        exit::INTERRUPTED,
    ];
    assert_eq!(rows.collect::<Vec<_>>(), codes);
}

#[test]
fn the_folders_of_the_source_are_all_in_the_picture() {
    let page = read("README.md");
    let text = section(&page, "How the pieces fit");
    for entry in std::fs::read_dir(root().join("src")).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = format!("`src/{}/`", entry.file_name().into_string().unwrap());
        assert!(text.contains(&name), "{name} is not in the README's table of folders");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for name in pages() {
        let page = read(&name);
        for link in links(&page).iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let here = root().join(&name);
            let target = if file.is_empty() { here.clone() } else { here.parent().unwrap().join(file) };
            assert!(target.exists(), "{name} links to {link}, which is not there");
            if let Some(anchor) = anchor {
                assert!(anchors(&read(&target)).contains(&anchor.to_owned()), "{name} links to {link}: no such heading");
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}
