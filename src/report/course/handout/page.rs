//! A lab as one page for a browser, which needs nothing else.

use pulldown_cmark::{CowStr, Event, Tag, TagEnd, html};

use super::{Page, title};
use crate::course::Handout;
use crate::report::page::Document;
use crate::report::page::escape::text;

const STYLE: &str = include_str!("style.css");
/// What a link may begin with. Others lead nowhere from this page, or run something.
const LIVE: &[&str] = &["https://", "http://", "mailto:", "#"];

/// The page, whole.
#[must_use]
pub fn render(page: &Page<'_>) -> String {
    let lab = page.lab;
    let mut body =
        format!("<main class=\"handout\">\n<h1>{}: {}</h1>\n<p>{}</p>\n", text(&lab.name), text(&lab.title), text(&page.facts()));
    body.push_str("<table>\n<thead><tr><th>check</th><th>points</th><th>what is right when it passes</th></tr></thead>\n<tbody>\n");
    for check in &lab.checks {
        let (id, title) = (text(&check.id), text(check.shown_title()));
        body.push_str(&format!("<tr><td><code>{id}</code></td><td>{}</td><td>{title}</td></tr>\n", check.points));
    }
    body.push_str("</tbody>\n</table>\n");
    match page.handout {
        Some(handout) => {
            let parts = handout.sections().into_iter().filter(|section| section.level == 2);
            let links = parts.map(|section| format!("<a href=\"#{}\">{}</a>", text(&anchor(&section.title)), text(&section.title)));
            body.push_str(&format!("<nav>{}</nav>\n", links.collect::<Vec<_>>().join(" · ")));
            body.push_str(&markdown(handout));
        }
        None => body.push_str("<p>It has no handout: its checks say what they want, and kgrade says what is missing.</p>\n"),
    }
    body.push_str("<h2>Next</h2>\n<table>\n<tbody>\n");
    for (what, command) in page.next() {
        body.push_str(&format!("<tr><td>{}</td><td><code>{}</code></td></tr>\n", text(what), text(&command)));
    }
    body.push_str("</tbody>\n</table>\n</main>\n");
    Document { title: &format!("{}: {} · kgrade", lab.name, lab.title), style: STYLE, script: "", body: &body }.render()
}

/// The handout without its title, which stands above. Markup in it is shown as text.
fn markdown(handout: &Handout) -> String {
    let events = handout.events();
    let from = title(handout).map_or(0, |title| super::markdown::after_heading(&events, title.events.start));
    let anchors: Vec<(usize, String)> =
        handout.sections().into_iter().map(|section| (section.events.start, anchor(&section.title))).collect();
    let mut links = Vec::new();
    let safe = events.into_iter().enumerate().skip(from).map(|(at, event)| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            let id = anchors.iter().find(|(start, _)| *start == at).map(|(_, anchor)| CowStr::from(anchor.clone()));
            Event::Start(Tag::Heading { level, id, classes, attrs })
        }
        // A page without a network has no pictures: their text is left, and where they are.
        Event::Start(Tag::Image { dest_url, .. }) => {
            links.push(Some(dest_url));
            Event::Text(CowStr::from(""))
        }
        Event::Start(Tag::Link { ref dest_url, .. }) if !LIVE.iter().any(|begin| dest_url.starts_with(begin)) => {
            links.push(Some(dest_url.clone()));
            Event::Text(CowStr::from(""))
        }
        Event::Start(Tag::Link { .. }) => {
            links.push(None);
            event
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match links.pop().flatten() {
            Some(target) => Event::Text(CowStr::from(format!(" ({target})"))),
            None => Event::End(TagEnd::Link),
        },
        other => other,
    });
    let mut page = String::new();
    html::push_html(&mut page, safe);
    page
}

/// The name of a heading in a link, as GitHub makes it.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase();
    kept.chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
