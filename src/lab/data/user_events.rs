//! `user-events`: what users of a web shop do. A few users do most of it, as in life, so that keys are unevenly spread.

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{End, Event, Field, FieldType, Generator};

/// The generator.
pub const GENERATOR: Generator = Generator { name: "user-events", record: "UserEvent", fields: FIELDS, make };

/// The fields, in the order of an event.
const FIELDS: &[Field] = &[
    ("event_id", FieldType::String),
    ("user_id", FieldType::String),
    ("seq", FieldType::Int),
    ("action", FieldType::String),
    ("amount_cents", FieldType::Long),
    ("ts", FieldType::String),
    ("note", FieldType::String),
];

const ACTIONS: &[&str] = &["login", "view", "search", "add-to-cart", "purchase", "logout"];

/// Notes that a careless encoder breaks: other scripts, signs outside the basic plane, quotes, newlines, tabs, backslashes, markup, nothing.
/// None holds U+FFFD: it must stay a sign that bytes were broken on the way.
const NOTES: &[&str] = &[
    "grüße ☕",
    "said \"hello\" and left",
    "two\nlines",
    "日本語のメモ",
    "C:\\temp\\new",
    "tab\there",
    "emoji 🎉 and 👩‍💻",
    "it's 5 < 6 & 7 > 2",
    "Привет",
    "naïve café, façade",
    "",
    "plain",
    "{\"not\": \"an event\"}",
    "ends with a newline\n",
];

/// Milliseconds of a day.
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

fn make(users: u32, last: u32, end: End, random: &mut ChaCha8Rng) -> Vec<Event> {
    let mut ranked: Vec<u32> = (1..=users).collect();
    ranked.shuffle(random);
    // Zipf's law: the user of rank r does 1/r as much as the first.
    let weights: Vec<f64> = (1..=users).map(|rank| 1.0 / f64::from(rank)).collect();
    let total: f64 = weights.iter().sum();
    let mut seqs = vec![0_u32; ranked.len()];
    let width = users.to_string().len().max(2);
    let mut clock = 0_u64;
    let closing = match end {
        End::Anyhow => 0,
        End::EachUser => users.min(last),
    };
    (1..=last)
        .map(|number| {
            let drawn = pick(&weights, total, random);
            // The users are in a random order by their rank already.
            let rank = match usize::try_from(last - number) {
                Ok(left) if number > last - closing => left,
                _ => drawn,
            };
            let user = format!("u-{:0width$}", ranked.get(rank).copied().unwrap_or(1));
            let seq = seqs.get_mut(rank).map_or(0, |seq| {
                *seq += 1;
                *seq
            });
            clock += random.random_range(1..400_u64);
            let id = format!("e-{number:06}");
            let json = json!({
                "event_id": id,
                "user_id": user,
                "seq": seq,
                "action": ACTIONS.choose(random).unwrap_or(&"view"),
                "amount_cents": random.random_range(0..100_000_u32),
                "ts": timestamp(clock),
                "note": NOTES.choose(random).unwrap_or(&""),
            });
            Event { id, key: user, line: json.to_string(), json }
        })
        .collect()
}

fn pick(weights: &[f64], total: f64, random: &mut ChaCha8Rng) -> usize {
    let mut left = random.random_range(0.0..total);
    for (rank, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return rank;
        }
    }
    0
}

/// A time in January 2026, as JavaScript and Python write it.
fn timestamp(millis: u64) -> String {
    let (days, millis) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
    format!("2026-01-{:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", days + 1, millis % 1000)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::lab::data::{DataSet, DataSpec};

    fn spec(count: u32, first: u32) -> DataSpec {
        let generate = Some("user-events".into());
        DataSpec { generate, count: Some(count), users: Some(24), first: Some(first), ..DataSpec::default() }
    }

    fn events(seed: u64, count: u32, first: u32) -> DataSet {
        spec(count, first).make(seed).map_err(|bad| bad.message).unwrap()
    }

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(events(7, 600, 1).events, events(7, 600, 1).events);
        assert_ne!(events(7, 600, 1).events, events(8, 600, 1).events);
    }

    #[test]
    fn parts_of_one_stream_fit_together() {
        let (whole, head, tail) = (events(7, 700, 1), events(7, 600, 1), events(7, 100, 601));
        assert_eq!(whole.events[..600], head.events[..]);
        assert_eq!(whole.events[600..], tail.events[..]);
    }

    #[test]
    fn sequences_ascend_and_users_are_uneven() {
        let set = events(3, 600, 1);
        let mut seen: HashMap<&str, u64> = HashMap::new();
        for event in set.events.iter() {
            let seq = seen.entry(&event.key).or_default();
            *seq += 1;
            assert_eq!(event.json["seq"], *seq);
            assert_eq!(event.json["user_id"], event.key.as_str());
            assert_eq!(serde_json::from_str::<serde_json::Value>(&event.line).unwrap(), event.json);
            assert!(!event.line.contains(['\n', '\u{fffd}']));
        }
        assert_eq!(set.events.iter().map(|event| &event.id).collect::<HashSet<_>>().len(), 600);
        assert_eq!(set.events[16].id, "e-000017");
        let (most, least) = (seen.values().max().unwrap(), seen.values().min().unwrap());
        assert!(seen.len() > 20 && *most > 5 * *least, "{seen:?}");
    }

    #[test]
    fn a_set_may_end_with_each_user() {
        for seed in 0..50 {
            let spec = DataSpec { each_user: true, ..spec(40, 41) };
            let set = spec.make(seed).map_err(|bad| bad.message).unwrap();
            let users: HashSet<&str> = set.events[16..].iter().map(|event| event.key.as_str()).collect();
            assert_eq!((set.events.len(), users.len()), (40, 24), "seed {seed}");
            // Up to there it is the stream that it would have been.
            assert_eq!(set.events[..16], events(seed, 40, 41).events[..16]);
            let whole = DataSpec { each_user: true, ..DataSpec { first: None, count: Some(80), ..spec.clone() } };
            let whole = whole.make(seed).map_err(|bad| bad.message).unwrap();
            let mut seen: HashMap<&str, u64> = HashMap::new();
            for event in whole.events.iter() {
                let seq = seen.entry(&event.key).or_default();
                *seq += 1;
                assert_eq!(event.json["seq"], *seq);
            }
        }
        let refused = DataSpec { each_user: true, ..spec(23, 1) }.make(1).map_err(|bad| (bad.at, bad.message)).unwrap_err();
        assert_eq!(refused, ("each_user", "23 events are too few for each of 24 users".to_owned()));
    }

    #[test]
    fn standard_input_is_one_line_per_event() {
        let input = events(1, 50, 1).stdin();
        assert_eq!(String::from_utf8(input).unwrap().lines().count(), 50);
    }

    #[test]
    fn the_last_event_a_set_may_have_is_still_in_january() {
        assert_eq!(timestamp(0), "2026-01-01T00:00:00.000Z");
        let longest = timestamp(200_000 * 400);
        assert!(longest.starts_with("2026-01-01T22:"), "{longest}");
    }
}
