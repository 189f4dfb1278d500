package com.example.shop;

import dev.dbos.transact.DBOSClient;
import dev.dbos.transact.workflow.ForkOptions;

/** Unblock cancel ID, or Unblock fork ID STEP [VERSION]: the first step is 0. */
class Unblock {
  public static void main(String[] args) {
    var env = System.getenv();
    System.out.println(run(env.get("DBOS_SYSTEM_JDBC_URL"), env.get("PGUSER"), env.get("PGPASSWORD"), args));
  }

  static String run(String url, String user, String password, String... args) {
    try (var client = new DBOSClient(url, user, password)) {
      if (args[0].equals("fork")) {
        var options = new ForkOptions().withApplicationVersion(args.length > 3 ? args[3] : null);
        return client.forkWorkflow(args[1], Integer.parseInt(args[2]), options).workflowId();
      }
      client.cancelWorkflow(args[1]);
      return "cancelled";
    }
  }
}
