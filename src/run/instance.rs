//! One instance of a learner's program: started, fed, watched, started again, ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::feed::{feed, nanos};
use super::scene::Scene;
use crate::timeline::event::{Name, Signal, Stream};
use crate::timeline::{Recorder, What};
use crate::world::program::{self, Launch, Process, ProgramEvent, SpawnError};
use crate::world::tap::Seat;

/// How often the process group is looked at after its leader ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long the tap may take to read what a program sent before its end: only what the kernel still holds, unless a fault holds it up or a
/// process that left the group lives on.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often it is looked whether processes that left the group live on.
const STRAYS: Duration = Duration::from_millis(50);

/// A started program. Dropping it kills what is left.
pub struct Instance {
    name: Name,
    recorder: Recorder,
    process: watch::Receiver<Arc<Process>>,
    stopping: Arc<AtomicBool>,
    supervisor: JoinHandle<()>,
}

/// What to start.
pub struct Plan {
    /// The full name, `check/as`.
    pub name: Name,
    /// The program's name.
    pub program: Name,
    /// Everything the process needs.
    pub launch: Launch,
    /// Its place at the tap.
    pub seat: Arc<Seat>,
    /// Its standard input.
    pub stdin: Option<Input>,
    /// How often it is started again when it ends by itself.
    pub restarts: u32,
    /// The group that a member is removed from when it ended without leaving, before a restart.
    pub group: Option<String>,
}

/// What a program reads on its standard input.
#[derive(Clone)]
pub struct Input {
    /// The data set.
    pub data: Name,
    /// How many lines.
    pub lines: u64,
    /// The lines.
    pub bytes: Vec<u8>,
    /// Lines a second; as fast as the program takes them without it.
    pub rate: Option<u32>,
}

impl Instance {
    /// Starts it.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub async fn start(scene: &Arc<Scene>, plan: Plan) -> Result<Self, SpawnError> {
        let recorder = scene.recorder.clone();
        let first = spawn(scene, &plan, plan.restarts).await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let name = plan.name.clone();
        let (current, process) = watch::channel(first);
        let supervisor = tokio::spawn(supervise(Arc::clone(scene), plan, current, Arc::clone(&stopping)));
        Ok(Self { name, recorder, process, stopping, supervisor })
    }

    /// Sends a signal to its process group. It is not started again after one that ends it.
    pub fn signal(&self, signal: Signal) {
        if signal.ends() {
            self.stopping.store(true, Ordering::Release);
        }
        self.recorder.append(What::Signalled { instance: self.name.clone(), signal });
        let number = match signal {
            Signal::Term => rustix::process::Signal::TERM,
            Signal::Int => rustix::process::Signal::INT,
            Signal::Kill => rustix::process::Signal::KILL,
            Signal::Stop => rustix::process::Signal::STOP,
            Signal::Cont => rustix::process::Signal::CONT,
        };
        self.process.borrow().signal(number);
    }

    /// Ends it and everything it started, and waits until nothing is left.
    pub async fn kill(&mut self) {
        self.stopping.store(true, Ordering::Release);
        let process = Arc::clone(&self.process.borrow());
        if process.exit().is_none() {
            self.recorder.append(What::Signalled { instance: self.name.clone(), signal: Signal::Kill });
        }
        process.kill_tree().await;
        // The supervisor records the end. A handle that was waited for to its end must not be asked again.
        if !self.supervisor.is_finished() {
            let _ = (&mut self.supervisor).await;
        }
    }

    /// Waits until it is over: ended, not to be started again, and its process group gone. False when `limit` passes first.
    pub async fn over(&mut self, limit: Duration) -> bool {
        self.supervisor.is_finished() || tokio::time::timeout(limit, &mut self.supervisor).await.is_ok()
    }
}

