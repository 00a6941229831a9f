//! A checkpoint as a page for a browser or for paper.

use super::super::{verdict, word};
use super::{Report, run};
use crate::report::html::sign;
use crate::report::page::Document;
use crate::report::page::escape::{prose, text};

const STYLE: &str = include_str!("style.css");

/// The page, whole.
pub fn render(report: &Report) -> String {
    let title = report.title();
    let mut body = format!("<main class=\"checkpoint\">\n<h1>{}</h1>\n<p class=\"result\">{}</p>\n", text(&title), text(&report.result()));
    body.push_str("<ul class=\"about\">\n");
    report.facts().iter().for_each(|fact| body.push_str(&format!("<li>{}</li>\n", text(fact))));
    body.push_str(&format!("</ul>\n<p>{}</p>\n", prose(&report.basis)));
    for line in &report.checkpoint.lines {
        let (mark, said) = if line.shown { ("✓ ", "shown") } else { ("", "not shown yet") };
        body.push_str(&format!("<section>\n<h2>{mark}{}: {said}</h2>\n<table>\n", text(&line.line)));
        body.push_str("<thead><tr><th>state</th><th>check</th><th>what it asks for</th><th>by</th></tr></thead>\n<tbody>\n");
        for check in &line.checks {
            let state = check.state;
            let title = check.title.as_deref().map(text).unwrap_or_default();
            let mark = sign(verdict(state));
            let (name, by) = (text(&check.check), text(&run(check)));
            body.push_str(&format!("<tr><td>{mark} {}</td><td><code>{name}</code></td><td>{title}</td><td>{by}</td></tr>\n", word(state)));
        }
        body.push_str("</tbody>\n</table>\n</section>\n");
    }
    body.push_str("</main>\n");
    Document { title: &format!("{title} · kgrade"), style: STYLE, script: "", body: &body }.render()
}
