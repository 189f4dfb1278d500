package com.example.shop;

import dev.dbos.transact.DBOSClient;
import dev.dbos.transact.workflow.ForkOptions;

/** Unblock cancel ID, or Unblock fork ID STEP VERSION: the first step is 0. */
class Unblock {
  public static void main(String[] args) {
    var env = System.getenv();
    try (var client = new DBOSClient(env.get("DBOS_SYSTEM_JDBC_URL"), env.get("PGUSER"), env.get("PGPASSWORD"))) {
      if (args[0].equals("cancel")) {
        client.cancelWorkflow(args[1]);
      } else {
        var options = new ForkOptions().withApplicationVersion(args.length > 3 ? args[3] : null);
        System.out.println(client.forkWorkflow(args[1], Integer.parseInt(args[2]), options).workflowId());
      }
    }
  }
}