async fn spawn(scene: &Arc<Scene>, plan: &Plan, restarts: u32) -> Result<Arc<Process>, SpawnError> {
    let mut launch = plan.launch.clone();
    // Each start is marked apart: what is left of an earlier one is killed by its mark.
    launch.instance = format!("{}#{restarts}", plan.name);
    launch.stdin = if plan.stdin.is_some() { program::Stdin::Piped } else { program::Stdin::None };
    let (recorder, instance) = (scene.recorder.clone(), plan.name.clone());
    let command = launch.command.clone();
    // However quick the program is, its start comes before its first connection.
    plan.seat.shut();
    let mut process = program::spawn(&scene.prepared, launch, &scene.guard, move |event| {
        recorder.append(recorded(&instance, event));
    })
    .await?;
    let pid = process.pid();
    scene.recorder.append(What::Started { instance: plan.name.clone(), program: plan.program.clone(), pid, restarts, command });
    plan.seat.open();
    let stdin = process.take_stdin();
    let process = Arc::new(process);
    if let (Some(input), Some(stdin)) = (&plan.stdin, stdin) {
        tokio::spawn(feed(scene.recorder.clone(), plan.name.clone(), input.clone(), stdin, Arc::downgrade(&process)));
    }
    Ok(process)
}

fn recorded(instance: &Name, event: ProgramEvent) -> What {
    let instance = instance.clone();
    let of = |stream| match stream {
        program::Stream::Stdout => Stream::Stdout,
        program::Stream::Stderr => Stream::Stderr,
    };
    match event {
        ProgramEvent::Line { stream, text } => What::Line { instance, stream: of(stream), text },
        ProgramEvent::Cut { stream, bytes } => What::Cut { instance, stream: of(stream), bytes },
        ProgramEvent::Limit(limit) => What::LimitHit { instance, limit: limit.to_string() },
        ProgramEvent::Starved { waited, ran } => What::Starved { instance, waited: nanos(waited), ran: nanos(ran) },
        ProgramEvent::Exited(exit) => What::Exited { instance, code: exit.code, signal: exit.signal },
    }
}

/// Looks after it until its end, then frees its place at the tap.
async fn supervise(scene: Arc<Scene>, plan: Plan, current: watch::Sender<Arc<Process>>, stopping: Arc<AtomicBool>) {
    live(&scene, &plan, &current, &stopping).await;
    // What it left running must not be taken for the next instance that gets this place.
    let process = Arc::downgrade(&*current.borrow());
    tokio::spawn(async move {
        while process.upgrade().is_some_and(|process| !process.is_gone()) {
            tokio::time::sleep(STRAYS).await;
        }
        drop(plan);
    });
}

/// Waits for the end, records that the group is gone, and starts it again while it may.
async fn live(scene: &Arc<Scene>, plan: &Plan, current: &watch::Sender<Arc<Process>>, stopping: &AtomicBool) {
    let mut restarts = plan.restarts;
    loop {
        let process = Arc::clone(&current.borrow());
        process.exited().await;
        while !process.group_is_gone() {
            tokio::time::sleep(LOOK).await;
        }
        // From here on everything that it sent is on the timeline.
        let _ = tokio::time::timeout(LAST_WORDS, plan.seat.quiet()).await;
        scene.recorder.append(What::GroupGone { instance: plan.name.clone() });
        if restarts == 0 || stopping.load(Ordering::Acquire) {
            return;
        }
        restarts -= 1;
        if let (Some(group), Some((check, _))) = (&plan.group, plan.name.split_once('/'))
            && let Err(error) = scene.evict_dead(check, group).await
        {
            tracing::warn!(error = format!("{error:#}"), instance = %plan.name, "remove the dead member before the restart");
        }
        match spawn(scene, plan, restarts).await {
            Ok(next) => {
                current.send_replace(next);
            }
            Err(error) => {
                tracing::warn!(%error, instance = %plan.name, "start the program again");
                return;
            }
        }
        // Asked to stop in the very moment of the restart: the new process must not stay.
        if stopping.load(Ordering::Acquire) {
            let process = Arc::clone(&current.borrow());
            process.kill_tree().await;
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // The process kills its tree when its last handle goes.
        self.supervisor.abort();
    }
}
