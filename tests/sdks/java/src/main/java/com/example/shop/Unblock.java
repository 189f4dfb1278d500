package com.example.shop;

import dev.dbos.transact.DBOSClient;
import dev.dbos.transact.workflow.ForkOptions;

class Unblock { // cancel ID, or fork ID STEP [VERSION]: the first step is 0
  public static void main(String[] args) {
    var env = System.getenv();
    run(env.get("DBOS_SYSTEM_JDBC_URL"), env.get("PGUSER"), env.get("PGPASSWORD"), args);
  }

  static void run(String url, String user, String password, String... args) {
    var options = new ForkOptions().withApplicationVersion(args.length > 3 ? args[3] : null);
    try (var client = new DBOSClient(url, user, password)) {
      switch (args[0]) {
        case "cancel" -> client.cancelWorkflow(args[1]);
        case "fork" -> System.out.println(client.forkWorkflow(args[1], Integer.parseInt(args[2]), options).workflowId());
        default -> throw new IllegalArgumentException("Neither cancel nor fork: " + args[0]);
      }
    }
  }
}
