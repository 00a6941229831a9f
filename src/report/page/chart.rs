//! The chart: lanes of bars and points, placed in percent of the width, so that it fits any screen.

use super::escape::text;
use super::story::id;
use crate::kinds::view::seconds;
use crate::report::timeline::{Item, Lane, Look, Picture, Role};
use crate::report::words::duration;

/// The least width of the lanes in pixels, as in the style sheet: labels that fit there fit everywhere.
const WIDTH: f64 = 720.0;
/// The width of a letter in a label, in pixels.
const LETTER: f64 = 6.5;

/// The chart with its legend.
pub fn figure(page: &mut String, nth: usize, picture: &Picture) {
    page.push_str(
        "<figure>\n<div class=\"tools\" hidden><button type=\"button\" data-zoom=\"out\" aria-label=\"smaller\">−</button>\
         <button type=\"button\" data-zoom=\"in\" aria-label=\"larger\">+</button><button type=\"button\" data-go>to the mark</button>\
         <span>arrow keys go from one thing to the next</span></div>\n",
    );
    page.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Chart: time goes from left to right; the table below tells the same in words\">\n<div class=\"chart\">\n");
    overlay(page, picture);
    axis(page, picture);
    for (place, lane) in picture.lanes.iter().enumerate() {
        lane_of(page, nth, picture, place, lane);
    }
    page.push_str("</div>\n</div>\n<p class=\"detail\" aria-live=\"polite\"></p>\n<figcaption><ul class=\"legend\">");
    for look in picture.legend().into_iter().filter(|look| *look != Look::Action) {
        page.push_str(&format!("<li><i class=\"{} {}\"></i>{}</li>", shape(look), look.class(), look.meaning()));
    }
    if !picture.scale.breaks.is_empty() {
        page.push_str("<li><i class=\"bar quiet\"></i>a quiet stretch, cut short</li>");
    }
    page.push_str("</ul></figcaption>\n</figure>\n");
}

/// What lies over all lanes: quiet stretches, and the line of the mistake with its flag.
fn overlay(page: &mut String, picture: &Picture) {
    page.push_str("<div class=\"over\" aria-hidden=\"true\">");
    for (from, to) in &picture.scale.breaks {
        let (left, right) = (percent(picture, *from), percent(picture, *to));
        let length = duration((to - from) / 1_000_000);
        // The time that passes is said where there is room for it.
        let said = if (right - left) / 100.0 * WIDTH > letters(&length) + 4.0 { length } else { String::new() };
        page.push_str(&format!("<div class=\"quiet\" style=\"left:{left:.3}%;width:{:.3}%\"><span>{said}</span></div>", right - left));
    }
    if let Some(mark) = picture.mark {
        let left = percent(picture, mark.at);
        let side = if left > 70.0 { " west" } else { "" };
        page.push_str(&format!(
            "<div class=\"mark{side}\" style=\"left:{left:.3}%\"><span>{} · {}</span></div>",
            picture.mark_name(),
            seconds(mark.at)
        ));
    }
    page.push_str("</div>\n");
}

fn axis(page: &mut String, picture: &Picture) {
    page.push_str("<div class=\"name axis\">seconds</div><div class=\"track axis\">");
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for at in picture.scale.labels() {
        let left = percent(picture, at);
        let label = format!("{:.3}", at as f64 / 1e9);
        let half = (letters(&label) + 10.0) / WIDTH * 50.0;
        let centre = left.clamp(half, 100.0 - half);
        let (from, to) = (centre - half, centre + half);
        if (centre - left).abs() > half || taken.iter().any(|(begun, ended)| from < *ended && *begun < to) {
            continue;
        }
        taken.push((from, to));
        // The flag of the mark says its time already.
        let label = if picture.mark.is_some_and(|mark| mark.at == at) { String::new() } else { label };
        page.push_str(&format!("<span style=\"left:{centre:.3}%\">{label}</span><b style=\"left:{left:.3}%\"></b>"));
    }
    page.push_str("</div>\n");
}

