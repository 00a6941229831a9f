//! The course's rules on late submissions: data in a file, and a pure function from the time of a commit to what is left of a score.
//!
//! ```yaml
//! kgrade: 1
//! grace: 15m                                  # nothing is lost yet
//! steps: [ { within: 1d, percent: 10 }, { within: 3d, percent: 30 } ]
//! beyond: 100                                 # what a later submission loses; without it everything
//! labs:
//!   lab-02: { due: 2026-12-01T23:59:00+01:00 }
//! extensions:
//!   ada: { all: 2d, lab-02: 2026-12-09T12:00:00+01:00 }
//! ```

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::outcome::{Late, RunFacts};

/// The largest file that is read, in bytes.
const MOST: u64 = 4 << 20;

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The version of the file's form: 1.
    pub kgrade: u32,
    /// How long after the due time nothing is lost yet.
    #[serde(default)]
    pub grace: Length,
    /// What is lost after that, by how late it is; the nearest first. How late it is counts from the due time.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What is lost beyond the last step, in percent.
    #[serde(default = "everything")]
    pub beyond: u8,
    /// When each lab is due. A lab that is not named is never late.
    pub labs: IndexMap<String, Deadline>,
    /// Who has more time.
    #[serde(default)]
    pub extensions: IndexMap<String, Extension>,
}

/// A step of the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// For submissions that are at most so late.
    pub within: Length,
    /// What is lost, in percent of the score.
    pub percent: u8,
}

/// When a lab is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The last moment in time.
    pub due: Moment,
}

/// A learner's extensions, by lab; `all` for every other lab.
pub type Extension = IndexMap<String, More>;

/// More time: so much longer, or until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// So much longer.
    Longer(Length),
    /// Until then.
    Until(Moment),
}

/// A length of time in whole seconds: `90s`, `15m`, `36h`, `3d`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub u64);

/// A moment with its offset from UTC, as RFC 3339 writes it, in seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

fn everything() -> u8 {
    100
}

impl Rules {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no such file, or says what cannot be meant.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display();
        let size = std::fs::metadata(path).with_context(|| format!("read the rules on late submissions in {shown}"))?.len();
        if size > MOST {
            bail!("read the rules on late submissions: {shown} has {size} bytes; name the file with the rules");
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("read the rules on late submissions in {shown}"))?;
        Self::parse(&text).with_context(|| format!("the rules on late submissions in {shown}"))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str) -> Result<Self> {
        let rules: Self = serde_saphyr::from_str(text)?;
        if rules.kgrade != 1 {
            bail!("they are written in version {}; this kgrade reads version 1", rules.kgrade);
        }
        let mut last = Step { within: rules.grace, percent: 0 };
        for step in &rules.steps {
            if step.within <= last.within {
                bail!("each step of `steps` ends later than the one before it, and than `grace`; put the nearest first");
            }
            if step.percent < last.percent {
                bail!("a later step of `steps` takes less than an earlier one: nobody should win by waiting");
            }
            last = *step;
        }
        let percents = rules.steps.iter().map(|step| step.percent).chain([rules.beyond]);
        if let Some(percent) = percents.into_iter().find(|percent| *percent > 100) {
            bail!("{percent} percent is more than there is; write a number from 0 to 100");
        }
        if rules.beyond < last.percent {
            bail!("`beyond` takes less than the last of `steps`: nobody should win by waiting");
        }
        for (learner, extension) in &rules.extensions {
            let unknown = extension.keys().find(|lab| *lab != "all" && !rules.labs.contains_key(*lab));
            if let Some(lab) = unknown {
                bail!("`{learner}` has an extension for `{lab}`, which is not among `labs`");
            }
        }
        Ok(rules)
    }

    /// The rules for one learner and one lab, as a table of the cohort says: a due time or an extension in it comes before those of `base`.
    /// Without `base` nothing is lost; how late it is, is told all the same. `None` when nothing is said of the lab at all.
    #[must_use]
    pub fn of_one(base: Option<&Self>, lab: &str, learner: &str, due: Option<Moment>, extension: Option<More>) -> Option<Self> {
        let none = Self {
            kgrade: 1,
            grace: Length::default(),
            steps: Vec::new(),
            beyond: 0,
            labs: IndexMap::new(),
            extensions: IndexMap::new(),
        };
        let mut rules = base.cloned().unwrap_or(none);
        let due = due.or_else(|| rules.labs.get(lab).map(|deadline| deadline.due))?;
        let mut more = rules.extensions.swap_remove(learner).unwrap_or_default();
        let more = extension.or_else(|| more.swap_remove(lab)).or_else(|| more.swap_remove("all"));
        rules.labs = IndexMap::from([(lab.to_owned(), Deadline { due })]);
        rules.extensions =
            more.map(|more| (learner.to_owned(), IndexMap::from([(lab.to_owned(), more)]))).into_iter().collect();
        Some(rules)
    }

    /// The rules as a file holds them.
    #[must_use]
    pub fn text(&self) -> String {
        // JSON is YAML, too.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the rules make of a score; `None` for a lab without a due time. The same submission gives the same answer whenever it is asked.
    #[must_use]
    pub fn apply(&self, lab: &str, run: &RunFacts, score: u32) -> Option<Late> {
        let Moment(due) = self.labs.get(lab)?.due;
        let extension = run.learner.as_ref().and_then(|learner| self.extensions.get(learner));
        let more = extension.and_then(|extension| extension.get(lab).or_else(|| extension.get("all")));
        let moved = match more {
            None => due,
            Some(More::Longer(Length(seconds))) => due.saturating_add(*seconds),
            // An extension takes nothing away.
            Some(More::Until(Moment(until))) => due.max(*until),
        };
        let late_s = run.committed_at.map(|at| at.saturating_sub(moved));
        let penalty_percent = late_s.map_or(0, |late| self.penalty(late));
        let score = Late::left(score, penalty_percent);
        Some(Late { due: moved, extended: moved > due, grace_s: self.grace.0, late_s, penalty_percent, score })
    }

    /// What is lost by being so many seconds late, in percent.
    fn penalty(&self, late: u64) -> u8 {
        if late <= self.grace.0 {
            return 0;
        }
        self.steps.iter().find(|step| late <= step.within.0).map_or(self.beyond, |step| step.percent)
    }
}

impl Length {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.find(|sign: char| !sign.is_ascii_digit())?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(seconds).map(Self)
    }
}

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        u64::try_from(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp()).ok().map(Self)
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("`{text}` is no length of time; write 90s, 15m, 36h or 3d"))
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("`{text}` is no moment with its time zone; write for example 2026-12-01T23:59:00+01:00"))
    }
}

impl FromStr for More {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let longer = Length::parse(text).map(Self::Longer);
        longer
            .or_else(|| Moment::parse(text).map(Self::Until))
            .ok_or_else(|| format!("`{text}` is neither a length of time (2d) nor a moment (2026-12-09T12:00:00+01:00)"))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = i64::try_from(self.0).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        f.write_str(&at.and_then(|at| at.format(&Rfc3339).ok()).ok_or(fmt::Error)?)
    }
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Longer(length) => length.fmt(f),
            Self::Until(moment) => moment.fmt(f),
        }
    }
}

/// Read and written as its text.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

as_text!(Length, Moment, More);

#[cfg(test)]
#[path = "late/tests.rs"]
mod tests;
