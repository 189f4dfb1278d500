use dbos::{Client, ClientConfig, ForkFrom, ForkOptions, WorkflowHandle};

#[tokio::main] // cancel ID, or fork ID STEP [VERSION]: the first step is 0
async fn main() -> dbos::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::connect(ClientConfig::from_env()).await?;
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["cancel", id] => client.cancel(id).await?,
        ["fork", id, step, ref version @ ..] => {
            let from = ForkFrom::Step(step.parse().expect("STEP is a number"));
            let options = ForkOptions {
                app_version: version.first().copied(),
                ..Default::default()
            };
            let fork: WorkflowHandle<()> = client.fork_with(id, from, options).await?;
            println!("{}", fork.workflow_id());
        }
        _ => panic!("cancel ID, or fork ID STEP [VERSION]"),
    }
    client.close().await;
    Ok(())
}