fn lane_of(page: &mut String, nth: usize, picture: &Picture, place: usize, lane: &Lane) {
    let two = lane.role == Role::Partition && lane.items.iter().any(|item| item.look.is_commit());
    let marked = picture.mark.filter(|mark| mark.lane == Some(place));
    let role = match lane.role {
        Role::Grader => "grader",
        Role::Faults => "faults",
        Role::Program => "program",
        Role::Partition if two => "partition two",
        Role::Partition => "partition",
    };
    let class = if marked.is_some() { format!("{role} here") } else { role.to_owned() };
    page.push_str(&format!("<div class=\"name {class}\" title=\"{}\"><span>{}</span>", text(&lane.about), text(&lane.name)));
    if two {
        page.push_str("<small>delivered</small><small>committed</small>");
    }
    page.push_str(&format!("</div><div class=\"track {class}\">"));
    for (place_of_item, item) in lane.items.iter().enumerate() {
        let after = lane.items.iter().skip(place_of_item + 1);
        // What stands next in the same row ends the room for a label.
        let next = after.filter(|next| next.look.is_commit() == item.look.is_commit() || !two).map(|next| percent(picture, next.from));
        let next = next.fold(100.0, f64::min);
        let guilty = marked.is_some_and(|mark| mark.item == Some(place_of_item));
        let involved = picture.involves(place, item);
        page.push_str(&thing(picture, lane, item, &id(nth, place, place_of_item), next, (guilty, involved)));
    }
    if let Some(mark) = marked {
        let words = mark.item.and_then(|item| lane.items.get(item)).map(|item| item.words.clone());
        if let Some(words) = words {
            let left = percent(picture, mark.at);
            let (west, side) =
                if left > 50.0 { (" west", format!("right:{:.3}%", 100.0 - left)) } else { ("", format!("left:{left:.3}%")) };
            page.push_str(&format!("<em class=\"callout{west}\" style=\"{side}\">{}</em>", text(&words)));
        }
    }
    page.push_str("</div>\n");
}

/// One bar or point, as a link to the line that tells of it.
fn thing(picture: &Picture, lane: &Lane, item: &Item, id: &str, next: f64, (guilty, involved): (bool, bool)) -> String {
    let (left, right) = (percent(picture, item.from), percent(picture, item.to));
    let shape = shape(item.look);
    let room = if shape == "bar" && item.look != Look::Action { right - left } else { next - left } / 100.0 * WIDTH;
    let label = text(&item.label);
    let covered = shape == "point" && lane.items.iter().any(|bar| bar.look.is_delivery() && bar.from <= item.from && item.from <= bar.to);
    let hidden = item.look == Look::Started || covered && !item.look.is_commit();
    let label = if hidden { String::new() } else { label };
    let label = if letters(&item.label) + if shape == "bar" { 6.0 } else { 16.0 } <= room { label } else { String::new() };
    let mut class = format!("{shape} {}", item.look.class());
    if item.look.is_commit() && lane.role == Role::Partition {
        class.push_str(" low");
    }
    if guilty {
        class.push_str(" guilty");
    }
    if involved {
        class.push_str(" involved");
    }
    let width = if shape == "bar" { format!(";width:{:.3}%", right - left) } else { String::new() };
    let tag = if item.look == Look::Running { "span" } else { "a" };
    let link = if tag == "a" {
        format!(" href=\"#{id}\" aria-label=\"{}, {}: {}\"", seconds(item.from), text(&lane.name), text(&item.words))
    } else {
        String::new()
    };
    format!("<{tag} class=\"{class}\" style=\"left:{left:.3}%{width}\"{link}><span>{label}</span></{tag}>")
}

fn shape(look: Look) -> &'static str {
    match look {
        Look::Action | Look::Armed | Look::Running | Look::Delivered | Look::Held | Look::Refused | Look::Abandoned => "bar",
        _ => "point",
    }
}

fn percent(picture: &Picture, at: u64) -> f64 {
    picture.scale.place(at) * 100.0
}

fn letters(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}
