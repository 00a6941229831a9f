//! The line of times above the lanes.

use crate::report::timeline::Scale;
use crate::report::words::duration;

/// The labels, and the ruler below them on which quiet stretches are marked.
pub fn lines(scale: &Scale, room: usize, unicode: bool, mark: Option<u64>) -> [String; 2] {
    let column = |at: u64| (scale.place(at) * (room.saturating_sub(1)) as f64).round() as usize;
    let (dash, tick, slash) = if unicode { ('─', '┬', '╱') } else { ('-', '+', '/') };
    let mut labels = vec![' '; room];
    let mut ruler = vec![dash; room];
    for (begun, ended) in &scale.breaks {
        let (from, to) = (column(*begun), column(*ended));
        let words: Vec<char> = format!("{slash}{}{slash}", duration((ended - begun) / 1_000_000)).chars().collect();
        let inside = to.saturating_sub(from + 1);
        match inside {
            0 | 1 => {}
            _ if inside >= words.len() => put(&mut ruler, from + 1 + (inside - words.len()) / 2, &words),
            _ => put(&mut ruler, from + inside / 2, &[slash, slash]),
        }
    }
    for at in scale.labels() {
        let text: Vec<char> = format!("{:.3}", at as f64 / 1e9).chars().collect();
        let column = column(at);
        // The label of the mark may hang over to the left at the end of the line; others are left out when they do not fit.
        let start = if column + text.len() > room { room.saturating_sub(text.len()) } else { column };
        let near = labels.get(start.saturating_sub(1)..(start + text.len() + 1).min(room)).unwrap_or_default();
        if near.iter().any(|sign| *sign != ' ') || (start != column && Some(at) != mark && start + text.len() <= column) {
            continue;
        }
        put(&mut labels, start, &text);
        put(&mut ruler, column, &[tick]);
    }
    [labels.into_iter().collect::<String>(), ruler.into_iter().collect()]
}

fn put(row: &mut [char], at: usize, signs: &[char]) {
    for (cell, sign) in row.iter_mut().skip(at).zip(signs) {
        *cell = *sign;
    }
}
