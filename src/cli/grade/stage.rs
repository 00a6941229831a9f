//! Setting the scene: sink, cluster and programs, made side by side.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::sync::watch;

use super::Run;
use super::facts::facts;
use super::hold::Hold;
use crate::cli::{Failure, output};
use crate::cohort::child;
use crate::lab::Owner;
use crate::lab::data::{EventSchema, GENERATORS, Generator};
use crate::report::live::Live;
use crate::run::{Scene, Seats, Turns};
use crate::timeline::{Recorder, What};
use crate::world::cluster::{
    self, CacheDir, Cluster, ClusterContext, ClusterSpec, Health, Host, LEARNERS_ADDRESS, Listener, Named, Runtime,
};
use crate::world::docker::{Docker, DockerHost};
use crate::world::guard::Guard;
use crate::world::kafka::Kafka;
use crate::world::program::{self, PrepareContext, Prepared, Submission, SubmissionError};
use crate::world::progress::Progress;
use crate::world::sandbox::{Making, Sandbox};
use crate::world::sink::Sink;
use crate::world::tap::{Allow, Node, Tap};

/// The packages of the course, for submissions without a `requirements.txt`.
const COURSE_REQUIREMENTS: &str = include_str!("../../../checks/requirements.txt");

/// How often a broker that waits is looked at.
const HEALTH: Duration = Duration::from_millis(500);

/// The scene, and how long its parts took, in milliseconds.
pub struct Stage {
    pub scene: Arc<Scene>,
    pub phases: Vec<(String, u64)>,
    /// The checks that were asked for when the word to begin came; empty for those of the command line.
    pub asked: Vec<String>,
}

/// Makes everything that the checks share. Dropping the future removes what was made.
///
/// With an early hold the submission is read when the word to begin comes: as it is then.
pub async fn build(
    run: &Run<'_>,
    recorder: &Recorder,
    live: &Arc<Live>,
    (early, interrupted): (Option<&Hold>, watch::Receiver<bool>),
) -> Result<Stage, Failure> {
    let open = || Submission::open(&run.args.submission).map_err(Failure::environment);
    // What is wrong with a submission is said before anything is started for it.
    let opened = if early.is_none() { Some(open()?) } else { None };
    let guard = Guard::of_this_kgrade()?;
    let host = Host::from_env();
    let runtime = runtime(run)?;
    let cache = CacheDir::of(&host);
    let mark = run.lab.run_id.clone();

    let docker = Docker::new(DockerHost::from_env());
    let kgrade = std::env::current_exe().context("find kgrade's own file")?;
    let making = Making { docker: &docker, guard: &guard, kgrade: &kgrade };
    let sandbox = Sandbox::find(run.args.sandbox, run.args.setup_network, &making).await;
    let sandbox = sandbox.map_err(|error| Failure::environment(anyhow!("failed to make the sandbox: {error}")))?;
    let sink = Sink::start(recorder.clone()).await?;
    let progress: Arc<dyn Progress> = Arc::clone(live) as Arc<dyn Progress>;
    let cache_path = cache.path().to_owned();
    let programs = async |submission: Submission| {
        let commands = commands(run, &submission);
        let preparing = PrepareContext {
            cache: cache_path,
            guard: &guard,
            progress: &**live,
            mark: &mark,
            course_requirements: COURSE_REQUIREMENTS,
            commands: commands.values().filter_map(|command| command.as_ref().ok().cloned()).collect(),
            environment: program::grader_environment(),
            sandbox: sandbox.clone(),
        };
        prepare(&submission, &preparing).await.map(|prepared| (submission, commands, prepared))
    };
    let context = ClusterContext { host, cache, guard: guard.clone(), progress };
    let seats = Seats::of(run.checks.iter().map(|check| &**check), usize::from(run.args.jobs));
    let brokers = run.lab.cluster.brokers;
    let allow = allowed(&runtime, &run.args.allow_endpoint);
    let tap = tap(&runtime, recorder, seats.count(), usize::from(brokers), &allow)?;
    let settings = run.lab.cluster.settings.clone();
    let spec = ClusterSpec { brokers: brokers.into(), settings, seats: tap.ports(), ..ClusterSpec::default() };
    let starting = timed(start_cluster(run.lab.cluster.owner, recorder, &allow, &runtime, &spec, &context));
    // Everything about the cluster that needs no submission, so that a grader that is held has done it.
    let connected = async {
        let (cluster, took) = starting.await;
        let cluster = cluster?;
        check_brokers(run, &cluster)?;
        if let Some(warning) = cluster.warning() {
            live.note(warning);
        }
        tap.attach(cluster.learners().iter().map(|brokers| brokers.iter().map(node).collect()).collect());
        let kafka = Kafka::connect(cluster.admin())?;
        kafka.prepare_producer()?;
        Ok::<_, Failure>((cluster, kafka, took))
    };
    let (mut held, mut asked) = (None, Vec::new());
    let ((cluster, kafka, cluster_took), (prepared, prepared_took)) = match (opened, early) {
        (Some(submission), _) => {
            let (connected, programs) = tokio::join!(connected, timed(programs(submission)));
            (connected?, programs)
        }
        (None, hold) => {
            let found = program::grader_environment();
            let connected = if matches!(runtime, Runtime::External(_)) {
                // Nothing to be kept ready: what stands there may be another thing, or none, by the time that the word comes.
                program::find_python(&found).await;
                let from = Instant::now();
                asked = waited(hold, None, interrupted.clone()).await?;
                held = Some(from.elapsed());
                connected.await?
            } else {
                let (connected, ()) = tokio::join!(connected, program::find_python(&found));
                let connected = connected?;
                let from = Instant::now();
                asked = waited(hold, Some(&connected.0), interrupted.clone()).await?;
                held = Some(from.elapsed());
                connected
            };
            (connected, timed(async { programs(open()?).await }).await)
        }
    };
    let (submission, commands, prepared) = prepared?;
    if run.lab.cluster.owner == Owner::Learner && recorder.timeline().is_cluster_usable() {
        // What is there before anything is done: it may change at any time, since it is not kgrade's.
        let topics = kafka.topics().await?;
        recorder.append(What::TopicsListed { topics: topics.iter().map(|name| name.as_str().into()).collect() });
    }
    let facts = facts(run, &submission, &cluster, &runtime, sandbox.as_ref()).await;
    let schemas = schemas(run.lab.seed, &prepared).context("write the schemas of the events")?;
    let scene = Scene {
        lab: run.lab.name.clone(),
        recorder: recorder.clone(),
        cluster,
        tap,
        allow,
        docker,
        seats,
        turns: Turns::default(),
        kafka,
        sink,
        submission: submission.folder().to_owned(),
        prepared,
        commands,
        schemas,
        guard,
        facts,
        scale: run.args.timeout_scale,
        interrupted,
        reading: tokio::sync::Mutex::new(()),
    };
    let mut phases = vec![("cluster".to_owned(), cluster_took), ("programs".to_owned(), prepared_took)];
    phases.extend(held.map(|held| ("held".to_owned(), u64::try_from(held.as_millis()).unwrap_or(u64::MAX))));
    Ok(Stage { scene: Arc::new(scene), phases, asked })
}

