//! A line for each check that moves while it runs, and goes away before the result is printed.

use std::time::Duration;

use console::Style as Paint;
use indexmap::IndexMap;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{View, ended};
use crate::outcome::CheckOutcome;
use crate::report::terminal::{Style, color};

/// How often what moves is drawn again.
const TICK: Duration = Duration::from_millis(125);
/// Below this many columns there is no room for a bar beside the words.
const NARROW: usize = 60;

pub(super) struct Bars {
    style: Style,
    multi: MultiProgress,
    /// The last line: how long it has taken, how much is done.
    total: ProgressBar,
    step: Option<ProgressBar>,
    checks: IndexMap<String, Line>,
}

struct Line {
    bar: ProgressBar,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended,
}

impl Bars {
    pub(super) fn new(style: Style, target: ProgressDrawTarget) -> Self {
        let multi = MultiProgress::with_draw_target(target);
        let total = multi.add(ProgressBar::no_length().with_style(look("{elapsed} {wide_msg}")));
        total.enable_steady_tick(TICK);
        Self { style, multi, total, step: None, checks: IndexMap::new() }
    }

    fn spinning(&self, template: &str) -> ProgressStyle {
        look(template).tick_chars(if self.style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " })
    }

    fn check(&mut self, id: &str) -> &mut Line {
        let Self { multi, total, checks, .. } = self;
        checks.entry(id.to_owned()).or_insert_with(|| {
            let bar = multi.insert_before(total, ProgressBar::no_length().with_style(look("  {prefix:.dim}")));
            bar.set_prefix(id.to_owned());
            bar.tick();
            Line { bar, state: State::Waiting }
        })
    }

    fn count(&self) {
        let count = |state| self.checks.values().filter(|line| line.state == state).count();
        let running = count(State::Running);
        let running = if running > 0 { format!(", {running} running") } else { String::new() };
        self.total.set_message(format!("{} of {} checks{running}", count(State::Ended), self.checks.len()));
    }
}

impl View for Bars {
    fn step(&mut self, what: &str) {
        self.step_ended();
        let bar = self.multi.insert(0, ProgressBar::no_length().with_style(self.spinning("{spinner} {wide_msg}")));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(TICK);
        self.step = Some(bar);
    }

    fn bytes(&mut self, done: u64, total: Option<u64>) {
        let narrow = self.style.width < NARROW;
        let Some(bar) = &self.step else { return };
        if let Some(total) = total.filter(|total| bar.length() != Some(*total)) {
            let template =
                if narrow { "{spinner} {wide_msg} {percent}%" } else { "{spinner} {wide_msg} {bar:20} {bytes} of {total_bytes}" };
            let look = self.spinning(template);
            bar.set_style(if self.style.unicode { look.progress_chars("━╸─") } else { look.progress_chars("=>-") });
            bar.set_length(total);
        } else if total.is_none() && bar.position() == 0 && done > 0 {
            bar.set_style(self.spinning("{spinner} {wide_msg} {bytes}"));
        }
        bar.set_position(done);
    }

    fn step_ended(&mut self) {
        if let Some(bar) = self.step.take() {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
    }

    fn waiting(&mut self, id: &str) {
        self.check(id);
        self.count();
    }

    fn begun(&mut self, id: &str, title: &str) {
        let look = self.spinning("{spinner:.cyan} {prefix:.bold} {wide_msg} {elapsed}");
        let line = self.check(id);
        line.state = State::Running;
        line.bar.reset_elapsed();
        line.bar.set_style(look);
        line.bar.set_message(title.to_owned());
        line.bar.enable_steady_tick(TICK);
        self.count();
    }

    fn now(&mut self, id: &str, what: &str) {
        let line = self.check(id);
        if line.state == State::Running {
            line.bar.set_message(what.to_owned());
        }
    }

    fn ended(&mut self, check: &CheckOutcome) {
        let paint = Paint::new().fg(color(check.verdict)).force_styling(self.style.color);
        let text = format!("{} {}", paint.apply_to(self.style.mark(check.verdict)), ended(check));
        let line = self.check(&super::line(&check.id));
        line.state = State::Ended;
        line.bar.disable_steady_tick();
        line.bar.set_style(look("{wide_msg}"));
        line.bar.set_message(text);
        line.bar.tick();
        self.count();
    }

    fn note(&mut self, text: &str) {
        // Standard error that is gone must not end the run.
        _ = self.multi.println(text);
    }

    fn finish(&mut self) {
        self.step_ended();
        for line in self.checks.values() {
            line.bar.finish_and_clear();
        }
        self.total.finish_and_clear();
        _ = self.multi.clear();
    }
}

fn look(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use indicatif::TermLike;

    use super::*;
    use crate::outcome::sample;
    use crate::report::live::Live;
    use crate::world::progress::Progress as _;

    /// A terminal in memory: its lines, and the row and column of the cursor.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<Cells>>);

    /// Lines, row, column.
    type Cells = (Vec<Vec<char>>, usize, usize);

    const COLUMNS: usize = 40;

    impl Screen {
        fn text(&self) -> String {
            self.0.lock().unwrap().0.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
        }

        fn type_in(&self, letter: char) {
            let mut screen = self.0.lock().unwrap();
            let (lines, row, column) = &mut *screen;
            match letter {
                '\r' => *column = 0,
                '\n' => (*row, *column) = (*row + 1, 0),
                _ => {
                    // As in a terminal, the cursor waits at the right edge until there is something to write.
                    if *column == COLUMNS {
                        (*row, *column) = (*row + 1, 0);
                    }
                    while lines.len() <= *row {
                        lines.push(vec![' '; COLUMNS]);
                    }
                    lines[*row][*column] = letter;
                    *column += 1;
                }
            }
        }

        fn wait_for(&self, text: &str) {
            let began = Instant::now();
            while !self.text().contains(text) {
                assert!(began.elapsed() < Duration::from_secs(20), "no `{text}` on\n{}", self.text());
                std::thread::yield_now();
            }
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            COLUMNS as u16
        }

        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            let mut screen = self.0.lock().unwrap();
            screen.1 = screen.1.saturating_sub(n);
            Ok(())
        }

        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.0.lock().unwrap().1 += n;
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            console::strip_ansi_codes(text).chars().for_each(|letter| self.type_in(letter));
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.write_str(&format!("\r{}\r", " ".repeat(COLUMNS)))
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn shows_what_runs_and_leaves_an_empty_screen() {
        let screen = Screen::default();
        let live = Live::bars(Style { width: COLUMNS, ..Style::FILE }, ProgressDrawTarget::term_like(Box::new(screen.clone())));
        live.begin("fetching Apache Kafka 4.3.1");
        live.bytes(25, Some(100));
        screen.wait_for("fetching Apache Kafka 4.3.1");
        screen.wait_for("25%");
        live.end();
        for id in ["topic", "keyed"] {
            live.check_waiting(id);
        }
        screen.wait_for("0 of 2 checks");
        live.check_begun("topic", "The topic has six partitions");
        live.check_now("topic", "holding delivery 17 for 6.5 s\x1b[2J");
        screen.wait_for("topic holding delivery 17");
        screen.wait_for("0 of 2 checks, 1 running");
        live.check_ended(&sample("topic"));
        screen.wait_for("✓ topic  10/10  The topic has six");
        screen.wait_for("1 of 2 checks");
        assert!(!screen.text().contains("fetching"), "{}", screen.text());
        assert_eq!(screen.text().trim_end().lines().count(), 3, "{}", screen.text());
        live.finish();
        assert_eq!(screen.text().trim(), "");
    }
}
