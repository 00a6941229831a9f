//! Which process made something that may outlive it: a container, a folder among the temporary files.

use crate::world::cluster::birth;

/// This process: the machine, the process id, and when the process was started.
#[must_use]
pub fn this_process() -> String {
    of(std::process::id())
}

/// A process of this machine, in the same words.
#[must_use]
pub fn of(pid: u32) -> String {
    format!("{} {pid} {}", machine(), birth(pid).unwrap_or_default())
}

/// Whether an owner was a process of this machine, and is gone. Of other machines' processes nobody here knows.
#[must_use]
pub fn is_gone(owner: &str) -> bool {
    let mut words = owner.splitn(3, ' ');
    let (Some(place), Some(Ok(pid)), Some(born)) = (words.next(), words.next().map(str::parse::<u32>), words.next()) else { return false };
    place == machine() && birth(pid).is_none_or(|birth| birth != born)
}

/// Where process ids mean what they mean here: a daemon may serve several machines, and containers that have it mounted.
fn machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().replace(' ', "-");
    let space = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    format!("{name}/{space}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_process_is_gone() {
        assert!(!is_gone(&this_process()), "this one is at work");
        let (machine, pid) = (machine(), std::process::id());
        assert!(is_gone(&format!("{machine} {pid} another-boot 17")), "its number was given to another");
        assert!(!is_gone(&format!("elsewhere/pid:[1] {pid} another-boot 17")), "nobody here knows");
        for nonsense in ["", "x", "x y z", &machine] {
            assert!(!is_gone(nonsense), "{nonsense}");
        }
    }
}
