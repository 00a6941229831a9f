//! Numbers in words: counts and lengths of time.

/// A number with its noun: `1 record`, `2 records`.
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A length of time as a person says it: `850 ms`, `3.2 s`, `2 min 05 s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..59_950 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => {
            let seconds = ms.saturating_add(500) / 1_000;
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| count(n, "entry", "entries")), ["0 entries", "1 entry", "2 entries"]);
    }

    #[test]
    fn time_is_rounded_at_the_right_place() {
        for (ms, said) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (3_249, "3.2 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (125_499, "2 min 05 s"),
        ] {
            assert_eq!(duration(ms), said);
        }
        assert!(duration(u64::MAX).ends_with(" s"));
    }
}
