//! What a kind may use while it acts or observes: the scene, seen from one check.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use tokio::sync::Mutex;

use super::arrival::ends_at;
use super::background::{Background, Service};
use super::instance::{Input, Instance, Plan};
use super::pace::Pace;
use super::scene::Scene;
use crate::kinds::view::full_name;
use crate::kinds::{Answer, ExpectSpec, View};
use crate::lab::Check;
use crate::lab::data::DataSet;
use crate::lab::late;
use crate::outcome::Mismatch;
use crate::timeline::docker::ListenersSeen;
use crate::timeline::event::{Name, Signal};
use crate::timeline::{Recorder, What};
use crate::world::cluster::listeners;
use crate::world::docker::Docker;
use crate::world::kafka::Kafka;
use crate::world::program::{Doors, Launch, Limits, SpawnError, Stdin};
use crate::world::sink::CheckSink;
use crate::world::tap::Seat;

/// A check at work.
pub struct CheckCtx {
    scene: Arc<Scene>,
    check: Arc<Check>,
    sink: CheckSink,
    instances: Mutex<HashMap<String, Instance>>,
    background: Mutex<Vec<Background>>,
}

/// How to start a program.
#[derive(Debug, Clone, Copy)]
pub struct StartSpec<'a> {
    /// The program's name.
    pub program: &'a str,
    /// The instance's name.
    pub name: &'a str,
    /// The data set for its standard input.
    pub stdin: Option<&'a str>,
    /// Lines a second on its standard input; as fast as it takes them without it.
    pub rate: Option<u32>,
    /// Environment variables beside those of the program.
    pub env: &'a IndexMap<String, String>,
    /// How often it is started again.
    pub restarts: u32,
    /// The group that a member is removed from when it ended without leaving, before a restart.
    pub group: Option<&'a str>,
}

impl CheckCtx {
    /// A context for one check.
    #[must_use]
    pub fn new(scene: Arc<Scene>, check: Arc<Check>) -> Self {
        let sink = scene.sink.of_check(&check.id);
        Self { scene, check, sink, instances: Mutex::default(), background: Mutex::default() }
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The scene.
    #[must_use]
    pub fn scene(&self) -> &Arc<Scene> {
        &self.scene
    }

    /// The way onto the timeline.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.scene.recorder
    }

    /// The grader's own Kafka client.
    #[must_use]
    pub fn kafka(&self) -> &Kafka {
        &self.scene.kafka
    }

    /// The sink, for this check.
    #[must_use]
    pub fn sink(&self) -> &CheckSink {
        &self.sink
    }