/// Says that all is ready, and waits for the word to begin. A broker that ends meanwhile is of no use to whoever waits.
async fn waited(hold: Option<&Hold>, cluster: Option<&Cluster>, interrupted: watch::Receiver<bool>) -> Result<Vec<String>, Failure> {
    let Some(hold) = hold else { return Ok(Vec::new()) };
    output::print(&format!("{}\n", child::READY));
    let ended = async {
        let Some(cluster) = cluster else { return std::future::pending().await };
        let mut looks = tokio::time::interval(HEALTH);
        loop {
            looks.tick().await;
            if let Health::Died { log_tail, .. } = cluster.health() {
                return anyhow!("the broker ended while it waited: {log_tail}");
            }
        }
    };
    tokio::select! {
        word = hold.released(interrupted.clone()) => match word {
            Some(word) => Ok(Hold::asked(&word)),
            // Whoever listens for the interrupt ends this.
            None => std::future::pending().await,
        },
        died = ended => Err(Failure::environment(died)),
    }
}

/// Takes everything down. The programs ended with their checks.
pub async fn strike(scene: Arc<Scene>) {
    match Arc::try_unwrap(scene) {
        Ok(scene) => {
            let Scene { cluster, tap, kafka, sink, prepared, guard, facts, recorder, .. } = scene;
            // A private cluster goes away whole; on one that stays, only what this run made is removed.
            if !cluster.is_own()
                && recorder.timeline().is_cluster_usable()
                && let Err(error) = kafka.remove_run(&facts.id).await
            {
                output::note(&format!("topics and groups with {} in their names were left on the cluster: {error:#}", facts.id));
            }
            drop((tap, kafka, sink));
            let removing = tokio::task::spawn_blocking(move || drop(prepared));
            cluster.stop().await;
            let _ = removing.await;
            drop(guard);
        }
        // A task still holds it: what it holds goes away with it.
        Err(scene) => drop(scene),
    }
}

/// What stands between the programs and the cluster: in front of kgrade's own, which is told to send clients there, or of one that is there.
fn tap(runtime: &Runtime, recorder: &Recorder, seats: usize, brokers: usize, allow: &Allow) -> Result<Tap, Failure> {
    match runtime {
        Runtime::External(addresses) => {
            Ok(Tap::rewriting(recorder.clone(), addresses.split(',').map(str::to_owned).collect(), allow.clone()))
        }
        Runtime::Jvm | Runtime::Docker => {
            Ok(Tap::advertised(recorder.clone(), seats, brokers).context("open ports for the tap on 127.0.0.1")?)
        }
    }
}

