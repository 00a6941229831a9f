//! What the terminal shows.

use super::{Finding, Machine, Topic};

/// Narrower, and results are hard to read.
const NARROW: usize = 44;

/// Locale, width and colour.
pub fn terminal(machine: &Machine) -> Vec<Finding> {
    let super::Terminal { columns, color, utf8 } = machine.terminal;
    let locale = if utf8 {
        Finding::ok(Topic::Locale, "UTF-8")
    } else {
        let command = if cfg!(target_os = "macos") { "export LC_ALL=en_US.UTF-8" } else { "export LC_ALL=C.UTF-8" };
        Finding::warning(Topic::Locale, "is not UTF-8: marks are shown as + and x, and other programs may stumble over names")
            .command(command)
    };
    let shown = if color { "with colour" } else { "without colour" };
    let terminal = match columns {
        None => Finding::ok(Topic::Terminal, format!("none; texts are 100 columns wide, {shown}")),
        Some(columns) if columns < NARROW => {
            Finding::warning(Topic::Terminal, format!("{columns} columns, {shown}; results are made for {NARROW} and more"))
                .advise("make the window wider")
        }
        Some(columns) => Finding::ok(Topic::Terminal, format!("{columns} columns, {shown}")),
    };
    vec![locale, terminal]
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::super::{State, Terminal};
    use super::*;

    #[test]
    fn wide_narrow_and_none() {
        let mut bench = Bench::new();
        for (columns, utf8, states) in [
            (Some(80), true, [State::Ok, State::Ok]),
            (Some(30), true, [State::Ok, State::Warning]),
            (None, false, [State::Warning, State::Ok]),
        ] {
            bench.machine.terminal = Terminal { columns, color: false, utf8 };
            assert_eq!(terminal(&bench.machine).iter().map(|finding| finding.state).collect::<Vec<_>>(), states);
        }
    }
}
