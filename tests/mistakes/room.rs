//! How much is graded side by side: what many brokers do to a small machine is no part of any lab.

use std::sync::{Condvar, Mutex, PoisonError};

/// As many labs of one broker fit; a lab takes room for each of its brokers, but for one.
const ROOM: usize = 4;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// Does work that needs room for a cluster, when there is room.
pub fn with<T>(brokers: usize, work: impl FnOnce() -> T) -> T {
    let share = brokers.saturating_sub(1).clamp(1, ROOM);
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    *FREED.wait_while(taken, |taken| *taken + share > ROOM).unwrap_or_else(PoisonError::into_inner) += share;
    let _room = Room(share);
    work()
}

struct Room(usize);

impl Drop for Room {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        FREED.notify_all();
    }
}
