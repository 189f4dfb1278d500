package com.example.shop;

import dev.dbos.transact.DBOS;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** One gate per workflow id, made when either side first asks for it. */
public final class Gates {
  private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  /** Runs a step of the calling workflow that ends when the workflow's id is released. */
  void hold(DBOS dbos) throws InterruptedException {
    var gate = of(DBOS.workflowId());
    dbos.runStep(() -> { gate.await(); }, "work");
  }

  void release(String id) {
    of(id).countDown();
  }

  private CountDownLatch of(String id) {
    return gates.computeIfAbsent(id, each -> new CountDownLatch(1));
  }
}
