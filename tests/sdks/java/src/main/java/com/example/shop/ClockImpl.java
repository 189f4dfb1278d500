package com.example.shop;

import dev.dbos.transact.workflow.Workflow;
import java.time.Instant;

public final class ClockImpl implements Clock {
  @Override
  @Workflow(name = "short")
  public void tick(Instant scheduledFor, Object context) {}
}
