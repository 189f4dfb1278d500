//! Reads calls from standard input and answers them, as tests/sdks/protocol.ts says.

mod application;
mod gates;
mod workflows;

use application::{Application, enqueue_by_client};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::process::Command;

/// The error is what the caller is answered.
pub type Answer<T> = Result<T, Failure>;

pub struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

pub fn unsupported(what: &str) -> Failure {
    Failure(format!("unsupported: {what}"))
}

/// What a call passes.
pub struct Params(Value);

impl Params {
    pub fn required(&self, name: &str) -> Answer<String> {
        self.text(name)
            .ok_or_else(|| Failure(format!("The call has no {name}.")))
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.0[name].as_u64()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or(false)
    }

    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.number(name).map(Duration::from_millis)
    }
}

type Launched = Arc<OnceLock<Application>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let launched = Launched::default();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        tokio::spawn(answer(serde_json::from_str(&line)?, Arc::clone(&launched)));
    }
    std::process::exit(0)
}

async fn answer(mut call: Value, launched: Launched) {
    let method = call["method"].as_str().unwrap_or_default().to_owned();
    let answer = match run(&method, &Params(call["params"].take()), &launched).await {
        Ok(value) => json!({ "id": call["id"], "value": value }),
        Err(Failure(error)) => json!({ "id": call["id"], "error": error }),
    };
    println!("@answer {answer}");
    if method == "shutdown" && answer["error"].is_null() {
        std::process::exit(0);
    }
}

/// Returns what the call resolves with.
async fn run(method: &str, params: &Params, launched: &Launched) -> Answer<Option<String>> {
    let application = || {
        launched
            .get()
            .ok_or_else(|| Failure("The application is not launched.".to_owned()))
    };
    match method {
        "launch" => {
            let application = Application::launch(params).await?;
            if launched.set(application).is_err() {
                return Err(Failure("The application is launched already.".to_owned()));
            }
        }
        "start" => application()?.start(params).await?,
        "enqueueByClient" => enqueue_by_client(params).await?,
        "release" => application()?.release(&params.required("id")?),
        "send" => application()?.send(&params.required("id")?).await?,
        "cancel" => return unblock(application()?, &["cancel", &params.required("id")?]).await,
        "resume" => application()?.resume(&params.required("id")?).await?,
        "fork" => return fork(application()?, params).await,
        "setLatest" => {
            application()?
                .set_latest(&params.required("version")?)
                .await?
        }
        "shutdown" => application()?.shutdown().await,
        _ => return Err(unsupported(method)),
    }
    Ok(None)
}

async fn fork(application: &Application, params: &Params) -> Answer<Option<String>> {
    let id = params.required("id")?;
    let step = params.number("step").unwrap_or_default().to_string();
    let version = params.text("version");
    let mut args = vec!["fork", &id, &step];
    args.extend(version.as_deref());
    unblock(application, &args).await
}

/// Runs the program of docs/sdks.md, as somebody does from outside. Returns what it prints.
async fn unblock(application: &Application, args: &[&str]) -> Answer<Option<String>> {
    let program = std::env::current_exe()?.with_file_name("unblock");
    let run = Command::new(program)
        .args(args)
        .env("DBOS_DATABASE_URL", &application.url)
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !run.status.success() {
        return Err(Failure(
            "The program of docs/sdks.md failed: see the log.".to_owned(),
        ));
    }
    let printed = String::from_utf8(run.stdout)?.trim().to_owned();
    Ok(Some(printed).filter(|text| !text.is_empty()))
}
