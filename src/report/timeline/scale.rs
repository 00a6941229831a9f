//! Where each time stands: busy stretches are wide, quiet ones are cut short, and around the mistake everything is magnified.

/// A stretch without any event that is longer than this is cut short, in nanoseconds.
const QUIET: u64 = 400_000_000;
/// So many gaps on each side of the moment are magnified.
const MAGNIFIED: usize = 5;
/// The least share of the whole width that a magnified gap gets.
const SHARE: f64 = 0.022;
/// The share of the width that a stretch which was cut short gets, and that all of them get at the most.
const BREAK: f64 = 0.12;
const BREAKS: f64 = 0.45;

/// Maps times to places from 0 to 1, rising.
#[derive(Debug, Clone)]
pub struct Scale {
    knots: Vec<(u64, f64)>,
    /// Stretches that were cut short: from when to when.
    pub breaks: Vec<(u64, u64)>,
    /// The moment that everything is magnified around.
    focus: Option<u64>,
}

impl Scale {
    /// A scale on which these times stand.
    #[must_use]
    pub fn new(mut times: Vec<u64>, focus: Option<u64>) -> Self {
        times.sort_unstable();
        times.dedup();
        let gaps: Vec<u64> = times.windows(2).map(|pair| pair.last().zip(pair.first()).map_or(0, |(b, a)| b - a)).collect();
        let mut widths: Vec<f64> = gaps.iter().map(|gap| width(*gap)).collect();
        let whole: f64 = widths.iter().sum();
        let quiet = gaps.iter().filter(|gap| **gap > QUIET).count() as f64;
        for (width, _) in widths.iter_mut().zip(&gaps).filter(|(_, gap)| **gap > QUIET) {
            // Room to say how long it was, unless there are too many of them.
            *width = width.max(whole * BREAK.min(BREAKS / quiet));
        }
        if let Some(at) = focus {
            let centre = times.partition_point(|time| *time < at);
            for width in widths.iter_mut().take(centre + MAGNIFIED).skip(centre.saturating_sub(MAGNIFIED)) {
                *width = width.max(whole * SHARE);
            }
        }
        let whole: f64 = widths.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut place = 0.0;
        let mut knots: Vec<(u64, f64)> = times.first().map(|first| (*first, 0.0)).into_iter().collect();
        for (time, width) in times.iter().skip(1).zip(&widths) {
            place += width / whole;
            knots.push((*time, place.min(1.0)));
        }
        let quiet = times.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
        Self { knots, breaks: quiet.filter(|(from, to)| to - from > QUIET).collect(), focus }
    }

    /// Where a time stands, from 0 to 1.
    #[must_use]
    pub fn place(&self, at: u64) -> f64 {
        let after = self.knots.partition_point(|(time, _)| *time <= at);
        let (before, after) = (after.checked_sub(1).and_then(|place| self.knots.get(place)), self.knots.get(after));
        match (before, after) {
            (Some((from, left)), Some((to, right))) => left + (right - left) * ((at - from) as f64 / (to - from) as f64),
            (Some((_, left)), None) => *left,
            (None, _) => 0.0,
        }
    }

    /// Times worth a label, the most important first: the moment, the ends, the edges of what was cut short, then the others.
    #[must_use]
    pub fn labels(&self) -> Vec<u64> {
        let ends = self.knots.first().into_iter().chain(self.knots.last()).map(|(time, _)| *time);
        let edges = self.breaks.iter().flat_map(|(from, to)| [*to, *from]);
        let mut labels: Vec<u64> = self.focus.into_iter().chain(ends).chain(edges).collect();
        labels.extend(self.knots.iter().map(|(time, _)| *time));
        let mut seen = std::collections::HashSet::new();
        labels.retain(|time| seen.insert(*time));
        labels
    }
}

/// How wide a gap is. The square root keeps milliseconds and seconds in one picture; more than [`QUIET`] adds nothing.
fn width(gap: u64) -> f64 {
    (gap.min(QUIET) as f64 / 1e6).sqrt().max(0.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn keeps_the_order_and_cuts_what_is_quiet() {
        let scale = Scale::new(vec![0, 10 * MS, 20 * MS, 20_000 * MS, 20_010 * MS, 10 * MS], None);
        assert_eq!(scale.breaks, [(20 * MS, 20_000 * MS)]);
        let places: Vec<f64> = [0, 10, 20, 20_000, 20_010].iter().map(|ms| scale.place(ms * MS)).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!((places[0], places[4]), (0.0, 1.0));
        // 19.98 s without an event take less than thirty times as much room as 10 ms with one.
        assert!(places[3] - places[2] < 30.0 * (places[1] - places[0]), "{places:?}");
        assert!(scale.place(5 * MS) > 0.0 && scale.place(5 * MS) < places[1]);
        assert_eq!(scale.place(u64::MAX), 1.0);
    }

    #[test]
    fn magnifies_around_the_moment() {
        let mut times: Vec<u64> = (0..1_000).map(|nth| nth * 100 * MS).collect();
        times.extend([50_001 * MS, 50_002 * MS]);
        let apart = |scale: &Scale| scale.place(50_002 * MS) - scale.place(50_001 * MS);
        let (plain, focused) = (Scale::new(times.clone(), None), Scale::new(times, Some(50_001 * MS)));
        assert!(apart(&focused) > 10.0 * apart(&plain), "{} {}", apart(&focused), apart(&plain));
        assert_eq!(focused.labels().first(), Some(&(50_001 * MS)));
    }

    #[test]
    fn one_moment_or_none_is_no_problem() {
        assert_eq!(Scale::new(vec![7], Some(7)).place(7), 0.0);
        assert_eq!(Scale::new(vec![], None).place(7), 0.0);
        assert!(Scale::new(vec![3, 3, 3], None).breaks.is_empty());
    }
}
