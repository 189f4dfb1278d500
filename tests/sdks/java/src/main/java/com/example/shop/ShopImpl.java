package com.example.shop;

import dev.dbos.transact.DBOS;
import dev.dbos.transact.StartWorkflowOptions;
import dev.dbos.transact.workflow.StepOptions;
import dev.dbos.transact.workflow.Workflow;
import java.time.Duration;

public final class ShopImpl implements Shop {
  private static final int ATTEMPTS = 10;
  private static final double CONSTANT_PACE = 1.0;

  private final DBOS dbos;
  private final Gates gates;
  private Shop workflows;

  public ShopImpl(DBOS dbos, Gates gates) {
    this.dbos = dbos;
    this.gates = gates;
  }

  /** Takes the registered proxy, through which a workflow starts another one. */
  void setWorkflows(Shop workflows) {
    this.workflows = workflows;
  }

  // `short` is a word of the language, so its name cannot be the method's.
  @Override
  @Workflow(name = "short")
  public void brief() {}

  @Override
  @Workflow
  public void held() throws InterruptedException {
    gates.hold(dbos);
  }

  @Override
  @Workflow
  public void sleepFirst(long millis) {
    dbos.sleep(Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void sleepAfterStep(long millis) {
    step();
    dbos.sleep(Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void sleepAfterChild(long millis) {
    dbos.startWorkflow(() -> workflows.brief()).getResult();
    dbos.sleep(Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void sleepAfterPatch(long millis) {
    dbos.patch("table");
    dbos.sleep(Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void receiveFirst(long millis) {
    dbos.recv(FINISH, Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void receiveAfterStep(long millis) {
    step();
    dbos.recv(FINISH, Duration.ofMillis(millis));
  }

  @Override
  @Workflow
  public void eventFirst(long millis) {
    awaitEvent(millis);
  }

  @Override
  @Workflow
  public void eventAfterStep(long millis) {
    step();
    awaitEvent(millis);
  }

  @Override
  @Workflow
  public void parent() throws InterruptedException {
    var options = new StartWorkflowOptions(DBOS.workflowId() + "-child");
    dbos.startWorkflow(() -> workflows.held(), options).getResult();
  }

  @Override
  @Workflow
  public void retrying(long millis) {
    var options = new StepOptions("failing", ATTEMPTS, Duration.ofMillis(millis), CONSTANT_PACE);
    dbos.runStep(ShopImpl::fail, options);
  }

  private void step() {
    dbos.runStep(() -> {}, "step");
  }

  private static Object fail() {
    throw new IllegalStateException("This step fails each time.");
  }

  private void awaitEvent(long millis) {
    dbos.getEvent(DBOS.workflowId() + "-source", FINISH, Duration.ofMillis(millis));
  }
}
