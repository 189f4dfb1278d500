use crate::gates::Gates;
use dbos::{DBOS, Result, StartOptions, StepOptions, WorkflowKey, WorkflowRef};
use std::time::Duration;

/// The topic of the messages and the key of the events that the workflows wait for.
pub const FINISH: &str = "finish";
const ATTEMPTS: u32 = 10;

type Plain = WorkflowRef<(), ()>;
type Timed = WorkflowRef<u64, ()>;

/// The registered workflows. Those of `Timed` take milliseconds.
#[derive(Clone)]
pub struct Workflows {
    pub short: Plain,
    pub held: Plain,
    pub parent: Plain,
    pub class_held: Plain,
    pub blue: Plain,
    pub green: Plain,
    pub sleep_first: Timed,
    pub sleep_after_step: Timed,
    pub sleep_after_child: Timed,
    pub receive_first: Timed,
    pub receive_after_step: Timed,
    pub event_first: Timed,
    pub event_after_step: Timed,
    pub retrying: Timed,
    pub race: Timed,
}

impl Workflows {
    pub fn register(dbos: &DBOS, gates: &Gates) -> Result<Self> {
        let short = dbos.register_workflow("short", |()| async { Ok(()) })?;
        let held = register_held(dbos, WorkflowKey::new("held"), gates)?;
        let orders = WorkflowKey {
            class_name: Some("Orders".to_owned()),
            ..WorkflowKey::new("process")
        };
        Ok(Self {
            parent: register_parent(dbos, &held)?,
            class_held: register_held(dbos, orders, gates)?,
            blue: register_held(
                dbos,
                WorkflowKey::instance("process", "Warehouse", "blue"),
                gates,
            )?,
            green: register_held(
                dbos,
                WorkflowKey::instance("process", "Warehouse", "green"),
                gates,
            )?,
            sleep_first: dbos.register_workflow("sleep_first", sleep_first)?,
            sleep_after_step: dbos.register_workflow("sleep_after_step", sleep_after_step)?,
            sleep_after_child: register_sleep_after_child(dbos, &short)?,
            receive_first: dbos.register_workflow("receive_first", receive_first)?,
            receive_after_step: dbos.register_workflow("receive_after_step", receive_after_step)?,
            event_first: dbos.register_workflow("event_first", event_first)?,
            event_after_step: dbos.register_workflow("event_after_step", event_after_step)?,
            retrying: dbos.register_workflow("retrying", retrying)?,
            race: register_race(dbos, gates)?,
            short,
            held,
        })
    }
}

fn register_held(dbos: &DBOS, key: WorkflowKey, gates: &Gates) -> Result<Plain> {
    let gates = gates.clone();
    dbos.register_workflow_as(key, move |()| {
        let gates = gates.clone();
        async move {
            let id = own_id();
            dbos::step("work", || work(&gates, &id)).await
        }
    })
}

fn register_parent(dbos: &DBOS, held: &Plain) -> Result<Plain> {
    let held = held.clone();
    dbos.register_workflow("parent", move |()| {
        let held = held.clone();
        async move {
            let id = format!("{}-child", own_id());
            let options = StartOptions {
                workflow_id: Some(&id),
                ..Default::default()
            };
            held.start_with((), options).await?.result().await
        }
    })
}

fn register_sleep_after_child(dbos: &DBOS, short: &Plain) -> Result<Timed> {
    let short = short.clone();
    dbos.register_workflow("sleep_after_child", move |millis| {
        let short = short.clone();
        async move {
            short.start(()).await?.result().await?;
            sleep_first(millis).await
        }
    })
}

fn register_race(dbos: &DBOS, gates: &Gates) -> Result<Timed> {
    let gates = gates.clone();
    dbos.register_workflow("race", move |millis| {
        let gates = gates.clone();
        async move {
            let id = own_id();
            dbos::select_step! {
                slept = dbos::sleep(Duration::from_millis(millis)) => slept?,
                worked = dbos::step("work", || work(&gates, &id)) => worked?,
            }
        }
    })
}

async fn sleep_first(millis: u64) -> Result<()> {
    dbos::sleep(Duration::from_millis(millis)).await
}

async fn sleep_after_step(millis: u64) -> Result<()> {
    step().await?;
    sleep_first(millis).await
}

async fn receive_first(millis: u64) -> Result<()> {
    let _: Option<String> = dbos::recv(Some(FINISH), Duration::from_millis(millis)).await?;
    Ok(())
}

async fn receive_after_step(millis: u64) -> Result<()> {
    step().await?;
    receive_first(millis).await
}

async fn event_first(millis: u64) -> Result<()> {
    let source = format!("{}-source", own_id());
    let _: Option<String> = dbos::get_event(&source, FINISH, Duration::from_millis(millis)).await?;
    Ok(())
}

async fn event_after_step(millis: u64) -> Result<()> {
    step().await?;
    event_first(millis).await
}

async fn retrying(millis: u64) -> Result<()> {
    let interval = Duration::from_millis(millis);
    let options = StepOptions {
        max_attempts: ATTEMPTS,
        interval,
        backoff_rate: 1.0,
        ..Default::default()
    };
    dbos::step_with("failing", options, || async {
        Err(dbos::Error::Config("This step fails each time.".to_owned()))
    })
    .await
}

async fn step() -> Result<()> {
    dbos::step("step", || async { Ok(()) }).await
}

async fn work(gates: &Gates, id: &str) -> Result<()> {
    gates.passed(id).await;
    Ok(())
}

fn own_id() -> String {
    dbos::workflow_id().expect("a workflow has an id")
}
