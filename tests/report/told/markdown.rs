//! Markdown, by a CommonMark parser with all of GitHub's additions, and then some.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::{Told, grade, of_points, told, verdict};

/// The tags of a summary that are kgrade's own.
const TAGS: &[&str] = &["<details>", "<summary>", "<code>", "</code>", "</summary>", "</details>"];

fn events(text: &str) -> Vec<Event<'_>> {
    let all = Options::all() - Options::ENABLE_OLD_FOOTNOTES - Options::ENABLE_SMART_PUNCTUATION;
    Parser::new_ext(text, all).collect()
}

/// Fails when there is anything in the page that kgrade does not put there: links, images, HTML, mentions, references …
pub fn assert_inert(name: &str, text: &str) {
    let (mut headings, mut strong, mut tables, mut words, mut in_code) = (Vec::new(), 0, 0, String::new(), false);
    let mut heading = None;
    for event in events(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some(format!("{level}")),
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            Event::Start(Tag::Strong) => strong += 1,
            Event::Start(Tag::Table(_)) => tables += 1,
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(said) if !in_code => words.push_str(&said),
            Event::Text(_) | Event::Code(_) => {}
            Event::Html(html) | Event::InlineHtml(html) => {
                assert_eq!(name, "github-summary", "HTML: {html}");
                let bare = TAGS.iter().fold(html.to_string(), |rest, tag| rest.replacen(tag, "", 1));
                assert!(!bare.contains(['<', '>']), "HTML: {html}");
            }
            Event::Start(
                Tag::Paragraph | Tag::TableHead | Tag::TableRow | Tag::TableCell | Tag::HtmlBlock | Tag::List(None) | Tag::Item,
            )
            | Event::End(_)
            | Event::SoftBreak => words.push('\n'),
            other => panic!("{other:?} in\n{text}"),
        }
    }
    assert_eq!((headings.iter().filter(|level| *level == "h1").count(), strong), (1, 1), "{text}");
    assert!(tables <= 1, "{tables} tables");
    // What GitHub makes something of after Markdown was read.
    let active = Regex::new(r"(?i)@\w|#\d|\bgh-\d|www\.|://|:\w+:|\b[0-9a-f]{7,40}\b").unwrap();
    assert!(!active.is_match(&words), "{:?} in {words}", active.find(&words));
}

/// Reads a page.
pub fn read(name: &str, text: &str) -> Told {
    assert_inert(name, text);
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut score, mut bold, mut lines) = (String::new(), false, vec![String::new()]);
    for event in events(text) {
        match event {
            Event::Start(Tag::TableRow) => row.clear(),
            Event::Start(Tag::TableCell) => cell.clear(),
            Event::End(TagEnd::TableCell) => row.push(std::mem::take(&mut cell)),
            Event::End(TagEnd::TableRow) => rows.push(row.clone()),
            Event::Start(Tag::Strong) => bold = true,
            Event::End(TagEnd::Strong) => bold = false,
            Event::Start(Tag::Paragraph | Tag::CodeBlock(_)) => lines.push(String::new()),
            Event::Text(said) | Event::Code(said) => {
                cell.push_str(&said);
                lines.last_mut().unwrap().push_str(&said);
                if bold {
                    score.push_str(&said);
                }
            }
            _ => {}
        }
    }
    let checks = rows.iter().map(|row| {
        let [word, id, points, _] = row.as_slice() else { panic!("{row:?}") };
        let (points, max_points) = points.split_once('/').unwrap();
        told(id, verdict(word.split_whitespace().last().unwrap()), points.parse().ok(), max_points.parse().unwrap())
    });
    let (score, max_score) = of_points(&score);
    Told { checks: checks.collect(), score, max_score, grade: grade(score, lines.iter().map(String::as_str)) }
}
