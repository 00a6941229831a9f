//! A program's standard input: as fast as the program takes it, or so many lines a second.
//!
//! At a rate, what the machine delays is not caught up with: a burst of lines would let any producer fill its batches. The time is lost
//! instead, and told ([`Pacing`]), so that a judge knows what the program was really given.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Weak;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe::Sender;
use tokio::sync::oneshot;

use super::instance::Input;
use crate::timeline::event::{Name, Pacing};
use crate::timeline::{Recorder, What};
use crate::world::program::Process;

/// How long a writer sleeps between two writes.
const BEAT: Duration = Duration::from_millis(1);

/// How much input one write may hold at most, as time: what is due beyond it is put off. Less than any client's linger that is worth its name.
const BURST: Duration = Duration::from_millis(4);

/// A program that has not read so much of its input, as time, is behind.
const BEHIND: Duration = Duration::from_millis(20);

/// A pipe that holds so many bytes may not take more: it has 64 KiB, in pages that need not be full.
const FULL: u64 = 32 << 10;

/// Feeds a program: writes its input, closes it and says so on the timeline.
pub(super) async fn feed(recorder: Recorder, instance: Name, input: Input, stdin: Sender, process: Weak<Process>) {
    // A program that closed its input or ended does not get the rest: how it ended is judged, not this.
    let (done, pace) = match input.rate {
        None => (at_once(stdin, &input.bytes).await.is_ok(), None),
        Some(rate) => match paced(stdin, &input, rate, &process).await {
            Ok(pace) => (true, Some(pace)),
            Err(_) => (false, None),
        },
    };
    recorder.append(What::Fed { instance, data: input.data, count: if done { input.lines } else { 0 }, done, pace });
}

async fn at_once(mut stdin: Sender, bytes: &[u8]) -> io::Result<()> {
    stdin.write_all(bytes).await?;
    stdin.shutdown().await
}

/// Waits until the program reads, then leaves the writing to a thread of its own: a busy runtime would make the beat uneven.
async fn paced(mut stdin: Sender, input: &Input, rate: u32, process: &Weak<Process>) -> io::Result<Pacing> {
    let mut lines = input.bytes.split_inclusive(|byte| *byte == b'\n');
    stdin.write_all(lines.next().unwrap_or_default()).await?;
    stdin.flush().await?;
    let pipe = stdin.into_blocking_fd()?;
    // However slow it is to start: what it would find in the pipe then would come in one burst.
    while unread(&pipe) > 0 {
        if process.upgrade().is_none_or(|process| process.exit().is_some()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        tokio::time::sleep(BEAT).await;
    }
    let rest: Vec<u8> = lines.flatten().copied().collect();
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || drop(done.send(write(pipe, &rest, rate))))?;
    outcome.await.map_err(io::Error::other)?
}

/// How many bytes of a pipe nobody has read yet.
fn unread(pipe: &impl AsFd) -> u64 {
    rustix::io::ioctl_fionread(pipe).unwrap_or(0)
}

