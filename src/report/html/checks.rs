//! What there is to say of each check: what is wrong, what to do, and the picture of what happened.

use super::{overview, sign};
use crate::outcome::{CheckOutcome, Disclosure, Verdict};
use crate::report::Graded;
use crate::report::detail::{self, Layout, Row};
use crate::report::page::escape::{lines, prose, text};
use crate::report::page::{chart, story};
use crate::report::timeline::Picture;
use crate::report::words::{count, duration};

/// So many bytes of pictures stand on one page: a browser, a mail and an upload take that.
const PICTURES: usize = 2 << 20;

/// The address of a check on the page.
pub fn id(nth: usize) -> String {
    format!("check-{nth}")
}

/// Whether there is more to say of it than stands in the list.
pub fn has_more(check: &CheckOutcome) -> bool {
    check.verdict != Verdict::Passed || !detail::rows(check).is_empty()
}

/// Writes a part for each check with something to say.
pub fn write(page: &mut String, graded: &Graded<'_>) {
    let told = || graded.outcome.checks.iter().enumerate().filter(|(_, check)| has_more(check));
    if told().next().is_none() {
        return;
    }
    page.push_str("<section class=\"details\" aria-labelledby=\"details-title\">\n<h2 id=\"details-title\">What to look at</h2>\n");
    let mut room = PICTURES;
    for (nth, check) in told() {
        let id = id(nth);
        page.push_str(&format!(
            "<article class=\"check of-{0}\" id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h3 id=\"{id}-title\">{1}</h3>\n\
             <p class=\"facts\"><span class=\"verdict {0}\"><span aria-hidden=\"true\">{2}</span> {0}</span> \
             <span class=\"points\">{3} of {4}</span> <code class=\"id\">{5}</code> <span>took {6}</span>{7}</p>\n",
            check.verdict.word(),
            text(&check.title),
            sign(check.verdict),
            overview::points(check),
            count(u64::from(check.max_points), "point", "points"),
            text(&check.id),
            duration(check.duration_ms),
            check.criterion.as_deref().map(|criterion| format!(" <span class=\"serves\">{}</span>", text(criterion))).unwrap_or_default(),
        ));
        rows(page, &detail::rows(check));
        // What an author does not show, a picture must not tell.
        let wanted = check.verdict == Verdict::Failed && check.disclosure == Disclosure::Full;
        if let Some(picture) = graded.pictures.iter().find(|picture| wanted && picture.check == check.id) {
            let drawn = drawn(nth, picture);
            if let Some(left) = room.checked_sub(drawn.len()) {
                room = left;
                page.push_str(&drawn);
            } else {
                page.push_str(&format!(
                    "<p class=\"more\">The picture of this check is left out, or the page would be too large. With the evidence of the run \
                     (--evidence FILE): <code>kgrade timeline FILE --check {} --html PAGE</code></p>\n",
                    text(&check.id)
                ));
            }
        }
        page.push_str("</article>\n");
    }
    page.push_str("</section>\n");
}

fn rows(page: &mut String, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    page.push_str("<div class=\"why\">\n");
    let mut rest = rows;
    while let [row, after @ ..] = rest
        && row.layout == Layout::Headline
    {
        page.push_str(&format!("<p class=\"headline\">{}</p>\n", prose(&row.text)));
        rest = after;
    }
    if !rest.is_empty() {
        page.push_str("<dl>\n");
        for group in rest.chunk_by(|a, b| (a.layout == Layout::Quote) == (b.layout == Layout::Quote)) {
            match group {
                [first, ..] if first.layout == Layout::Quote => {
                    let quoted: Vec<String> = group.iter().map(|row| lines(&row.text)).collect();
                    page.push_str(&format!("<dd><pre>{}</pre></dd>\n", quoted.join("\n")));
                }
                told => told.iter().for_each(|row| one(page, row)),
            }
        }
        page.push_str("</dl>\n");
    }
    page.push_str("</div>\n");
}

fn one(page: &mut String, row: &Row) {
    if !row.label.is_empty() {
        page.push_str(&format!("<dt>{}</dt>", text(row.label)));
    }
    match (row.layout, row.label) {
        (Layout::Whole, "next") => {
            let command = prose(&row.text);
            page.push_str(&format!(
                "<dd class=\"command\"><code>{command}</code><button type=\"button\" data-copy hidden>copy</button></dd>\n"
            ));
        }
        (Layout::Whole, _) => page.push_str(&format!("<dd><code>{}</code></dd>\n", prose(&row.text))),
        (Layout::Item, _) => page.push_str(&format!("<dd class=\"item\">{}</dd>\n", prose(&row.text))),
        _ => page.push_str(&format!("<dd>{}</dd>\n", prose(&row.text))),
    }
}

/// The picture, and the same in words for those who cannot see it.
fn drawn(nth: usize, picture: &Picture) -> String {
    let mut drawn = String::from("<h4>What happened</h4>\n");
    chart::figure(&mut drawn, nth, picture);
    drawn.push_str("<details class=\"story\"><summary>Moment by moment</summary>\n");
    story::table(&mut drawn, nth, picture);
    drawn.push_str("</details>\n");
    drawn
}
