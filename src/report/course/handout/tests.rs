//! How a handout looks: the expected texts are files; `SNAPSHOTS=overwrite` writes them anew.

use std::path::Path;

use pulldown_cmark::{Event, Tag, TagEnd};
use snapbox::{Assert, Data};

use super::*;
use crate::lab::{Bindings, LabSource, find};

fn expect(actual: &str, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/handouts").join(name);
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(Data::text(actual.to_owned()).raw(), Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw());
}

fn lab(name: &str) -> Lab {
    find::find(name, None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap()
}

fn plain(width: usize) -> Style {
    Style { width, ..Style::FILE }
}

/// One of everything that a handout can have.
fn sample() -> Handout {
    Handout::new(&std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/handouts/sample.md")).unwrap())
}

fn with<T>(handout: Option<&Handout>, begun: bool, look: impl FnOnce(&Page<'_>) -> T) -> T {
    let (lab, course) = (lab("lab-02"), Course::of(None).unwrap());
    look(&Page { lab: &lab, course: course.as_ref(), handout, begun, place: &Place::default() })
}

#[test]
fn a_handout_fits_every_width() {
    let sample = sample();
    for width in [44, 80, 120] {
        let text = with(Some(&sample), false, |page| page.terminal(&plain(width)));
        expect(&text, &format!("sample.{width}.txt"));
        let code = ["docker exec -it kafka", "  indented"];
        let too_wide =
            text.lines().filter(|line| console::measure_text_width(line) > width && !code.iter().any(|code| line.contains(code)));
        assert_eq!(too_wide.filter(|line| !line.contains("kgrade ")).collect::<Vec<_>>(), Vec::<&str>::new(), "{width}");
    }
}

#[test]
fn the_handouts_of_the_course_lose_no_word_and_break_no_command() {
    for name in find::names(None).unwrap() {
        let handout = Handout::of(&name, None).unwrap().unwrap();
        for width in [44, 80, 120] {
            let text = section(&handout, &Section { level: 1, title: String::new(), events: 0..handout.events().len() }, &plain(width));
            let squeeze = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
            let all = squeeze(&text);
            let (mut in_code, mut in_head) = (false, false);
            for event in handout.events() {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => in_code = true,
                    Event::End(TagEnd::CodeBlock) => in_code = false,
                    Event::Start(Tag::TableHead) => in_head = true,
                    Event::End(TagEnd::TableHead) => in_head = false,
                    Event::Text(code) if in_code => {
                        let shown = |line: &str| text.lines().any(|shown| shown.trim_start() == line.trim());
                        code.lines().for_each(|line| assert!(shown(line), "{name} {width}: {line}"));
                    }
                    // Where tables are lists, the name of the first column is left out.
                    Event::Text(words) if !in_head => {
                        words.split_whitespace().for_each(|word| assert!(all.contains(&squeeze(word)), "{name} {width}: {word}"));
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn colour_changes_no_word() {
    let sample = sample();
    let plain_text = with(Some(&sample), true, |page| page.terminal(&plain(80)));
    let coloured = with(Some(&sample), true, |page| page.terminal(&Style { color: true, ..plain(80) }));
    assert!(!plain_text.contains('\x1b') && coloured.contains('\x1b'));
    // Columns of another width put the words of a table's cells into another order.
    let words = |text: &str| {
        let mut letters: Vec<char> = console::strip_ansi_codes(text).chars().filter(|letter| letter.is_alphanumeric()).collect();
        letters.sort_unstable();
        letters
    };
    assert_eq!(words(&plain_text), words(&coloured));
    // No line ends in the middle of a colour.
    for line in coloured.lines() {
        let last = line.rfind("\x1b[");
        assert!(last.is_none_or(|at| line[at..].starts_with("\x1b[0m") || line[at..].starts_with("\x1b[39m")), "{line:?}");
    }
}

#[test]
fn a_lab_without_handout_or_course_is_shown_all_the_same() {
    let text = with(None, false, |page| Page { course: None, ..*page }.terminal(&plain(80)));
    assert!(text.starts_with("lab-02: First producer and consumer\n100 points · 7 checks\n"), "{text}");
    assert!(text.contains("It has no handout") && text.contains("kgrade init lab-02") && !text.contains("--section"), "{text}");
    let begun = with(Some(&sample()), true, |page| page.terminal(&plain(80)));
    assert!(!begun.contains("kgrade init") && begun.contains("kgrade watch lab-02") && begun.contains("week 1, days 3-5"), "{begun}");
}

#[test]
fn a_check_that_is_not_shown_has_no_title_here() {
    let text = "kgrade: 1\nlab: lab-90\ntitle: A lab\nchecks:\n  - { id: hidden-1, title: SECRET, points: 100, hint: h, disclosure: none, expect: [ { topic: { name: t } } ] }\n";
    let lab = LabSource::parse("a.yaml", text).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap();
    let page = Page { lab: &lab, course: None, handout: None, begun: false, place: &Place::default() };
    for text in [page.terminal(&plain(80)), super::page::render(&page)] {
        assert!(!text.contains("SECRET") && text.contains("a check that is not shown"), "{text}");
    }
}

#[test]
fn a_page_holds_no_markup_of_the_handouts_and_its_links_lead_somewhere() {
    let page = with(Some(&sample()), false, super::page::render);
    let html = scraper::Html::parse_document(&page);
    let all = |selector: &str| -> Vec<scraper::ElementRef<'_>> { html.select(&scraper::Selector::parse(selector).unwrap()).collect() };
    assert_eq!(all("main script, main img, main iframe").len(), 0);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "raw HTML is shown as text");
    let links: Vec<&str> = all("main a").iter().filter_map(|link| link.value().attr("href")).collect();
    assert!(links.contains(&"#the-contract-in-short") && links.contains(&"https://kafka.apache.org/documentation/"), "{links:?}");
    for link in links {
        let there =
            link.strip_prefix('#').is_none_or(|id| html.select(&scraper::Selector::parse(&format!("[id=\"{id}\"]")).unwrap()).count() == 1);
        assert!(there && (link.starts_with('#') || link.starts_with("https://")), "{link} leads nowhere");
    }
    assert!(page.contains("run it (javascript:alert(1))") && page.contains("elsewhere (../../docs/progress.md)"));
}
