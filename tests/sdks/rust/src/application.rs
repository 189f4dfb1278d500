use crate::gates::Gates;
use crate::workflows::{FINISH, Workflows};
use crate::{Answer, Params, unsupported};
use dbos::{
    Client, ClientConfig, Config, DBOS, Enqueue, EnqueueOptions, Error, QueueConflict, QueueOptions,
};
use dbos::{SendOptions, StartOptions, Timeout, WorkflowHandle};
use std::time::Duration;

const POLLING: Duration = Duration::from_millis(100);
const LONG_ENOUGH_MILLIS: u64 = 3_600_000;

/// A launched application, and the calls of tests/sdks/protocol.ts that need it.
pub struct Application {
    pub url: String,
    name: String,
    dbos: DBOS,
    gates: Gates,
    workflows: Workflows,
}

impl Application {
    pub async fn launch(params: &Params) -> Answer<Self> {
        if params.flag("scheduled") {
            return Err(unsupported("schedules"));
        }
        let name = params.required("application")?;
        let url = params.required("url")?;
        let dbos = DBOS::new(Config {
            app_version: params.text("version"),
            executor_id: params.text("executor"),
            outcome_poll_interval: Some(POLLING),
            ..Config::new(&name, &url)
        });
        let gates = Gates::default();
        let workflows = Workflows::register(&dbos, &gates)?;
        dbos.launch().await?;
        let launched = Self {
            url,
            name,
            dbos,
            gates,
            workflows,
        };
        launched.register_queues().await?;
        Ok(launched)
    }

    async fn register_queues(&self) -> dbos::Result<()> {
        let parallel = QueueOptions {
            polling_interval: POLLING,
            ..Default::default()
        };
        let serial = QueueOptions {
            concurrency: Some(1),
            ..parallel.clone()
        };
        let partitioned = QueueOptions {
            partition_concurrency: Some(1),
            ..parallel.clone()
        };
        for (kind, options) in [
            ("parallel", parallel),
            ("serial", serial),
            ("partitioned", partitioned),
        ] {
            let name = format!("{}-{kind}", self.name);
            self.dbos
                .register_queue(&name, options, QueueConflict::UpdateIfLatestVersion)
                .await?;
        }
        Ok(())
    }

    pub async fn start(&self, params: &Params) -> Answer<()> {
        let id = params.required("id")?;
        let queue = params
            .text("queue")
            .map(|kind| format!("{}-{kind}", self.name));
        let partition = params.text("partition");
        let options = StartOptions {
            workflow_id: Some(&id),
            timeout: params
                .duration("timeoutMillis")
                .map_or(Timeout::Inherit, Timeout::from),
            queue: queue.as_deref().map(|name| Enqueue {
                partition_key: partition.as_deref(),
                delay: params.duration("delayMillis"),
                ..Enqueue::new(name)
            }),
            ..Default::default()
        };
        let workflows = &self.workflows;
        let plain = match params.required("workflow")?.as_str() {
            "short" => &workflows.short,
            "held" => &workflows.held,
            "parent" => &workflows.parent,
            "classHeld" => &workflows.class_held,
            "instanceHeld" if params.text("instance").as_deref() == Some("blue") => &workflows.blue,
            "instanceHeld" => &workflows.green,
            timed => return self.start_timed(timed, params, options).await,
        };
        plain.start_with((), options).await?;
        Ok(())
    }

    async fn start_timed(
        &self,
        workflow: &str,
        params: &Params,
        options: StartOptions<'_>,
    ) -> Answer<()> {
        let workflows = &self.workflows;
        let timed = match workflow {
            "sleepFirst" => &workflows.sleep_first,
            "sleepAfterStep" => &workflows.sleep_after_step,
            "sleepAfterChild" => &workflows.sleep_after_child,
            "receiveFirst" => &workflows.receive_first,
            "receiveAfterStep" => &workflows.receive_after_step,
            "eventFirst" => &workflows.event_first,
            "eventAfterStep" => &workflows.event_after_step,
            "retrying" => &workflows.retrying,
            "race" => &workflows.race,
            _ => return Err(unsupported("patches")),
        };
        timed
            .start_with(
                params.number("millis").unwrap_or(LONG_ENOUGH_MILLIS),
                options,
            )
            .await?;
        Ok(())
    }

    pub fn release(&self, id: &str) {
        self.gates.release(id);
    }

    pub async fn send(&self, id: &str) -> dbos::Result<()> {
        let options = SendOptions {
            topic: Some(FINISH),
            ..Default::default()
        };
        self.dbos.send_with(id, &"done", options).await
    }

    pub async fn resume(&self, id: &str) -> dbos::Result<()> {
        let _: WorkflowHandle<()> = self.dbos.resume(id).await?;
        Ok(())
    }

    /// An application cannot promote a version; a client can.
    pub async fn set_latest(&self, version: &str) -> dbos::Result<()> {
        let client = connect(&self.url, &self.name).await?;
        client.set_latest_application_version(version).await?;
        client.close().await;
        Ok(())
    }

    pub async fn shutdown(&self) {
        self.dbos.shutdown().await;
    }
}

/// Needs no launched application.
pub async fn enqueue_by_client(params: &Params) -> Answer<()> {
    let application = params.required("application")?;
    let queue = format!("{application}-{}", params.required("queue")?);
    let id = params.required("id")?;
    let version = params.text("version");
    let client = connect(&params.required("url")?, &application).await?;
    let options = EnqueueOptions {
        workflow_id: Some(&id),
        app_version: version.as_deref(),
        ..EnqueueOptions::new(&queue)
    };
    let _: WorkflowHandle<()> = client
        .enqueue_with(&params.required("workflow")?, (), options)
        .await?;
    client.close().await;
    Ok(())
}

async fn connect(url: &str, application: &str) -> Result<Client, Error> {
    let config = ClientConfig {
        app_name: Some(application.to_owned()),
        ..ClientConfig::new(url)
    };
    Client::connect(config).await
}
