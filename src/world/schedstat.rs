//! What Linux says of the threads of a process: how long each ran, and how long it could have run and was not let.

use std::fs;

/// A thread since it began, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thread {
    /// Its number.
    pub number: u32,
    /// How long it was on a processor.
    pub ran: u64,
    /// How long it waited for one.
    pub waited: u64,
}

/// The threads of a process. Where the system does not say, none.
pub fn threads(pid: u32) -> impl Iterator<Item = Thread> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        // The third number is how often it ran.
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        Some(Thread { number, ran: numbers.next()?, waited: numbers.next()? })
    })
}
