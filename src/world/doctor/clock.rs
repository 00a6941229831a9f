//! The clock, compared with what cannot be: a file that was just made, and kgrade's own, which is older than this moment.

use std::fs::Metadata;
use std::io;
use std::time::{Duration, SystemTime};

use super::{Finding, Machine, Topic};

/// How far apart two looks at one clock may be.
const SLACK: Duration = Duration::from_secs(60);
/// No kgrade is used for longer than this.
const LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The clock of this machine.
pub fn clock(machine: &Machine) -> Finding {
    let file = tempfile::tempfile_in(&machine.temporary).and_then(|file| file.metadata());
    let fresh = file.and_then(|meta: Metadata| meta.modified());
    let built = machine.kgrade.metadata().and_then(|meta| meta.modified());
    judge(machine.now, fresh, built)
}

fn judge(now: SystemTime, fresh: io::Result<SystemTime>, built: io::Result<SystemTime>) -> Finding {
    let wrong = |found: String| {
        Finding::warning(Topic::Clock, format!("{found}; with a wrong clock nothing can be fetched, and times in reports are wrong"))
            .advise("set it by the network")
            .command(if cfg!(target_os = "macos") { "sudo sntp -sS time.apple.com" } else { "sudo timedatectl set-ntp true" })
    };
    let apart = |a: SystemTime, b: SystemTime| {
        a.duration_since(b).or_else(|error| Ok::<_, std::convert::Infallible>(error.duration())).unwrap_or_default()
    };
    if let Ok(fresh) = fresh
        && apart(now, fresh) > SLACK
    {
        return wrong(format!("a file that was made just now is {} s away from the clock", apart(now, fresh).as_secs()));
    }
    match built {
        Ok(built) if built > now + SLACK => wrong("the clock is behind kgrade's own file, so it went back".to_owned()),
        Ok(built) if apart(now, built) > LIFE => wrong("the clock is more than ten years ahead of kgrade's own file".to_owned()),
        _ => Finding::ok(Topic::Clock, "goes right, as far as this machine can tell"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn right_behind_and_ahead() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let day = Duration::from_secs(86_400);
        for (fresh, built, state) in [
            (Ok(now), Ok(now - 400 * day), State::Ok),
            (Ok(now), Err(io::ErrorKind::NotFound.into()), State::Ok),
            (Err(io::ErrorKind::NotFound.into()), Ok(now - day), State::Ok),
            (Ok(now + Duration::from_secs(3600)), Ok(now - day), State::Warning),
            (Ok(now - Duration::from_secs(3600)), Ok(now - day), State::Warning),
            (Ok(now), Ok(now + day), State::Warning),
            (Ok(now), Ok(now - 4000 * day), State::Warning),
        ] {
            let finding = judge(now, fresh, built);
            assert_eq!(finding.state, state, "{finding:?}");
        }
    }
}
