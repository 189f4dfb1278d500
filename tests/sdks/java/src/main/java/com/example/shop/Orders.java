package com.example.shop;

import dev.dbos.transact.DBOS;
import dev.dbos.transact.workflow.Workflow;

public final class Orders implements Processing {
  private final DBOS dbos;
  private final Gates gates;

  public Orders(DBOS dbos, Gates gates) {
    this.dbos = dbos;
    this.gates = gates;
  }

  @Override
  @Workflow
  public void process() throws InterruptedException {
    gates.hold(dbos);
  }
}
