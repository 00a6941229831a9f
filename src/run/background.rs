//! What the grader does on its cluster beside a check's actions, until the check ends: other services that write and read.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::scene::Scene;
use crate::timeline::What;
use crate::timeline::event::Name;

/// How often a service does its work.
pub const TURN: Duration = Duration::from_millis(100);

/// A service that stands still for longer is no longer what the lab says it is: who looks twice, 5 s apart, has to see it move.
const LATE: Duration = Duration::from_millis(3500);

/// How long a service may take to end.
const END: Duration = Duration::from_secs(5);

/// One piece of work, done again and again.
pub trait Service: Send + 'static {
    /// Does what is due. An error is tried again at the next turn.
    ///
    /// # Errors
    /// When the cluster refuses.
    fn turn(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// A service at work. It ends when this is dropped.
pub struct Background {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Background {
    /// Lets a service that writes or reads `topic` work for a check. Where it stands still for too long, on a machine that has too much to do, that goes on the timeline: then what
    /// the lab says about the cluster was not so.
    pub fn spawn(scene: &Arc<Scene>, check: &str, what: &str, topic: &str, service: impl Service) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(work(Arc::clone(scene), check.into(), (what.into(), topic.into()), service, stopped));
        Self { stop, task }
    }

    /// Ends it and waits until it is over.
    pub async fn end(self) {
        self.stop.send_replace(true);
        if timeout(END, self.task).await.is_err() {
            tracing::warn!("a service of the check does not end");
        }
    }
}

async fn work(scene: Arc<Scene>, check: Name, (what, topic): (Name, Name), mut service: impl Service, mut stopped: watch::Receiver<bool>) {
    let mut last = Instant::now();
    let mut told = false;
    let stall = |last: Instant| {
        let millis = u64::try_from(last.elapsed().as_millis()).unwrap_or(u64::MAX);
        scene.recorder.append(What::Stalled { check: check.clone(), what: what.clone(), topic: topic.clone(), millis });
    };
    loop {
        let turn = service.turn();
        tokio::pin!(turn);
        let result = loop {
            tokio::select! {
                result = &mut turn => break result,
                _ = stopped.changed() => return,
                () = sleep(LATE.saturating_sub(last.elapsed())), if !told => {
                    told = true;
                    stall(last);
                }
            }
        };
        match result {
            Ok(()) => {
                if last.elapsed() > LATE && !told {
                    stall(last);
                }
                (last, told) = (Instant::now(), false);
            }
            Err(error) => tracing::debug!("{what} of {topic}: {error:#}"),
        }
        tokio::select! {
            () = sleep(TURN) => {}
            _ = stopped.changed() => return,
        }
    }
}
