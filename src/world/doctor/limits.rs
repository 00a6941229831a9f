//! Memory, and how many files a process may have open.

use super::{Finding, Machine, Topic};

/// A broker, the grader and a small program, in bytes.
const LEAST: u64 = 400 << 20;
/// Less than this is soon used up.
const SCARCE: u64 = 1 << 30;

/// A broker with its jars, its logs and the connections of a lab.
const LEAST_FILES: u64 = 512;
/// With several brokers, and programs that open many connections.
const FEW_FILES: u64 = 1024;

/// Both.
pub fn limits(machine: &Machine) -> Vec<Finding> {
    let [current, most] = machine.open_files;
    machine.memory.map(memory).into_iter().chain([files(current, most)]).collect()
}

fn memory(free: u64) -> Finding {
    let said = format!("{} MB are free", free >> 20);
    let advice = "close other programs; a container or a virtual machine can be given more";
    match free {
        0..LEAST => Finding::missing(Topic::Memory, format!("{said}, and a broker with a program takes 400 MB")).advise(advice),
        LEAST..SCARCE => Finding::warning(Topic::Memory, format!("{said}; labs with three brokers take more than 1 GB")).advise(advice),
        _ => Finding::ok(Topic::Memory, said),
    }
}

fn files(current: Option<u64>, most: Option<u64>) -> Finding {
    let Some(current) = current else { return Finding::ok(Topic::OpenFiles, "as many as a process wants") };
    let said = format!("{current} for each process");
    let raise = most.unwrap_or(4096).min(4096);
    let finding = match current {
        0..LEAST_FILES => Finding::missing(Topic::OpenFiles, format!("only {said}; a broker needs more")),
        LEAST_FILES..FEW_FILES => Finding::warning(Topic::OpenFiles, format!("only {said}; labs with three brokers need more")),
        _ => return Finding::ok(Topic::OpenFiles, said),
    };
    if raise > current {
        finding.command(format!("ulimit -n {raise}"))
    } else {
        finding.advise("have whoever runs this machine raise the limit (nofile)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn memory_that_is_left() {
        for (free, state) in [(100 << 20, State::Missing), (700 << 20, State::Warning), (8 << 30, State::Ok)] {
            assert_eq!(memory(free).state, state);
        }
    }

    #[test]
    fn files_that_may_be_open() {
        for (current, most, state, commands) in [
            (Some(256), Some(1 << 20), State::Missing, 1),
            (Some(512), Some(512), State::Warning, 0),
            (Some(1024), Some(1024), State::Ok, 0),
            (None, None, State::Ok, 0),
        ] {
            let finding = files(current, most);
            assert_eq!((finding.state, finding.commands.len()), (state, commands), "{finding:?}");
        }
        assert_eq!(files(Some(256), None).commands, ["ulimit -n 4096"]);
    }
}
