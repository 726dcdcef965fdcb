//! The servers of one scenario, at one of its moments, and the files that lead to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::moment::moment_at;
use super::paste::Ways;
use super::scene::SceneArgs;
use crate::facts::UnixTime;
use crate::replay::on_lab::{LabStage, clients};
use crate::replay::stage::Stage as _;
use crate::scenario::Scenario;
use crate::story::Moment;
use crate::world::World;

/// The servers, and where in the story they stand.
pub(super) struct Servers<'s> {
    scenario: &'s Scenario,
    stage: LabStage,
    files: Files,
    /// The time since the start of the story.
    after: Duration,
}

impl<'s> Servers<'s> {
    /// Starts them; `env` is where the variables are written.
    pub(super) async fn start(
        scenario: &'s Scenario,
        scene: &SceneArgs,
        env: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let after = scene.at.in_story(scenario)?;
        let moment = moment_at(scenario, after)
            .context("the scenario has no step, so there is nothing to serve")?;
        let clients = clients(&moment.state);
        let start = scenario.story.start;
        let stage = LabStage::start(scene.listen(), start, &moment.state, clients).await?;
        let files = Files::new(env, stage.world().ca_pem())?;
        let servers = Self {
            scenario,
            stage,
            files,
            after,
        };
        servers.publish()?;
        Ok(servers)
    }

    /// Moves the story.
    pub(super) async fn move_to(&mut self, after: Duration) -> anyhow::Result<()> {
        if let Some(moment) = moment_at(self.scenario, after) {
            self.stage.apply(&moment.state).await?;
            self.after = after;
            self.publish()?;
        }
        Ok(())
    }

    pub(super) fn now(&self) -> UnixTime {
        self.scenario.story.start.saturating_add(self.after)
    }

    pub(super) const fn after(&self) -> Duration {
        self.after
    }

    pub(super) fn moment(&self) -> Option<&'s Moment> {
        moment_at(self.scenario, self.after)
    }

    pub(super) fn moments(&self) -> impl Iterator<Item = &'s Moment> {
        self.scenario.story.moments.iter()
    }

    pub(super) const fn scenario(&self) -> &'s Scenario {
        self.scenario
    }

    pub(super) fn world(&self) -> &World {
        self.stage.world()
    }

    /// Returns the file of the variables.
    pub(super) fn env(&self) -> Option<&Path> {
        self.files.env.as_deref()
    }

    /// Returns what leads to them now.
    pub(super) fn ways(&self) -> Ways {
        Ways {
            resolver: self.stage.world().dns_address(),
            routes: self.stage.routes(),
            ca_file: self.files.ca_file.clone(),
            now: self.now(),
        }
    }

    fn publish(&self) -> anyhow::Result<()> {
        if let Some(env) = self.env() {
            self.ways()
                .write_to(env)
                .with_context(|| format!("cannot write `{}`", env.display()))?;
        }
        Ok(())
    }

    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.stage.shutdown().await?;
        Ok(())
    }
}

/// The files that lead to the servers; they go with them, since they lead nowhere then.
struct Files {
    env: Option<PathBuf>,
    ca_file: PathBuf,
    /// Holds the authority's file if nobody said where it may lie.
    _folder: Option<tempfile::TempDir>,
}

impl Files {
    fn new(env: Option<&Path>, ca_pem: &str) -> anyhow::Result<Self> {
        // A shell looks for a name without a slash along its PATH.
        let env = env
            .map(|env| std::path::absolute(env).with_context(|| format!("`{}`", env.display())))
            .transpose()?;
        let (ca_file, folder) = match &env {
            Some(env) => {
                let mut path = env.clone().into_os_string();
                path.push(".ca.pem");
                (path.into(), None)
            }
            None => {
                let folder = tempfile::Builder::new()
                    .prefix("stickler-lab-")
                    .tempdir()
                    .context("making a folder for the lab's authority")?;
                (folder.path().join("ca.pem"), Some(folder))
            }
        };
        fs::write(&ca_file, ca_pem)
            .with_context(|| format!("cannot write `{}`", ca_file.display()))?;
        Ok(Self {
            env,
            ca_file,
            _folder: folder,
        })
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in self.env.iter().chain([&self.ca_file]) {
            // One that somebody took away already needs no more.
            drop(fs::remove_file(file));
        }
    }
}