/// Where a cluster that is there may send the programs.
fn allowed(runtime: &Runtime, more: &[String]) -> Allow {
    let named = if let Runtime::External(addresses) = runtime { addresses.as_str() } else { "" };
    Allow::hosts(named.split(',').chain(more.iter().map(String::as_str)))
}

/// Says before anything is started what a cluster that is there cannot give to this lab.
fn check_brokers(run: &Run<'_>, cluster: &Cluster) -> Result<(), Failure> {
    if cluster.is_own() {
        return Ok(());
    }
    let advice = "leave out `--cluster` (and unset KAFKA_BOOTSTRAP_SERVERS) to let kgrade run its own";
    if let Some(check) = run.checks.iter().find(|check| check.breaks_brokers()) {
        let (id, address) = (&check.id, cluster.bootstrap());
        return Err(Failure::environment(anyhow!(
            "use the cluster at {address}: check `{id}` stops brokers, and kgrade stops only its own; {advice}"
        )));
    }
    let (wanted, there) = (usize::from(run.lab.cluster.brokers), cluster.named().len());
    // None are named when it did not say.
    if (1..wanted).contains(&there) {
        let address = cluster.bootstrap();
        let message = format!("use the cluster at {address}: this lab needs {wanted} brokers, and it has {there}; {advice}");
        return Err(Failure::environment(anyhow!(message)));
    }
    Ok(())
}

fn node(listener: &Listener) -> Node {
    Node { id: listener.node, address: listener.address.clone() }
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let began = Instant::now();
    let result = work.await;
    (result, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Where the cluster comes from: as the person says, else as the lab does.
fn runtime(run: &Run<'_>) -> Result<Runtime, Failure> {
    match (&run.args.cluster, run.lab.cluster.owner) {
        (Some(Runtime::Jvm | Runtime::Docker), Owner::Learner) => Err(Failure::usage(anyhow!(
            "grade {} on a cluster of kgrade's: it is about your own; leave out `--cluster`, or give its address with `--cluster HOST:PORT`",
            run.lab.name
        ))),
        (Some(runtime), _) => Ok(runtime.clone()),
        (None, Owner::Learner) => Ok(Runtime::External(LEARNERS_ADDRESS.to_owned())),
        (None, Owner::Kgrade) => Ok(Runtime::Jvm),
    }
}

async fn start_cluster(
    owner: Owner,
    recorder: &Recorder,
    allow: &Allow,
    runtime: &Runtime,
    spec: &ClusterSpec,
    context: &ClusterContext,
) -> Result<Cluster, Failure> {
    match (runtime, owner) {
        (Runtime::External(addresses), Owner::Learner) => {
            let allow = allow.clone();
            let permitted = move |named: &Named| allow.refusal(named.node, &named.host, named.port).is_none();
            let (cluster, state) = cluster::learners_own(addresses, permitted).await.map_err(Failure::environment)?;
            recorder.append(What::ClusterSeen { bootstrap: addresses.as_str().into(), state });
            Ok(cluster)
        }
        _ => {
            let cluster = cluster::start(runtime, spec, context).await.map_err(Failure::environment)?;
            // Said before anything is started: the tap would have to keep the cluster's answers from the programs.
            match cluster.named().iter().find_map(|named| allow.refusal(named.node, &named.host, named.port)) {
                Some(refusal) => Err(Failure::environment(anyhow!("use the cluster at {}: {refusal}", cluster.bootstrap()))),
                None => Ok(cluster),
            }
        }
    }
}

async fn prepare(submission: &Submission, context: &PrepareContext<'_>) -> Result<Prepared, Failure> {
    program::prepare(submission, context)
        .await
        .map_err(|error| Failure::environment(anyhow::Error::from(error).context("prepare the programs")))
}

/// Writes the Avro schema of every generator's events, as this run's seed has it, to a file beside the programs.
fn schemas(seed: u64, prepared: &Prepared) -> anyhow::Result<HashMap<String, PathBuf>> {
    let write = |generator: &Generator| {
        let schema = EventSchema::drawn(generator, seed).map_err(|error| anyhow!(error))?;
        Ok((generator.name.to_owned(), prepared.give(&format!("{}.avsc", generator.name), &schema.text())?))
    };
    GENERATORS.iter().map(write).collect()
}

/// The command of every program that the selected checks start; the reason where the submission has none.
fn commands(run: &Run<'_>, submission: &Submission) -> HashMap<String, Result<Vec<String>, SubmissionError>> {
    let programs = run.checks.iter().flat_map(|check| &check.programs);
    programs.map(|(name, program)| (name.clone(), submission.command(&run.lab.name, name, &program.command))).collect()
}
