use super::*;
use crate::course::Course;
use crate::report::terminal::Style;

/// The roadmap's lines as words: without what only Markdown needs.
fn words_of(roadmap: &str) -> Vec<String> {
    let mut fenced = false;
    let mut words = Vec::new();
    for line in roadmap.lines() {
        fenced ^= line.starts_with("```");
        let line = line.trim();
        if line.is_empty() || line.starts_with("```") {
            continue;
        }
        let bare = line.trim_start_matches('#').trim_start().trim_start_matches("- ").trim_start_matches("[ ] ").replace("**", "");
        words.push(bare);
    }
    assert!(!fenced);
    words
}

#[test]
fn the_roadmap_is_told_line_by_line() {
    let course = Course::of(None).unwrap().unwrap();
    let style = Style { width: 400, ..Style::FILE };
    let page = roadmap::render(&course, None, &[], &style);
    let mut told = page.lines().map(str::trim);
    let words = words_of(include_str!("../../../fixtures/course/roadmap.md"));
    assert!(words.len() > 150, "{}", words.len());
    for word in words {
        let found = told.by_ref().any(|line| line.trim_start_matches("- ").trim_start_matches("[ ] ") == word);
        assert!(found, "`{word}` is not told, or not in its place:\n{page}");
    }
}
