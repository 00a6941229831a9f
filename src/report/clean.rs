//! What kgrade keeps on a machine, in a terminal: what it is, how large, when it was used last.

use std::path::Path;
use std::time::SystemTime;

use super::course::sheet::Sheet;
use super::terminal::Style;
use super::words::{bytes, count, days_ago};
use crate::world::clean::{Choice, Item, Stock, What};

/// Below this many columns, the kind stands on a line of its own.
const NARROW: usize = 60;

const DAY: u64 = 24 * 3600;

/// The list of all that is meant, and what it comes to.
#[must_use]
pub fn listing(cache: &Path, stock: &Stock, choice: &Choice, now: SystemTime, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("What kgrade keeps in {}", cache.display()));
    let (meant, others): (Vec<_>, Vec<_>) = stock.items.iter().partition(|item| choice.means(item, now));
    sheet.gap();
    if meant.is_empty() {
        sheet.text("", if stock.items.is_empty() { "Nothing of kgrade's is there." } else { "Nothing of what you asked for is there." });
    } else {
        for item in &meant {
            row(&mut sheet, item, now, style.width < NARROW);
        }
        sheet.gap();
        let used: Vec<_> = meant.iter().filter(|item| item.in_use).copied().collect();
        let stays = match used.len() {
            0 => String::new(),
            _ => format!("; {} of it is in use and stays", bytes(sum(&used))),
        };
        sheet.text("", &format!("In all {}{stays}.", bytes(sum(&meant))));
    }
    if !others.is_empty() {
        let things = count(others.len() as u64, "other thing is", "other things are");
        sheet.aside("", &format!("{things} not meant ({}).", bytes(sum(&others))));
    }
    for stranger in &stock.strangers {
        sheet.aside("", stranger);
    }
    sheet.finish()
}

/// What to do to have it removed.
#[must_use]
pub fn advice(command: &str, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.text("", "Nothing was removed. What is removed is made or fetched again when it is needed.");
    sheet.command("To remove it: ", command);
    sheet.finish()
}

/// What was done.
#[must_use]
pub fn done(removed: &[&Item], taken: &[&Item], style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.text("", &format!("Removed {}: {}.", count(removed.len() as u64, "thing", "things"), bytes(sum(removed))));
    for item in taken {
        sheet.aside("", &format!("{} {} stays: it is in use by now", kind(item.what), item.name));
    }
    sheet.finish()
}

fn row(sheet: &mut Sheet, item: &Item, now: SystemTime, narrow: bool) {
    let kind = kind(item.what);
    let used = item.last_use.map(|used| now.duration_since(used).unwrap_or_default().as_secs() / DAY);
    let used = used.map_or_else(String::new, |days| format!(", used {}", days_ago(days)));
    let state = if item.in_use { ", in use" } else { "" };
    let text = format!("{}{used}{state}", item.name);
    let size = bytes(item.bytes);
    if narrow {
        sheet.text("  ", kind);
        sheet.text(&format!("    {size}  "), &text);
    } else {
        sheet.text(&format!("  {kind:<19}  {size:>9}  "), &text);
    }
}

/// What a kind is called.
fn kind(what: What) -> &'static str {
    match what {
        What::Kafka => "Kafka",
        What::Images => "broker image",
        What::Java => "Java",
        What::Python => "Python environment",
        What::Prepared => "prepared submission",
        What::Leftovers => "leftover",
    }
}

fn sum(items: &[&Item]) -> u64 {
    items.iter().map(|item| item.bytes).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stock(now: SystemTime) -> Stock {
        let item = |what, name: &str, bytes, days: u64, in_use| Item {
            what,
            name: name.to_owned(),
            path: "/".into(),
            bytes,
            last_use: Some(now - Duration::from_secs(days * DAY)),
            in_use,
        };
        Stock {
            items: vec![
                item(What::Kafka, "4.3.1", 44_000_000, 0, true),
                item(What::Kafka, "4.2.0", 43_000_000, 41, false),
                item(What::Python, "0123456789ab", 22_000_000, 1, false),
                item(What::Leftovers, "kgrade-run-\u{1b}[31mx", 812, 3, false),
            ],
            strangers: vec!["/c/kafka/9.9.9 has no manifest of kgrade's, or is a link: it stays".to_owned()],
        }
    }

    #[test]
    fn wide_and_narrow() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let page = |width, choice: &Choice| listing(Path::new("/c"), &stock(now), choice, now, &Style { width, ..Style::FILE });
        let all = Choice::default();
        assert_eq!(
            page(80, &all),
            "What kgrade keeps in /c\n\
             \n\
             \x20 Kafka                    44 MB  4.3.1, used today, in use\n\
             \x20 Kafka                    43 MB  4.2.0, used 41 days ago\n\
             \x20 Python environment       22 MB  0123456789ab, used yesterday\n\
             \x20 leftover             812 bytes  kgrade-run-x, used 3 days ago\n\
             \n\
             In all 109 MB; 44 MB of it is in use and stays.\n\
             /c/kafka/9.9.9 has no manifest of kgrade's, or is a link: it stays\n"
        );
        let narrow = page(44, &all);
        assert!(narrow.lines().all(|line| line.chars().count() <= 44), "{narrow}");
        assert!(narrow.contains("  Python environment\n    22 MB  0123456789ab, used yesterday\n"), "{narrow}");
        let old = Choice { what: Vec::new(), older_than: Some(Duration::from_secs(30 * DAY)) };
        let page = page(80, &old);
        assert!(page.contains("In all 43 MB.\n3 other things are not meant (66 MB).\n"), "{page}");
    }

    #[test]
    fn nothing_there_and_what_was_done() {
        let now = SystemTime::now();
        let style = Style { width: 80, ..Style::FILE };
        assert!(listing(Path::new("/c"), &Stock::default(), &Choice::default(), now, &style).ends_with("Nothing of kgrade's is there.\n"));
        let stock = stock(now);
        let items: Vec<_> = stock.items.iter().collect();
        assert_eq!(done(&items[1..2], &items[..1], &style), "Removed 1 thing: 43 MB.\nKafka 4.3.1 stays: it is in use by now\n");
        let advice = advice("kgrade clean --what java --yes", &style);
        assert!(advice.ends_with("To remove it: kgrade clean --what java --yes\n"), "{advice}");
    }
}
