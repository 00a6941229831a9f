//! Numbers in words: counts, lengths of time, sizes.

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

/// A size as a person says it: `812 bytes`, `44 MB`, `1.5 GB`. Thousands, as disks are sold and download pages say it.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1_000 {
        return count(n, "byte", "bytes");
    }
    let (mut tenths, mut unit) = (n / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths < 100 && unit > 1 { format!("{}.{} {name}", tenths / 10, tenths % 10) } else { format!("{} {name}", (tenths + 5) / 10) }
}

/// How long ago a moment is, in whole days: `today`, `yesterday`, `12 days ago`.
#[must_use]
pub fn days_ago(days: u64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_unit() {
        for (n, said) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1 kB"),
            (44_400_000, "44 MB"),
            (999_400_000, "999 MB"),
            (1_000_000_000, "1.0 GB"),
            (1_500_000_000, "1.5 GB"),
            (57_000_000_000, "57 GB"),
        ] {
            assert_eq!(bytes(n), said);
        }
        assert!(bytes(u64::MAX).ends_with(" TB"));
        assert_eq!([0, 1, 2].map(days_ago), ["today", "yesterday", "2 days ago"]);
    }

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
