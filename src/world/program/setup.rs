//! The manifest's setup commands, run once per content of a submission.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::environment::{Environment, Requirements};
use super::prepare::{PrepareContext, PrepareError, blocking};
use super::process::{Doors, search};
use super::python::Python;
use super::room::{self, Room};
use super::run_folder::RunFolder;
use super::step::Step;
use super::store::{Cached, Store};
use super::submission::Submission;
use super::tree::hex;
use super::variables::{self, get};
use crate::world::sandbox::Sandbox;

/// How long one setup command may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// What setting up needs.
pub(super) struct Setup<'a> {
    pub submission: &'a Submission,
    pub commands: &'a [Vec<String>],
    /// The environment shared with others, which the commands may use.
    pub environment: Option<&'a Environment>,
    /// What the environment of its own holds at first, when the commands may change it.
    pub own: Option<(&'a Requirements<'a>, &'a Python)>,
    pub context: &'a PrepareContext<'a>,
}

impl Setup<'_> {
    /// The cached folder with the submission as the commands left it, in `work`, and with its own environment, if it has one.
    pub async fn get(&self) -> Result<Cached, PrepareError> {
        let Self { context, .. } = self;
        let store = Store { place: context.cache.join("prepared"), guard: context.guard, progress: context.progress };
        store.get(&self.key(), async |folder: &Path| self.build(folder).await).await
    }

    fn key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.submission.digest());
        hash.update(format!("{:?} {} {}", self.environment.map(Environment::python), std::env::consts::OS, std::env::consts::ARCH));
        // What a command may do decides what it leaves behind.
        hash.update(format!("{:?}", self.context.sandbox.as_ref().map(Sandbox::name)));
        hash.update(self.own.map(|(requirements, python)| requirements.key(python)).unwrap_or_default());
        for command in self.commands {
            // Another version of the tool may build something else.
            let tool = command.first().and_then(|word| search(word, get(&self.context.environment, "PATH").map(ToOwned::to_owned)));
            let tool = tool.and_then(|path| path.canonicalize().ok());
            let changed = tool.as_ref().and_then(|path| path.metadata().and_then(|found| found.modified()).ok());
            hash.update(format!("{command:?} {tool:?} {changed:?}"));
        }
        hex(hash.finalize().get(..16).unwrap_or_default())
    }

    async fn build(&self, folder: &Path) -> Result<(), PrepareError> {
        let Self { context, .. } = self;
        let (tree, work) = (self.submission.tree.clone(), folder.join("work"));
        let target = work.clone();
        blocking(move || Ok(tree.copy(&target)?)).await?;
        let own = match self.own {
            Some((requirements, python)) => Some(Environment::build_in(folder, requirements, python, context).await?),
            None => None,
        };
        let python = own.as_ref().or(self.environment).map(Environment::python);
        let folders = RunFolder::make(context.guard)?;
        if let Some(sandbox) = &context.sandbox {
            sandbox.hand_over(folder)?;
            sandbox.hand_over(folders.path())?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            let instance = format!("setup-{}", index + 1);
            context.progress.begin(&format!("running {}", command.join(" ")));
            let step = Step {
                command: command.clone(),
                python,
                folder: &work,
                env: match &context.sandbox {
                    Some(sandbox) => {
                        let network = sandbox.network_at_setup();
                        variables::for_setup_inside(&context.environment, &folders, python, context.mark, &instance, network)
                    }
                    None => variables::for_setup(&context.environment, &folders, python, context.mark, &instance),
                },
                mark: context.mark,
                instance: &instance,
                patience: PATIENCE,
                room: context.sandbox.as_ref().map(|sandbox| Room {
                    sandbox,
                    readable: room::readable(&context.environment, python),
                    writable: vec![folder.to_owned(), folders.path().to_owned()],
                    doors: Doors::default(),
                    network: sandbox.network_at_setup(),
                }),
            };
            let done = step.run(context.guard).await;
            context.progress.end();
            done?;
        }
        Ok(())
    }
}
