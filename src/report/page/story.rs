//! The story of a check, moment by moment.

use super::escape::text;
use crate::kinds::view::seconds;
use crate::report::timeline::{Line, Picture};
use crate::report::words::count;

/// So many sentences are told of one check.
const STORY: usize = 400;

/// Everything in the picture, in the order of time: each thing in the chart leads to its line.
pub fn table(page: &mut String, nth: usize, picture: &Picture) {
    let story = picture.story();
    let mut shown: Vec<&Line<'_>> = story.iter().collect();
    if shown.len() > STORY {
        let telling: Vec<&Line<'_>> = story.iter().filter(|line| line.telling || line.marked).collect();
        shown = if telling.len() < STORY / 4 { shown.into_iter().filter(|line| line.telling || line.lane < 2).collect() } else { telling };
        shown.truncate(STORY);
    }
    page.push_str("<table>\n<thead><tr><th>at</th><th>where</th><th>what happened</th></tr></thead>\n<tbody>\n");
    for line in &shown {
        let class = match (line.marked, line.telling) {
            (true, _) => " class=\"marked\"",
            (false, true) => " class=\"telling\"",
            _ => "",
        };
        let note = if line.marked { format!(" <strong>({})</strong>", picture.mark_name()) } else { String::new() };
        page.push_str(&format!(
            "<tr id=\"{}\"{class}><td>{}</td><td>{}</td><td>{}{note}</td></tr>\n",
            id(nth, line.lane, line.item),
            seconds(line.at),
            text(line.who),
            text(line.words),
        ));
    }
    page.push_str("</tbody>\n</table>\n");
    let left = (story.len() - shown.len()) as u64;
    let more = (left > 0).then(|| format!("and {}", count(left, "moment more", "moments more"))).into_iter();
    for line in more.chain(picture.left_out.iter().map(|line| format!("not drawn: {line}"))) {
        page.push_str(&format!("<p class=\"more\">{}</p>\n", text(&line)));
    }
}

/// The id of the line that tells of something.
pub fn id(nth: usize, lane: usize, item: usize) -> String {
    format!("p{nth}-{lane}-{item}")
}
