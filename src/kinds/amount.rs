//! How many of something: `{ exactly: 3 }`, `{ at_least: 1 }`, `{ at_most: 10 }`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Exactly so many; add `stable` to the check to catch one more.
    Exactly(u64),
    /// So many or more.
    AtLeast(u64),
    /// So many or fewer.
    AtMost(u64),
}

/// How a number that can only grow compares with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It is right as it is.
    Right,
    /// It may still grow to be right.
    TooFew,
    /// It never will be right.
    TooMany,
}

impl Amount {
    /// Compares a number that can only grow.
    #[must_use]
    pub fn compare(self, seen: u64) -> Compared {
        match self {
            Self::Exactly(wanted) if seen < wanted => Compared::TooFew,
            Self::AtLeast(wanted) if seen < wanted => Compared::TooFew,
            Self::Exactly(wanted) | Self::AtMost(wanted) if seen > wanted => Compared::TooMany,
            _ => Compared::Right,
        }
    }

    /// Whether a number is right as it is.
    #[must_use]
    pub fn accepts(self, seen: u64) -> bool {
        self.compare(seen) == Compared::Right
    }

    /// Whether it says something about numbers that are too high: then nothing may have been missed.
    #[must_use]
    pub fn has_upper_bound(self) -> bool {
        !matches!(self, Self::AtLeast(_))
    }

    /// Whether nothing at all satisfies it.
    #[must_use]
    pub fn allows_none(self) -> bool {
        matches!(self, Self::AtMost(_) | Self::Exactly(0) | Self::AtLeast(0))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => write!(f, "exactly {number}"),
            Self::AtLeast(number) => write!(f, "at least {number}"),
            Self::AtMost(number) => write!(f, "at most {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_what_can_only_grow() {
        for (amount, few, right, many) in
            [(Amount::Exactly(3), Some(2), 3, Some(4)), (Amount::AtLeast(3), Some(2), 9, None), (Amount::AtMost(3), None, 0, Some(4))]
        {
            assert_eq!(amount.compare(right), Compared::Right, "{amount}");
            assert!(few.is_none_or(|few| amount.compare(few) == Compared::TooFew), "{amount}");
            assert!(many.is_none_or(|many| amount.compare(many) == Compared::TooMany), "{amount}");
        }
    }
}