    /// The containers of this machine.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.scene.docker
    }

    /// Looks at a file of the submission, of which `most` bytes are read. One that is not there is what was seen.
    ///
    /// # Errors
    /// When kgrade itself broke.
    pub async fn look_at_file(&self, path: &str, most: u64) -> Result<()> {
        let file = self.scene.submission.join(path);
        let read = tokio::task::spawn_blocking(move || {
            let saved = std::fs::metadata(&file).and_then(|known| known.modified()).ok();
            let text = std::fs::File::open(&file).and_then(|file| {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut bytes)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            });
            (text.ok(), saved.and_then(|saved| i64::try_from(saved.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()))
        });
        let (text, saved_ms) = read.await?;
        self.recorder().append(What::FileSeen { path: path.into(), text, saved_ms });
        Ok(())
    }

    /// The ports of this machine in the cluster's bootstrap addresses.
    #[must_use]
    pub fn bootstrap_ports(&self) -> Vec<u16> {
        listeners::ports_here(self.scene.cluster.bootstrap())
    }

    /// Asks the cluster where its clients are to go, tries whether they can get there, and looks which container it is in.
    pub async fn look_at_listeners(&self) -> ListenersSeen {
        let (bootstrap, allow) = (self.scene.cluster.bootstrap().to_owned(), self.scene.allow.clone());
        let asked = bootstrap.clone();
        let refusal = move |node: i32, host: &str, port: i32| allow.refusal(node, host, port);
        let looked = tokio::task::spawn_blocking(move || listeners::look(&asked, refusal)).await;
        let mut seen = looked.unwrap_or_else(|_| ListenersSeen::silent(&bootstrap, "it could not be asked"));
        if let Some(port) = self.bootstrap_ports().first() {
            // Only to explain: without Docker the cluster is none of a container.
            seen.container = self.docker().publisher(*port).await.ok().flatten();
        }
        seen
    }

    /// A time budget, stretched as the person asked.
    #[must_use]
    pub fn scaled(&self, budget: Duration) -> Duration {
        budget.mul_f64(self.scene.scale)
    }

    /// A data set of this check.
    ///
    /// # Errors
    /// When there is none of that name; lint has refused such a lab.
    pub fn data_set(&self, name: &str) -> Result<&DataSet> {
        self.check.data.get(name).with_context(|| format!("there is no data set `{name}` in check `{}`", self.check.id))
    }

    /// Starts a program. `Some` when its command cannot be started, which is the submission's problem.
    ///
    /// # Errors
    /// When the lab names what does not exist.
    pub async fn start(&self, spec: StartSpec<'_>) -> Result<Option<Mismatch>> {
        let name = full_name(&self.check.id, spec.name);
        let program = self.check.programs.get(spec.program).with_context(|| format!("there is no program `{}`", spec.program))?;
        let command = self.scene.commands.get(spec.program).with_context(|| format!("there is no command for `{}`", spec.program))?;
        let command = match command {
            Ok(command) => command,
            Err(missing) => {
                let message = format!("your {} cannot be started: {missing}", spec.program);
                return Ok(Some(Mismatch::new(message, format!("a program `{}`", program.command.join(" ")), "no such program")));
            }
        };
        let instance: Name = name.as_str().into();
        let seat = Arc::new(self.scene.tap.seat(&instance).await?);
        let mut env = IndexMap::from([("KAFKA_BOOTSTRAP_SERVERS".to_owned(), seat.bootstrap().to_owned())]);
        for (variable, value) in program.env.iter().chain(spec.env) {
            env.insert(variable.clone(), self.fill(value, spec.name, seat.bootstrap()));
        }
        let stdin = match spec.stdin {
            Some(data) => {
                let set = self.data_set(data)?;
                Some(Input { data: data.into(), lines: set.len() as u64, bytes: set.stdin(), rate: spec.rate })
            }
            None => None,
        };
        let launch = Launch {
            command: command.clone(),
            env: env.into_iter().collect(),
            mark: self.scene.facts.id.clone(),
            instance: name.clone(),
            stdin: Stdin::None,
            limits: Limits::default(),
            doors: self.doors(&seat, spec.name),
        };
        let plan = Plan {
            name: instance,
            program: spec.program.into(),
            launch,
            seat,
            stdin,
            restarts: spec.restarts,
            group: spec.group.map(str::to_owned),
        };
        match Instance::start(&self.scene, plan).await {
            Ok(instance) => {
                self.instances.lock().await.insert(name, instance);
                Ok(None)
            }
            Err(error @ SpawnError::Sandbox(_)) => Err(error).with_context(|| format!("start the {}", spec.program)),
            Err(error) => {
                let message = format!("your {} cannot be started: {error}", spec.program);
                Ok(Some(Mismatch::new(message, format!("`{}` runs", command.join(" ")), "it does not start")))
            }
        }
    }

    /// What an instance reaches of the grader: the brokers through its seat, and its own path of the sink.
    fn doors(&self, seat: &Arc<Seat>, instance: &str) -> Doors {
        let mut ports = seat.ports();
        ports.push(self.scene.sink.port());
        let (scene, seat) = (Arc::downgrade(&self.scene), Arc::clone(seat));
        let (check, instance) = (self.check.id.clone(), instance.to_owned());
        let serve = move |mut listeners: Vec<TcpListener>| {
            let scene = scene.upgrade().ok_or(io::ErrorKind::NotConnected)?;
            let sink = listeners.pop().ok_or(io::ErrorKind::NotFound)?;
            let served = (scene.sink.serve(sink, &check, &instance)?, seat.serve(listeners)?);
            Ok(Box::new(served) as Box<dyn Any + Send + Sync>)
        };
        Doors { ports, serve: Some(Arc::new(serve)) }
    }

    fn fill(&self, text: &str, instance: &str, bootstrap: &str) -> String {
        late::fill(text, |name| match name {
            "sink.url" => Some(self.scene.sink.url(&self.check.id, instance)),
            "kafka.bootstrap" => Some(bootstrap.to_owned()),
            "instance" => Some(instance.to_owned()),
            other => self.scene.schemas.get(other.strip_prefix("schema.")?).map(|path| path.display().to_string()),
        })
    }

    /// Waits until an instance is over with all of its process group; kills it after `limit`.
    pub async fn finish(&self, name: &str, limit: Duration) {
        let mut instances = self.instances.lock().await;
        if let Some(instance) = instances.get_mut(&full_name(&self.check.id, name))
            && !instance.over(limit).await
        {
            instance.kill().await;
        }
    }

    /// Sends a signal to an instance.
    ///
    /// # Errors
    /// When there is no such instance.
    pub async fn signal(&self, name: &str, signal: Signal) -> Result<()> {
        let instances = self.instances.lock().await;
        let Some(instance) = instances.get(&full_name(&self.check.id, name)) else { bail!("there is no instance `{name}` to signal") };
        instance.signal(signal);
        Ok(())
    }

    /// The instance of this check that has a partition as a member of a group: by the coordinator who the member is, by the wire whose it is.
    ///
    /// # Errors
    /// When the coordinator does not answer.
    pub async fn owner(&self, group: &str, topic: &str, partition: i32) -> Result<Option<String>> {
        let Some(described) = self.kafka().describe_group(group).await? else { return Ok(None) };
        let has = |assigned: &BTreeMap<String, Vec<i32>>| assigned.get(topic).is_some_and(|partitions| partitions.contains(&partition));
        let Some(member) = described.members.into_iter().find(|member| has(&member.assigned)) else { return Ok(None) };
        let timeline = self.recorder().timeline();
        let is_it = |name: &Name| timeline.exchanges(name).any(|exchange| exchange.member(group) == Some(member.member.as_str()));
        let instances = timeline.instances_of(&self.check.id);
        Ok(instances.into_iter().find(|(name, instance)| instance.alive() && is_it(name)).map(|(name, _)| name.to_string()))
    }

    /// Kills an instance as a crash would.
    pub async fn kill(&self, name: &str) {
        let mut instances = self.instances.lock().await;
        if let Some(instance) = instances.get_mut(&full_name(&self.check.id, name)) {
            instance.kill().await;
        }
    }

    /// Lets a service of the grader, a `producer` or a `consumer` of `topic`, work until the check ends.
    pub async fn keep(&self, what: &str, topic: &str, service: impl Service) {
        let background = Background::spawn(&self.scene, &self.check.id, what, topic, service);
        self.background.lock().await.push(background);
    }

    /// Ends the check's faults and services and kills whatever still runs, at the end of the check.
    pub async fn kill_all(&self) {
        self.scene.tap.faults().disarm_all(&self.check.id);
        let mut instances = self.instances.lock().await;
        for instance in instances.values_mut() {
            instance.kill().await;
        }
        instances.clear();
        let background = std::mem::take(&mut *self.background.lock().await);
        for service in background {
            service.end().await;
        }
    }

    /// Removes the members that crashed programs left behind in a group.
    ///
    /// # Errors
    /// When the coordinator refuses, or when it cannot be told whose member is whose (see [`Scene::evict_dead`]).
    pub async fn evict_dead(&self, group: &str) -> Result<()> {
        self.scene.evict_dead(&self.check.id, group).await
    }

    /// Reads what is new in a topic onto the timeline.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn read_topic(&self, topic: &str) -> Result<()> {
        let _one_at_a_time = self.scene.reading.lock().await;
        let partitions = self.kafka().describe_topic(topic).await?;
        let exists = partitions.is_some();
        self.recorder().append(What::TopicSeen { topic: topic.into(), partitions });
        if !exists {
            return Ok(());
        }
        let from: BTreeMap<i32, i64> = self.recorder().timeline().topic(topic).map(|known| known.ends.clone()).unwrap_or_default();
        let (blocks, ends) = self.kafka().read(topic, &from).await?;
        for block in blocks.into_iter().filter(|block| !block.is_empty()) {
            self.recorder().append(What::RecordsSeen { topic: topic.into(), block });
        }
        if ends != from {
            self.recorder().append(What::EndSeen { topic: topic.into(), ends });
        }
        Ok(())
    }

    /// Waits until an expectation holds. `Some` when it can never hold, or takes longer than `limit` (stretched), counted from when the programs that
    /// were just started have come to a broker; a wait for deliveries goes on while there are new ones.
    ///
    /// # Errors
    /// When observing fails, or when nothing can be said in all that time.
    pub async fn wait_until(&self, spec: &ExpectSpec, limit: Duration) -> Result<Option<Mismatch>> {
        let (begun, limit_ns) = (self.recorder().now(), u64::try_from(self.scaled(limit).as_nanos()).unwrap_or(u64::MAX));
        let mut changes = self.recorder().changes();
        let mut pace = Pace::prompt();
        loop {
            pace.look();
            spec.observe(self).await?;
            changes.borrow_and_update();
            let answer = self.judge(spec);
            let now = self.recorder().now();
            let late = now >= ends_at(&self.recorder().timeline(), &self.check.id, spec, begun, limit_ns, now);
            match answer {
                Answer::Holds(evidence) if evidence.seen > 0 => return Ok(None),
                Answer::Violated(mismatch) => return Ok(Some(mismatch)),
                Answer::NotYet(mismatch) if late => return Ok(Some(waited(mismatch, self.scaled(limit)))),
                Answer::NotShown(reason) if late => bail!("waited for `{}`, but {reason}", spec.word()),
                Answer::Holds(_) if late => bail!("waited for `{}`, but nothing was seen that could be judged", spec.word()),
                _ => {}
            }
            pace.wait(&mut changes).await;
        }
    }

    fn judge(&self, spec: &ExpectSpec) -> Answer {
        let timeline = self.recorder().timeline();
        spec.judge(&View::new(&timeline, &self.check.id, &self.check.data).stretched(self.scene.scale))
    }

    /// Lets time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Says in the mismatch how long it was waited for.
fn waited(mut mismatch: Mismatch, limit: Duration) -> Mismatch {
    mismatch.observed = format!("{}, still so after a wait of {:.1} s", mismatch.observed, limit.as_secs_f64());
    mismatch
}