/// Writes all lines at the rate. A program that ends or closes its input ends this with an error.
fn write(pipe: OwnedFd, bytes: &[u8], rate: u32) -> io::Result<Pacing> {
    let mut pipe = File::from(pipe);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let per_line = bytes.len() as u64 / (lines.len() as u64).max(1);
    let backlog = per_line * lines_in(BEHIND, rate);
    let begun = Instant::now();
    let mut pace = Pace::new(rate);
    let (mut writes, mut behind) = (0_u64, 0_u64);
    let mut left = lines.as_slice();
    while !left.is_empty() {
        let due = pace.due(begun.elapsed()).min(left.len() as u64);
        let (now, later) = left.split_at(usize::try_from(due).unwrap_or(left.len()));
        if !now.is_empty() {
            writes += 1;
            let waiting = unread(&pipe);
            behind += u64::from(waiting > backlog);
            let started = Instant::now();
            pipe.write_all(&now.concat())?;
            if waiting > FULL {
                pace.blocked(started.elapsed());
            }
        }
        left = later;
        std::thread::sleep(BEAT);
    }
    Ok(Pacing {
        rate,
        took: nanos(begun.elapsed()),
        blocked: nanos(pace.blocked),
        starved: nanos(pace.starved),
        behind_percent: u8::try_from(behind * 100 / writes.max(1)).unwrap_or(100),
    })
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How many lines come in a time at a rate.
fn lines_in(time: Duration, rate: u32) -> u64 {
    (time.as_secs_f64() * f64::from(rate)) as u64
}

/// When lines are due at a rate. Pure: it is told the time since the first line.
#[derive(Debug)]
struct Pace {
    rate: u32,
    given: u64,
    /// For how long the program took nothing.
    blocked: Duration,
    /// What the machine did not give.
    starved: Duration,
}

impl Pace {
    fn new(rate: u32) -> Self {
        Self { rate, given: 0, blocked: Duration::ZERO, starved: Duration::ZERO }
    }

    /// How many lines are to be written now. What is due beyond a burst is put off, with all that follows.
    fn due(&mut self, now: Duration) -> u64 {
        let going = now.saturating_sub(self.blocked + self.starved);
        let due = lines_in(going, self.rate).saturating_sub(self.given);
        let most = lines_in(BURST, self.rate).max(1);
        if due > most {
            self.starved += Duration::from_secs_f64((due - most) as f64 / f64::from(self.rate.max(1)));
        }
        self.given += due.min(most);
        due.min(most)
    }

    /// A write took so long: beyond a moment it was the program that did not read.
    fn blocked(&mut self, time: Duration) {
        if time > BEAT {
            self.blocked += time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn lines_come_at_the_rate() {
        let mut pace = Pace::new(5000);
        let given: u64 = (1..=1000).map(|beat| pace.due(ms(beat))).sum();
        assert_eq!((given, pace.starved), (5000, Duration::ZERO));
        let mut slow = Pace::new(100);
        assert_eq!((1..=1000).map(|beat| slow.due(ms(beat))).sum::<u64>(), 100);
    }

    #[test]
    fn what_the_machine_delays_is_put_off_and_not_caught_up_with() {
        let mut pace = Pace::new(5000);
        assert_eq!(pace.due(ms(1)), 5);
        assert_eq!(pace.due(ms(101)), 20, "the most that one write may hold");
        assert_eq!(pace.starved, ms(96));
        assert_eq!(pace.due(ms(102)), 5);
        assert_eq!(pace.due(ms(105)), 15, "a write that is two beats late is no burst");
        assert_eq!(pace.starved, ms(96));
    }

    #[test]
    fn what_the_program_delays_is_its_own() {
        let mut pace = Pace::new(5000);
        pace.due(ms(1));
        pace.blocked(ms(50));
        assert_eq!((pace.due(ms(52)), pace.starved, pace.blocked), (5, Duration::ZERO, ms(50)));
        pace.blocked(BEAT);
        assert_eq!(pace.blocked, ms(50), "a moment is nobody's");
    }

    #[tokio::test]
    async fn a_program_gets_every_line_in_order_and_then_the_end() {
        use tokio::io::AsyncReadExt as _;
        let bytes: Vec<u8> = (0..40).flat_map(|line| format!("{line}\n").into_bytes()).collect();
        let (reader, writer) = std::io::pipe().unwrap();
        let rest = bytes.clone();
        let thread = std::thread::spawn(move || write(writer.into(), &rest, 10_000));
        let mut reader = tokio::net::unix::pipe::Receiver::from_owned_fd(reader.into()).unwrap();
        let mut seen = Vec::new();
        reader.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, bytes);
        assert_eq!(thread.join().unwrap().unwrap().rate, 10_000);
    }

    #[test]
    fn a_program_that_reads_no_more_ends_it() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(write(writer.into(), b"a\nb\n", 1000).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
