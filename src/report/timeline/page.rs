//! The picture as one HTML page that needs nothing else: no network, no font, no library.
//!
//! Everything is in the page's own text and style. The script only adds to it: it tells what is under the pointer, magnifies, and lets the
//! arrow keys go from one thing to the next. The policy in the head allows that script alone, so nothing in the data can run.

use super::Picture;
use crate::outcome::RunFacts;
use crate::report::detail::Layout;
use crate::report::page::escape::text;
use crate::report::page::{Document, chart, story};
use crate::report::summary;
use crate::report::words::count;

const STYLE: &str = include_str!("page.css");

/// So many checks are drawn on one page.
const CHECKS: usize = 24;

/// The page of these checks. `empty` says in a sentence each of which checks there is nothing to draw.
#[must_use]
pub fn render(lab: &str, title: &str, run: &RunFacts, pictures: &[Picture], empty: &[String]) -> String {
    let name = match pictures {
        [one] => format!("{} · {lab}", one.check),
        _ => lab.to_owned(),
    };
    let mut page = format!("<header><strong>{}</strong> {}</header>\n<main>\n", text(lab), text(title));
    if pictures.len() > 1 {
        page.push_str("<nav aria-label=\"Checks\">");
        for (nth, picture) in pictures.iter().take(CHECKS).enumerate() {
            page.push_str(&format!("<a href=\"#p{nth}\">{}</a> ", text(&picture.check)));
        }
        page.push_str("</nav>\n");
    }
    for (nth, picture) in pictures.iter().take(CHECKS).enumerate() {
        section(&mut page, nth, picture);
    }
    let more = pictures.len().saturating_sub(CHECKS) as u64;
    if more > 0 {
        page.push_str(&format!("<p>and {}: ask for them with --check</p>\n", count(more, "check more", "checks more")));
    }
    for line in empty {
        page.push_str(&format!("<p>{}</p>\n", text(line)));
    }
    let facts = summary::facts_of(run).join(" · ");
    page.push_str(&format!("</main>\n<footer>{} · seed {}</footer>\n", text(&facts), run.seed));
    Document { title: &format!("{name} · kgrade timeline"), style: STYLE, script: "", body: &page }.render()
}

fn section(page: &mut String, nth: usize, picture: &Picture) {
    let verdict = picture.verdict;
    let points = if verdict.is_judged() { format!(" {}/{}", picture.points.0, picture.points.1) } else { String::new() };
    page.push_str(&format!(
        "<section id=\"p{nth}\" aria-labelledby=\"h{nth}\">\n<h1 id=\"h{nth}\"><span class=\"verdict {0}\">{0}{points}</span> {1} <code>{2}</code></h1>\n",
        verdict.word(),
        text(&picture.title),
        text(&picture.check),
    ));
    explanation(page, picture);
    chart::figure(page, nth, picture);
    page.push_str("<h2>Moment by moment</h2>\n");
    story::table(page, nth, picture);
    page.push_str("</section>\n");
}

/// What is wrong, as in every report.
fn explanation(page: &mut String, picture: &Picture) {
    if picture.explanation.is_empty() {
        return;
    }
    page.push_str("<div class=\"why\">\n");
    let mut open = false;
    for row in &picture.explanation {
        if row.layout == Layout::Headline {
            page.push_str(&format!("<p class=\"headline\">{}</p>\n", text(&row.text)));
            continue;
        }
        if !open {
            page.push_str("<dl>\n");
            open = true;
        }
        page.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", text(row.label), text(&row.text)));
    }
    if open {
        page.push_str("</dl>\n");
    }
    page.push_str("</div>\n");
}
