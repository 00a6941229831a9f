//! `kgrade clean`: what kgrade keeps on this machine, and removing it.

use std::io::IsTerminal;
use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Done, Failure, output};
use crate::exit;
use crate::report::clean as page;
use crate::report::terminal::Style;
use crate::world::clean::{self, Choice, Item, What};
use crate::world::cluster::{CacheDir, Host};

/// What `kgrade clean` is told.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Remove it without asking.
    #[arg(long)]
    yes: bool,
    /// Only what was not used for so long, as 30d, 12h or 2w.
    #[arg(long, value_name = "TIME", value_parser = span)]
    older_than: Option<Duration>,
    /// Only these things.
    #[arg(long, value_enum, value_delimiter = ',')]
    what: Vec<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Kafka's jars.
    Kafka,
    /// What makes a broker's start quick.
    Images,
    /// A Java that was fetched.
    Java,
    /// Python environments.
    Python,
    /// Submissions as their setup commands left them.
    Prepared,
    /// What runs left that were killed.
    Leftovers,
}

impl From<Kind> for What {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Kafka => Self::Kafka,
            Kind::Images => Self::Images,
            Kind::Java => Self::Java,
            Kind::Python => Self::Python,
            Kind::Prepared => Self::Prepared,
            Kind::Leftovers => Self::Leftovers,
        }
    }
}

/// Shows what is there, and removes it when that is wanted.
pub fn clean(args: &CleanArgs) -> Done {
    let cache = CacheDir::of(&Host::from_env());
    let style = Style::of_stdout();
    let choice = Choice { what: args.what.iter().copied().map(What::from).collect(), older_than: args.older_than };
    let now = SystemTime::now();
    let stock = clean::look(&cache, &std::env::temp_dir());
    output::print(&page::listing(cache.path(), &stock, &choice, now, &style));
    let meant: Vec<&Item> = stock.items.iter().filter(|item| choice.means(item, now) && !item.in_use).collect();
    if meant.is_empty() {
        return Ok(exit::ALL_PASSED);
    }
    if !args.yes && !asked()? {
        output::print(&page::advice(&command(), &style));
        return Ok(exit::ALL_PASSED);
    }
    let (mut removed, mut taken, mut failed) = (Vec::new(), Vec::new(), 0);
    for item in meant {
        match clean::remove(&cache, item) {
            Ok(true) => removed.push(item),
            Ok(false) => taken.push(item),
            Err(error) => {
                failed += 1;
                output::note(&format!("error: failed to remove {}: {error}", item.path.display()));
            }
        }
    }
    output::print(&page::done(&removed, &taken, &style));
    Ok(if failed == 0 { exit::ALL_PASSED } else { exit::ENVIRONMENT })
}

/// Whether somebody in a terminal says yes.
fn asked() -> Result<bool, Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Ok(false);
    }
    output::print("Remove it? Type yes: ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::environment(anyhow!("failed to read your answer: {error}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "yes" | "y"))
}

/// This command again, with the word that removes.
fn command() -> String {
    let words = std::env::args().skip(1).map(|word| super::grade::quoted(std::path::Path::new(&word)));
    ["kgrade".to_owned()].into_iter().chain(words).chain(["--yes".to_owned()]).collect::<Vec<_>>().join(" ")
}

/// A length of time: a number and `m`, `h`, `d` or `w`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "a number with m, h, d or w behind it, such as 30d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 24 * 3_600,
        'w' => 7 * 24 * 3_600,
        _ => return Err(wrong()),
    };
    let number: u64 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn lengths_of_time() {
        assert_eq!(span("30d").unwrap().as_secs(), 30 * 24 * 3600);
        assert_eq!(span("2w").unwrap(), span("14d").unwrap());
        assert_eq!(span("90m").unwrap().as_secs(), 5400);
        for wrong in ["", "d", "30", "-1d", "1.5h", "99999999999999999w", "30 d", "é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
