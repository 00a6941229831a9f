//! A plain line for everything that is over, where no terminal is.

use std::io::Write;

use super::{View, ended};
use crate::outcome::{CheckOutcome, sanitize};
use crate::report::terminal::Style;

pub(super) struct Lines<W> {
    style: Style,
    to: W,
}

impl<W: Write + Send> Lines<W> {
    pub(super) fn new(style: Style, to: W) -> Self {
        Self { style, to }
    }

    fn line(&mut self, text: &str) {
        let text = if self.style.github { sanitize::github_log(text) } else { text.to_owned() };
        // Progress that nobody can read any more must not end the run.
        _ = writeln!(self.to, "{text}").and_then(|()| self.to.flush());
    }
}

impl<W: Write + Send> View for Lines<W> {
    fn step(&mut self, what: &str) {
        self.line(&format!("kgrade is {what}"));
    }

    fn ended(&mut self, check: &CheckOutcome) {
        self.line(&format!("{} {}", self.style.mark(check.verdict), ended(check)));
    }

    fn note(&mut self, text: &str) {
        self.line(text);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::outcome::sample;
    use crate::report::live::Live;
    use crate::world::progress::Progress as _;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn says_one_line_for_each_thing_that_is_over() {
        let written = Written::default();
        let live = Live::lines(Style { github: true, ..Style::FILE }, written.clone());
        live.begin("fetching Apache Kafka 4.3.1");
        live.bytes(10, Some(100));
        live.end();
        live.check_waiting("topic");
        live.check_begun("topic", "The topic");
        live.check_now("topic", "looking");
        live.check_ended(&sample("topic"));
        live.note("::error::forged");
        drop(live);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "kgrade is fetching Apache Kafka 4.3.1\n✓ topic  10/10  The topic has six partitions (3.2 s)\n: :error::forged\n");
    }
}
