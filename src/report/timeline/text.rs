//! The picture in a terminal. Pure: the same picture and style give the same text.

mod axis;
mod grid;

use console::{Alignment, Color, Style as Paint, measure_text_width, pad_str};

use self::grid::{Cell, Grid};
use super::{Item, Lane, Look, Picture, Role, Said};
use crate::kinds::view::seconds;
use crate::outcome::sanitize;
use crate::report::layout::hang;
use crate::report::terminal::{self, Style, color, laid_out, tidy};
use crate::report::words::count;

/// The narrowest picture that can be read.
pub const NARROWEST: usize = 40;
/// Below this many columns, names are short.
const NARROW: usize = 60;
/// The longest name of a lane.
const NAME: usize = 22;
/// So many sentences are told.
const STORY: usize = 24;

/// The whole picture: what is wrong, the lanes with the mark, the legend, and the story around the mistake.
#[must_use]
pub fn render(picture: &Picture, style: &Style) -> String {
    let drawing = Drawing { picture, style: Style { width: style.width.max(NARROWEST), ..*style } };
    let mut lines = drawing.heading();
    lines.push(String::new());
    lines.extend(drawing.lanes());
    lines.push(String::new());
    lines.extend(drawing.legend());
    lines.push(String::new());
    lines.extend(drawing.story());
    let text = finish(&lines, style);
    if style.github { sanitize::github_log(&text) } else { text }
}

/// The exchanges of a check with the broker, one a line.
#[must_use]
pub fn exchanges(said: &[Said], left: u64, style: &Style) -> String {
    let bold = Paint::new().bold();
    let mut lines = vec![style.paint(&bold, "between program and broker")];
    let wide = said.iter().map(|said| measure_text_width(&tidy(&said.who))).max().unwrap_or(0).min(NAME);
    for Said { at, who, line } in said {
        let lead = format!("  {:>9}  {}  ", seconds(*at), pad_str(&tidy(who), wide, Alignment::Left, Some("…")));
        lines.extend(hang(&lead, &" ".repeat(if style.width < NARROW { 4 } else { 15 + wide }), &tidy(line), style.width));
    }
    if said.is_empty() {
        lines.push("  nothing was seen on the wire".to_owned());
    }
    if left > 0 {
        lines.push(format!("  and {}, before and after these", count(left, "exchange more", "exchanges more")));
    }
    let text = finish(&lines, style);
    if style.github { sanitize::github_log(&text) } else { text }
}

/// The lines as text; without Unicode the signs of our own are replaced.
fn finish(lines: &[String], style: &Style) -> String {
    let text = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    if style.unicode { text } else { text.replace('–', "-").replace('…', "~").replace('·', "-") }
}

struct Drawing<'a> {
    picture: &'a Picture,
    style: Style,
}

