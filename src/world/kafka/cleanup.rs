//! Removing what a run left behind on a cluster that stays: its topics and groups, told by the run's id in their names.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::Kafka;
use super::log::Log;

/// How long each request may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Kafka {
    /// Deletes every topic and every group whose name contains `run_id`. Returns how many of both.
    ///
    /// # Errors
    /// When the cluster does not answer, or refuses to delete one of them.
    pub async fn remove_run(&self, run_id: &str) -> Result<usize> {
        // librdkafka would wait for a cluster that is gone.
        self.ping().await?;
        let config = self.shared.access.config();
        let (topics, groups) = {
            let (config, run_id) = (config.clone(), run_id.to_owned());
            tokio::task::spawn_blocking(move || names(&config, &run_id)).await.context("list topics and groups")??
        };
        let admin: AdminClient<DefaultClientContext> = config.create().context("make an admin client")?;
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        let mut results = Vec::new();
        if !topics.is_empty() {
            let names: Vec<&str> = topics.iter().map(String::as_str).collect();
            results.extend(admin.delete_topics(&names, &options).await.context("delete topics")?);
        }
        for group in &groups {
            // Programs that were killed at the end are still members, and a group with members cannot be deleted.
            for member in self.describe_group(group).await?.map(|seen| seen.members).unwrap_or_default() {
                self.evict(group, &member.member).await?;
            }
        }
        if !groups.is_empty() {
            let names: Vec<&str> = groups.iter().map(String::as_str).collect();
            results.extend(admin.delete_groups(&names, &options).await.context("delete groups")?);
        }
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        if let Some((name, code)) = refused.first() {
            bail!("{name} cannot be deleted: {code}");
        }
        Ok(topics.len() + groups.len())
    }
}

fn names(config: &ClientConfig, run_id: &str) -> Result<(Vec<String>, Vec<String>)> {
    let client: BaseConsumer<Log> = config.create_with_context(Log).context("make a client")?;
    let metadata = client.fetch_metadata(None, PATIENCE).context("list the topics")?;
    let topics = metadata.topics().iter().map(|topic| topic.name().to_owned()).filter(|name| name.contains(run_id)).collect();
    let groups = client.fetch_group_list(None, PATIENCE).context("list the groups")?;
    let groups = groups.groups().iter().map(|group| group.name().to_owned()).filter(|name| name.contains(run_id)).collect();
    Ok((topics, groups))
}
