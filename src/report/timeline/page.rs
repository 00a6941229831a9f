//! The picture as one HTML page that needs nothing else: no network, no font, no library.
//!
//! Everything is in the page's own text and style. The script only adds to it: it tells what is under the pointer, magnifies, and lets the
//! arrow keys go from one thing to the next. The policy in the head allows that script alone, so nothing in the data can run.

mod chart;
mod escape;
mod words;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use self::escape::text;
use super::Picture;
use crate::outcome::RunFacts;
use crate::report::summary;
use crate::report::words::count;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// So many checks are drawn on one page.
const CHECKS: usize = 24;

/// The page of these checks. `empty` says in a sentence each of which checks there is nothing to draw.
#[must_use]
pub fn render(lab: &str, title: &str, run: &RunFacts, pictures: &[Picture], empty: &[String]) -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    let name = match pictures {
        [one] => format!("{} · {lab}", one.check),
        _ => lab.to_owned(),
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">\n\
         <title>{} · kgrade timeline</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header><strong>{}</strong> {}</header>\n<main>\n",
        text(&name),
        text(lab),
        text(title),
    );
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
    page.push_str(&format!(
        "</main>\n<footer>{} · seed {}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        text(&facts),
        run.seed
    ));
    page
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
    words::explanation(page, picture);
    chart::figure(page, nth, picture);
    words::story(page, nth, picture);
    page.push_str("</section>\n");
}