impl Drawing<'_> {
    fn heading(&self) -> Vec<String> {
        let (picture, style) = (self.picture, self.style);
        let mark = style.paint(&Paint::new().fg(color(picture.verdict)), style.mark(picture.verdict));
        let name = style.paint(&Paint::new().bold(), &tidy(&picture.check));
        let points = if picture.verdict.is_judged() { format!("  {}/{}", picture.points.0, picture.points.1) } else { String::new() };
        let mut lines = hang(&format!("{mark} {name}{points}  "), "    ", &tidy(&picture.title), style.width);
        lines.extend(laid_out(&picture.explanation, &style));
        lines
    }

    /// The name of a lane, as short as the width asks for.
    fn name(&self, lane: &Lane) -> String {
        let name = tidy(&lane.name);
        let name = if self.style.width < NARROW { name.replace("partition ", "p") } else { name };
        let longest = if self.style.width < NARROW { 8 } else { NAME };
        if name.chars().count() <= longest {
            return name;
        }
        // The end of a long name tells more: it has the partition.
        let end: String = name.chars().rev().take(longest - 1).collect();
        format!("{}{}", if self.style.unicode { '…' } else { '~' }, end.chars().rev().collect::<String>())
    }

    fn lanes(&self) -> Vec<String> {
        let names: Vec<String> = self.picture.lanes.iter().map(|lane| self.name(lane)).collect();
        let wide = names.iter().map(|name| measure_text_width(name)).chain([7]).max().unwrap_or(7);
        let room = self.style.width.saturating_sub(wide + 2).max(8);
        let dim = Paint::new().dim();
        let lead = |name: &str| format!("{}  ", self.style.paint(&dim, &pad_str(name, wide, Alignment::Left, None)));
        let [labels, ruler] = axis::lines(&self.picture.scale, room, self.style.unicode, self.picture.mark.map(|mark| mark.at));
        let mut lines = vec![format!("{}{labels}", lead("seconds")), format!("{}{}", lead(""), self.style.paint(&dim, &ruler))];
        for (place, (lane, name)) in self.picture.lanes.iter().zip(&names).enumerate() {
            let grid = Grid::new(room, self.style);
            let upper: Vec<&Item> = lane.items.iter().filter(|item| lane.role != Role::Partition || !item.look.is_commit()).collect();
            lines.push(format!("{}{}", lead(name), self.row(grid, lane, &upper)));
            let lower: Vec<&Item> = lane.items.iter().filter(|item| lane.role == Role::Partition && item.look.is_commit()).collect();
            if !lower.is_empty() {
                let name = if wide >= 11 { "  committed" } else { " commit" };
                lines.push(format!("{}{}", lead(name), self.row(Grid::new(room, self.style), lane, &lower)));
            }
            if self.picture.mark.is_some_and(|mark| mark.lane == Some(place)) {
                lines.push(format!("{}{}", lead(""), self.flag(room)));
            }
        }
        if self.picture.mark.is_some_and(|mark| mark.lane.is_none()) {
            lines.push(format!("{}{}", lead(""), self.flag(room)));
        }
        lines
    }

    fn column(&self, at: u64, room: usize) -> usize {
        (self.picture.scale.place(at) * (room.saturating_sub(1)) as f64).round() as usize
    }

    fn row(&self, mut grid: Grid, lane: &Lane, items: &[&Item]) -> String {
        let room = grid.room();
        if let Some(mark) = self.picture.mark {
            let line = if self.style.unicode { '┊' } else { '.' };
            grid.put(self.column(mark.at, room), Cell { sign: line, color: Some(Color::Red), rank: 0 });
        }
        for item in items {
            let (from, to) = (self.column(item.from, room), self.column(item.to, room));
            let rank = item.look.rank();
            let sign = item.look.sign(self.style.unicode);
            match item.look {
                Look::Action => grid.put(from, Cell { sign: if self.style.unicode { '│' } else { '|' }, color: None, rank: 2 }),
                // Several of them as one: where they begin and where they end.
                Look::Written | Look::Sent => {
                    [from, to].into_iter().for_each(|column| grid.put(column, Cell { sign, color: paint(item.look), rank }))
                }
                _ => (from..=to).for_each(|column| grid.put(column, Cell { sign, color: paint(item.look), rank })),
            }
        }
        // Words go where nothing else stands.
        for (nth, item) in items.iter().enumerate() {
            let from = self.column(item.from, room);
            let inside = matches!(item.look, Look::Held | Look::Armed);
            let until = if inside { self.column(item.to, room) } else { room };
            let next = items.iter().skip(nth + 1).map(|next| self.column(next.from, room)).find(|column| *column > from).unwrap_or(room);
            let said = match item.look {
                Look::Action | Look::Held | Look::Armed | Look::Signal => true,
                _ => item.look.is_commit() || lane.role == Role::Program && item.look == Look::Exited,
            };
            if said {
                let end = if inside { until } else { next };
                grid.write(from + 1, end, &tidy(&item.label), paint(item.look).filter(|_| item.look.is_commit()), inside);
            }
        }
        grid.line()
    }

    /// The line that points at the mistake.
    fn flag(&self, room: usize) -> String {
        let Some(mark) = self.picture.mark else { return String::new() };
        let column = self.column(mark.at, room);
        let tip = if self.style.unicode { "▲" } else { "^" };
        let words = format!("{}, at {}", self.picture.mark_name(), seconds(mark.at));
        let text = match column.checked_sub(words.len() + 1) {
            Some(lead) if column + words.len() + 2 > room => format!("{}{words} {tip}", " ".repeat(lead)),
            _ => format!("{}{tip} {words}", " ".repeat(column)),
        };
        self.style.paint(&Paint::new().fg(Color::Red).bold(), &text)
    }

    fn legend(&self) -> Vec<String> {
        let signs = self.picture.legend().into_iter().filter(|look| *look != Look::Action);
        let signs = signs.map(|look| format!("{} {}", look.sign(self.style.unicode), look.meaning()));
        let dot = if self.style.unicode { " · " } else { "; " };
        let mut words: Vec<String> = signs.collect();
        if !self.picture.scale.breaks.is_empty() {
            words.push("quiet stretches are cut short".to_owned());
        }
        let dim = Paint::new().dim();
        hang("", "", &words.join(dot), self.style.width).iter().map(|line| self.style.paint(&dim, line)).collect()
    }

    fn story(&self) -> Vec<String> {
        let story = self.picture.story();
        let telling: Vec<_> = story.iter().filter(|line| line.telling).collect();
        let title = if self.picture.mark.is_some() { "around it, in words" } else { "in words" };
        let mut lines = vec![self.style.paint(&Paint::new().bold(), title)];
        // When it is too much, what is nearest to the mistake stays.
        let marked = telling.iter().position(|line| line.marked).unwrap_or(telling.len());
        let skipped = marked.saturating_sub(STORY * 2 / 3).min(telling.len().saturating_sub(STORY));
        let wide = telling.iter().skip(skipped).take(STORY).map(|line| measure_text_width(&tidy(line.who))).max().unwrap_or(0).min(NAME);
        for line in telling.iter().skip(skipped).take(STORY) {
            let mark = if line.marked { self.style.mark(crate::outcome::Verdict::Failed) } else { " " };
            let time = format!("{:>9}", seconds(line.at));
            let who = tidy(line.who);
            let text = tidy(line.words);
            let rows = if self.style.width < NARROW {
                hang(&format!("{mark} {time}  "), "    ", &format!("{who}: {text}"), self.style.width)
            } else {
                let lead = format!("{mark} {time}  {}  ", pad_str(&who, wide, Alignment::Left, Some("…")));
                let rest = " ".repeat(measure_text_width(&lead));
                hang(&lead, &rest, &text, self.style.width)
            };
            let red = Paint::new().fg(Color::Red);
            lines.extend(rows.into_iter().map(|row| if line.marked { self.style.paint(&red, &row) } else { row }));
        }
        let left = story.len() - telling.len().min(STORY);
        let mut more: Vec<String> = self.picture.left_out.iter().map(|text| format!("not drawn: {}", tidy(text))).collect();
        if left > 0 {
            more.insert(0, format!("and {}; `--html FILE` tells all of the picture", count(left as u64, "thing more", "things more")));
        }
        let dim = Paint::new().dim();
        lines.extend(more.iter().flat_map(|text| hang("  ", "  ", text, self.style.width)).map(|line| self.style.paint(&dim, &line)));
        lines
    }
}

fn paint(look: Look) -> Option<Color> {
    match look {
        Look::Delivered | Look::CommitAt => Some(Color::Green),
        Look::Held | Look::Armed | Look::Used | Look::CommitBehind => Some(Color::Yellow),
        Look::CommitAhead | Look::Refused | Look::Abandoned | Look::CommitRefused | Look::Broker | Look::Signal | Look::Note => {
            Some(Color::Red)
        }
        Look::Seen | Look::Sent | Look::Joined | Look::Left => Some(Color::Cyan),
        Look::Running | Look::Started | Look::Exited => Some(Color::Blue),
        Look::Action | Look::Evicted | Look::Reset | Look::Written => None,
    }
}

/// The style of standard output, for a picture of a given width.
#[must_use]
pub fn style(width: Option<usize>) -> Style {
    let style = terminal::Style::of_stdout();
    Style { width: width.unwrap_or(style.width), ..style }
}
