//! The processes of the machine, as `/proc` shows them; and what tells for almost nothing that it is time to look at them.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// How old what is known of processes may be that nobody follows.
const WHOLE: Duration = Duration::from_secs(1);
/// How old a glance may be: several that look at once share it.
const GLANCE_AGE: Duration = Duration::from_millis(10);

/// A live process, as `/proc/PID/stat` shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub pid: Pid,
    pub parent: i32,
    pub group: i32,
    /// When it started, in clock ticks since the machine did. With the id it names a process for good.
    pub started: u64,
    /// Processor time in clock ticks, its own and that of its children that ended.
    pub ticks: u64,
    /// What it has in memory, in bytes.
    pub resident: u64,
    /// Where its environment is in its memory, which is anew with each program that it becomes; 0 where that is not told.
    pub environment: u64,
}

/// All live processes.
pub(super) fn processes() -> Vec<Row> {
    numbers().filter_map(row).collect()
}

fn numbers() -> impl Iterator<Item = i32> {
    let folders = fs::read_dir("/proc").into_iter().flatten();
    folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok())
}

/// What was last seen of the machine by those who look again and again.
struct Overview {
    rows: Arc<Vec<Row>>,
    when: Instant,
    /// When all processes were last read.
    whole: Instant,
    newest: u64,
}

static OVERVIEW: Mutex<Option<Overview>> = Mutex::new(None);
static FOLLOWED: Mutex<Option<HashSet<Pid>>> = Mutex::new(None);

/// These belong to a family: [`recent`] has them as they are, not as they were.
pub(super) fn follow(members: &[Row]) {
    let mut followed = FOLLOWED.lock().unwrap_or_else(PoisonError::into_inner);
    followed.get_or_insert_default().extend(members.iter().map(|row| row.pid));
}

/// All live processes as they were at most `age` ago; those that were there before and that nobody follows, as they were at most a second ago.
/// Reading a process costs microseconds, and a machine has hundreds; several that look at once share one reading.
pub(super) fn recent(age: Duration) -> Arc<Vec<Row>> {
    let mut overview = OVERVIEW.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = &*overview
        && last.when.elapsed() < age
    {
        return Arc::clone(&last.rows);
    }
    let (now, newest) = (Instant::now(), ask().newest);
    let last = overview.take().filter(|last| last.whole.elapsed() < WHOLE);
    let whole = last.as_ref().map_or(now, |last| last.whole);
    let mut followed = FOLLOWED.lock().unwrap_or_else(PoisonError::into_inner);
    let followed = followed.get_or_insert_default();
    let rows = match last {
        None => processes(),
        // Not one process was started since.
        Some(last) if newest != 0 && last.newest == newest => {
            last.rows.iter().filter_map(|known| if followed.contains(&known.pid) { row(raw(known.pid)) } else { Some(*known) }).collect()
        }
        Some(last) => {
            let known: HashMap<i32, &Row> =
                last.rows.iter().filter(|row| !followed.contains(&row.pid)).map(|row| (raw(row.pid), row)).collect();
            numbers().filter_map(|number| known.get(&number).map_or_else(|| row(number), |known| Some(**known))).collect()
        }
    };
    if whole == now {
        let there: HashSet<Pid> = rows.iter().map(|row| row.pid).collect();
        followed.retain(|pid| there.contains(pid));
    }
    let rows = Arc::new(rows);
    *overview = Some(Overview { rows: Arc::clone(&rows), when: now, whole, newest });
    rows
}

fn raw(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

/// What the machine tells of itself for almost nothing; zeros where it does not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Glance {
    /// How many threads there are.
    pub threads: u64,
    /// The number that was given to a thread or process last.
    newest: u64,
}

/// A glance at the machine.
pub(super) fn glance() -> Glance {
    static LAST: Mutex<Option<(Instant, Glance)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((when, glance)) = *last
        && when.elapsed() < GLANCE_AGE
    {
        return glance;
    }
    let glance = ask();
    *last = Some((Instant::now(), glance));
    glance
}

fn ask() -> Glance {
    // 0.20 0.18 0.12 1/80 11206
    let mut buffer = [0; 128];
    let load = read("/proc/loadavg", &mut buffer).unwrap_or_default();
    let mut numbers = load.split(['/', ' ', '\n']).skip(4).map(|number| number.parse().unwrap_or(0));
    Glance { threads: numbers.next().unwrap_or(0), newest: numbers.next().unwrap_or(0) }
}

/// One live process; none when it has ended, waited for or not.
pub(super) fn row(pid: i32) -> Option<Row> {
    let mut buffer = [0; 1024];
    let stat = read(&format!("/proc/{pid}/stat"), &mut buffer)?;
    // The name stands in parentheses and may hold any character, parentheses included.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Row {
        pid: Pid::from_raw(pid)?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
        started: number(19)?,
        resident: number(21)? * rustix::param::page_size() as u64,
        environment: number(47).unwrap_or(0),
    })
}

/// A short file of `/proc`, which gives all of it at once.
fn read<'a>(path: &str, buffer: &'a mut [u8]) -> Option<std::borrow::Cow<'a, str>> {
    let length = File::open(path).ok()?.read(buffer).ok()?;
    Some(String::from_utf8_lossy(buffer.get(..length)?))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn of(rows: &[Row], number: u32) -> Option<Row> {
        rows.iter().copied().find(|row| raw(row.pid).cast_unsigned() == number)
    }

    #[test]
    fn a_process_is_as_the_system_says() {
        let own = of(&processes(), std::process::id()).unwrap();
        assert_eq!(own.parent.cast_unsigned(), std::os::unix::process::parent_id());
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident: u64 =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().trim_end_matches("kB").trim().parse().unwrap();
        assert!((resident << 9..resident << 11).contains(&own.resident), "{own:?}, {resident} kB");
        assert!(own.environment != 0, "{own:?}");
        assert!(glance().threads > 1 && glance().newest > 0);
    }

    #[test]
    fn a_name_may_hold_anything() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(") Z 1 (");
        fs::copy("/bin/sleep", &program).unwrap();
        let mut child = Command::new(&program).arg("60").spawn().unwrap();
        let row = row(child.id().cast_signed()).unwrap();
        assert_eq!(row.parent.cast_unsigned(), std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(super::row(raw(row.pid)).is_none(), "gone");
    }

    #[test]
    fn whoever_looks_again_sees_what_is_new_and_what_is_gone() {
        recent(Duration::ZERO);
        let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let seen = of(&recent(Duration::ZERO), child.id());
        assert!(seen.is_some(), "new");
        follow(&[seen.unwrap()]);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(of(&recent(Duration::ZERO), child.id()).is_none(), "gone");
    }
}
