package com.example.shop;

import dev.dbos.transact.DBOS;
import dev.dbos.transact.DBOSClient;
import dev.dbos.transact.StartWorkflowOptions;
import dev.dbos.transact.config.DBOSConfig;
import dev.dbos.transact.workflow.QueueOptions;
import dev.dbos.transact.workflow.WorkflowSchedule;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A launched application: all workflows and queues, and the calls of tests/sdks/protocol.ts that need it. */
final class Application {
  private static final Duration POLLING = Duration.ofMillis(100);
  private static final Duration SCHEDULE_POLLING = Duration.ofSeconds(1);
  private static final String EVERY_SECOND = "* * * * * *";
  private static final long LONG_ENOUGH_MILLIS = 3_600_000;

  private final String name;
  private final DBOS dbos;
  private final Gates gates = new Gates();
  private final Shop shop;
  private final Processing orders;
  private final Processing blue;
  private final Processing green;
  private final boolean isScheduled;

  private Application(String name, DBOSConfig config, boolean isScheduled) {
    this.name = name;
    this.isScheduled = isScheduled;
    dbos = new DBOS(config);
    var implementation = new ShopImpl(dbos, gates);
    shop = dbos.registerProxy(Shop.class, implementation);
    implementation.setWorkflows(shop);
    orders = dbos.registerProxy(Processing.class, new Orders(dbos, gates));
    blue = dbos.registerProxy(Processing.class, new Warehouse(dbos, gates), "blue");
    green = dbos.registerProxy(Processing.class, new Warehouse(dbos, gates), "green");
    dbos.registerProxy(Clock.class, new ClockImpl());
  }

  static Application launch(JsonNode params) {
    var name = params.get("application").stringValue();
    var database = Database.parse(params.get("url").stringValue());
    var version = text(params, "version");
    var config =
        DBOSConfig.defaults(name)
            .withDatabaseUrl(database.url())
            .withDbUser(database.user())
            .withDbPassword(database.password())
            .withSchedulerPollingInterval(SCHEDULE_POLLING)
            // Patches would make the default version a constant.
            .withEnablePatching(version.isPresent())
            .withAppVersion(version.orElse(null))
            .withExecutorId(text(params, "executor").orElse(null));
    var application = new Application(name, config, params.path("scheduled").booleanValue(false));
    application.dbos.launch();
    application.registerQueues();
    if (application.isScheduled) application.schedule();
    return application;
  }

  private void registerQueues() {
    var parallel = QueueOptions.setPollingInterval(POLLING);
    var serial = parallel.andConcurrency(1);
    dbos.registerQueue(name + "-parallel", parallel);
    dbos.registerQueue(name + "-serial", serial);
    dbos.registerQueue(name + "-partitioned", serial.andPartitionQueue(true));
  }

  private void schedule() {
    dbos.applySchedules(new WorkflowSchedule(scheduleName(), "short", ClockImpl.class.getName(), EVERY_SECOND));
  }

  private String scheduleName() {
    return name + "-short";
  }

  void start(JsonNode params) throws InterruptedException {
    var millis = params.path("millis").longValue(LONG_ENOUGH_MILLIS);
    var options =
        new StartWorkflowOptions(params.get("id").stringValue())
            .withQueue(text(params, "queue").map(kind -> name + "-" + kind).orElse(null))
            .withQueuePartitionKey(text(params, "partition").orElse(null))
            .withDelay(duration(params, "delayMillis").orElse(null));
    var timeout = duration(params, "timeoutMillis");
    if (timeout.isPresent()) options = options.withTimeout(timeout.get());
    switch (params.get("workflow").stringValue()) {
      case "short" -> dbos.startWorkflow(() -> shop.brief(), options);
      case "held" -> dbos.startWorkflow(() -> shop.held(), options);
      case "sleepFirst" -> dbos.startWorkflow(() -> shop.sleepFirst(millis), options);
      case "sleepAfterStep" -> dbos.startWorkflow(() -> shop.sleepAfterStep(millis), options);
      case "sleepAfterChild" -> dbos.startWorkflow(() -> shop.sleepAfterChild(millis), options);
      case "sleepAfterPatch" -> dbos.startWorkflow(() -> shop.sleepAfterPatch(millis), options);
      case "receiveFirst" -> dbos.startWorkflow(() -> shop.receiveFirst(millis), options);
      case "receiveAfterStep" -> dbos.startWorkflow(() -> shop.receiveAfterStep(millis), options);
      case "eventFirst" -> dbos.startWorkflow(() -> shop.eventFirst(millis), options);
      case "eventAfterStep" -> dbos.startWorkflow(() -> shop.eventAfterStep(millis), options);
      case "parent" -> dbos.startWorkflow(() -> shop.parent(), options);
      case "retrying" -> dbos.startWorkflow(() -> shop.retrying(millis), options);
      case "classHeld" -> dbos.startWorkflow(() -> orders.process(), options);
      case "instanceHeld" -> {
        var instance = params.get("instance").stringValue().equals("blue") ? blue : green;
        dbos.startWorkflow(() -> instance.process(), options);
      }
      default -> throw new Unsupported("a workflow that does two things side by side");
    }
  }

  /** Needs no launched application. */
  static void enqueueByClient(JsonNode params) {
    var database = Database.parse(params.get("url").stringValue());
    try (var client = new DBOSClient(database.url(), database.user(), database.password())) {
      var queue = params.get("application").stringValue() + "-" + params.get("queue").stringValue();
      var options =
          new DBOSClient.EnqueueOptions(params.get("workflow").stringValue(), ShopImpl.class.getName(), queue)
              .withWorkflowId(params.get("id").stringValue())
              .withAppVersion(text(params, "version").orElse(null));
      client.enqueueWorkflow(options, new Object[0]);
    }
  }

  void release(String id) {
    gates.release(id);
  }

  void send(String id) {
    dbos.send(id, "done", Shop.FINISH);
  }

  String debounce(JsonNode params) {
    var period = Duration.ofMillis(params.get("millis").longValue());
    return dbos.<Void>debouncer().debounce(params.get("key").stringValue(), period, () -> shop.brief()).workflowId();
  }

  void resume(String id) {
    dbos.resumeWorkflow(id);
  }

  void setLatest(String version) {
    dbos.setLatestApplicationVersion(version);
  }

  void shutdown() {
    // It is a row, by which the next process would go.
    if (isScheduled) dbos.deleteSchedule(scheduleName());
    dbos.shutdown();
  }

  private static Optional<String> text(JsonNode params, String field) {
    return params.path(field).stringValueOpt();
  }

  private static Optional<Duration> duration(JsonNode params, String field) {
    return params.has(field) ? Optional.of(Duration.ofMillis(params.get(field).longValue())) : Optional.empty();
  }
}
