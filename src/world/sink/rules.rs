//! How the sink answers: one set of rules for each check.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// The rules of all checks.
#[derive(Debug, Default)]
pub struct Rules {
    checks: Mutex<HashMap<String, CheckSink>>,
}

/// The sink as one check steers it. Clones share the rules.
#[derive(Debug, Clone)]
pub struct CheckSink {
    rule: Arc<Mutex<Rule>>,
}

#[derive(Debug)]
struct Rule {
    begun: u64,
    seen: HashSet<String>,
    hold: Option<u64>,
    release: watch::Sender<Option<u16>>,
    refuse: Option<Refusal>,
    delay: Duration,
}

#[derive(Debug)]
struct Refusal {
    status: u16,
    left: u32,
    // Set by the first new event that arrives.
    event: Option<String>,
}

/// What happens to a delivery.
#[derive(Debug)]
pub enum Step {
    /// It is answered, after so long.
    Answer(u16, Duration),
    /// It is answered when a status is sent.
    Hold(watch::Receiver<Option<u16>>),
}

impl Rules {
    /// The rules of one check.
    pub fn of_check(&self, check: &str) -> CheckSink {
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.entry(check.to_owned()).or_default().clone()
    }

    /// Counts a delivery and says what happens to it.
    pub fn next(&self, check: &str, event: Option<&str>) -> (u64, Step) {
        self.of_check(check).next(event)
    }
}

impl Default for CheckSink {
    fn default() -> Self {
        let rule =
            Rule { begun: 0, seen: HashSet::new(), hold: None, release: watch::Sender::new(None), refuse: None, delay: Duration::ZERO };
        Self { rule: Arc::new(Mutex::new(rule)) }
    }
}

impl CheckSink {
    /// Holds the nth delivery that begins in this check, counted from 1 and from the check's beginning.
    pub fn hold(&self, nth: u64) {
        let mut rule = self.rule();
        rule.hold = Some(nth);
        rule.release = watch::Sender::new(None);
    }

    /// Refuses the next event that did not arrive before, so many times.
    pub fn refuse(&self, times: u32, status: u16) {
        self.rule().refuse = Some(Refusal { status, left: times, event: None });
    }

    /// Takes so long for every answer that is not held, from now on.
    pub fn slow(&self, delay: Duration) {
        self.rule().delay = delay;
    }

    /// Answers what is held.
    pub fn release(&self, status: u16) {
        let mut rule = self.rule();
        rule.hold = None;
        rule.release.send_replace(Some(status));
    }

    /// Answers what is held after a while, without waiting here.
    pub fn release_after(&self, status: u16, after: Duration) {
        let sink = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            sink.release(status);
        });
    }

    fn rule(&self) -> MutexGuard<'_, Rule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, event: Option<&str>) -> (u64, Step) {
        let mut rule = self.rule();
        rule.begun += 1;
        let nth = rule.begun;
        let new = event.is_some_and(|event| rule.seen.insert(event.to_owned()));
        if rule.hold == Some(nth) {
            return (nth, Step::Hold(rule.release.subscribe()));
        }
        let delay = rule.delay;
        if let (Some(refusal), Some(event)) = (rule.refuse.as_mut(), event) {
            if refusal.event.is_none() && new {
                refusal.event = Some(event.to_owned());
            }
            if refusal.left > 0 && refusal.event.as_deref() == Some(event) {
                refusal.left -= 1;
                return (nth, Step::Answer(refusal.status, delay));
            }
        }
        (nth, Step::Answer(200, delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sink: &CheckSink, event: &str) -> u16 {
        match sink.next(Some(event)).1 {
            Step::Answer(status, _) => status,
            Step::Hold(_) => 0,
        }
    }

    #[test]
    fn refuses_the_first_new_event_so_often_and_no_other() {
        let sink = CheckSink::default();
        assert_eq!(answer(&sink, "e-1"), 200);
        sink.refuse(2, 503);
        assert_eq!(answer(&sink, "e-1"), 200, "not new: a repeat after a restart");
        assert_eq!(answer(&sink, "e-2"), 503);
        assert_eq!(answer(&sink, "e-3"), 200);
        assert_eq!(answer(&sink, "e-2"), 503);
        assert_eq!(answer(&sink, "e-2"), 200);
    }

    #[test]
    fn holds_the_nth_delivery_only() {
        let sink = CheckSink::default();
        sink.hold(2);
        assert_eq!(answer(&sink, "e-1"), 200);
        assert_eq!(answer(&sink, "e-2"), 0);
        assert_eq!(answer(&sink, "e-3"), 200);
    }

    #[test]
    fn is_slow_until_told_otherwise() {
        let sink = CheckSink::default();
        let delay = |sink: &CheckSink| match sink.next(Some("e-1")).1 {
            Step::Answer(_, delay) => delay,
            Step::Hold(_) => Duration::MAX,
        };
        sink.slow(Duration::from_millis(40));
        sink.refuse(1, 503);
        assert_eq!((delay(&sink), delay(&sink)), (Duration::from_millis(40), Duration::from_millis(40)), "refused or not");
        sink.slow(Duration::ZERO);
        assert_eq!(delay(&sink), Duration::ZERO);
    }
}
