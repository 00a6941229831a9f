//! The picture in words: everything in it, in the order of time.

use super::{Lane, Look, Mark, Role};

/// One sentence of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// When it began.
    pub at: u64,
    /// The lane, by its place in the picture.
    pub lane: usize,
    /// What it is, by its place in the lane.
    pub item: usize,
    /// The lane's name. Not cleaned.
    pub who: &'a str,
    /// What happened. Not cleaned.
    pub words: &'a str,
    /// How it is drawn.
    pub look: Look,
    /// Whether it is the mistake.
    pub marked: bool,
    /// Whether it helps to understand the mistake: near it, or of a kind that explains.
    pub telling: bool,
}

/// So many lines before the mistake are told in any case, and half as many after it.
const BEFORE: usize = 8;

/// Everything in these lanes.
pub fn tell<'a>(lanes: &'a [Lane], mark: Option<Mark>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (place, lane) in lanes.iter().enumerate() {
        // A bar of a program's life says the same as its start and its end.
        let told = lane.items.iter().enumerate().filter(|(_, item)| item.look != Look::Running);
        lines.extend(told.map(|(nth, item)| Line {
            at: item.from,
            lane: place,
            item: nth,
            who: &lane.name,
            words: &item.words,
            look: item.look,
            marked: mark.is_some_and(|mark| mark.lane == Some(place) && mark.item == Some(nth)),
            telling: matches!(
                item.look,
                Look::Held | Look::CommitAhead | Look::Signal | Look::Started | Look::Exited | Look::Used | Look::Joined | Look::Left
            ),
        }));
    }
    lines.sort_by_key(|line| (line.at, line.lane, line.item));
    let Some(mark) = mark else { return lines };
    let place = |line: &Line<'_>| {
        let role = lanes.get(line.lane).map(|lane| lane.role);
        // Elsewhere nothing happened that would explain it.
        role != Some(Role::Partition) || mark.lane.is_none() || mark.lane == Some(line.lane)
    };
    let centre = lines.iter().position(|line| line.marked).unwrap_or_else(|| lines.partition_point(|line| line.at < mark.at));
    let before = lines.iter().enumerate().take(centre).rev().filter(|(_, line)| place(line)).map(|(nth, _)| nth).take(BEFORE);
    let after = lines.iter().enumerate().skip(centre).filter(|(_, line)| place(line)).map(|(nth, _)| nth).take(BEFORE / 2 + 1);
    let near: Vec<usize> = before.chain(after).collect();
    for (nth, line) in lines.iter_mut().enumerate() {
        line.telling =
            near.contains(&nth) || line.telling && (mark.lane.is_none() || mark.lane == Some(line.lane) || line.look != Look::Held);
    }
    lines
}
