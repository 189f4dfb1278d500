package com.example.shop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads calls from standard input and answers them, as tests/sdks/protocol.ts says. */
public final class Main {
  private static final String ANSWER = "@answer ";
  private static final JsonMapper JSON = new JsonMapper();
  private static final String NOT_LAUNCHED = "The application is not launched.";
  private static final PrintStream ANSWERS = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private static volatile Application launched;
  private static volatile Database database;

  private Main() {}

  public static void main(String[] args) throws IOException {
    // Whatever a library prints is a log.
    System.setOut(System.err);
    var calls = Executors.newCachedThreadPool();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var call = JSON.readTree(line);
      calls.execute(() -> answer(call));
    }
    Runtime.getRuntime().halt(0);
  }

  private static void answer(JsonNode call) {
    var method = call.get("method").stringValue();
    var answer = JSON.createObjectNode();
    answer.set("id", call.get("id"));
    try {
      answer.put("value", run(method, call.get("params")));
    } catch (Throwable error) {
      answer.put("error", error instanceof Unsupported ? error.getMessage() : error.toString());
    }
    synchronized (ANSWERS) {
      ANSWERS.println(ANSWER + JSON.writeValueAsString(answer));
    }
    if (method.equals("shutdown") && answer.has("value")) System.exit(0);
  }

  /** Returns what the call resolves with, a text or null. */
  private static String run(String method, JsonNode params) throws Exception {
    switch (method) {
      case "launch" -> {
        launched = Application.launch(params);
        database = Database.parse(params.get("url").stringValue());
      }
      case "start" -> application().start(params);
      case "enqueueByClient" -> Application.enqueueByClient(params);
      case "release" -> application().release(id(params));
      case "send" -> application().send(id(params));
      case "debounce" -> {
        return application().debounce(params);
      }
      case "cancel" -> cancel(id(params));
      case "fork" -> {
        return fork(params);
      }
      case "resume" -> application().resume(id(params));
      case "setLatest" -> application().setLatest(params.get("version").stringValue());
      case "shutdown" -> application().shutdown();
      default -> throw new Unsupported(method);
    }
    return null;
  }

  /** As the program of docs/sdks.md does: from outside, by a client. */
  private static void cancel(String id) {
    var target = Objects.requireNonNull(database, NOT_LAUNCHED);
    Unblock.run(target.url(), target.user(), target.password(), "cancel", id);
  }

  /** Runs the program of docs/sdks.md, which prints the id of the fork. */
  private static String fork(JsonNode params) throws IOException, InterruptedException {
    var java = ProcessHandle.current().info().command().orElseThrow();
    var program = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Unblock.class.getName());
    program.command().addAll(List.of("fork", id(params), params.get("step").asString()));
    params.path("version").stringValueOpt().ifPresent(program.command()::add);
    var target = Objects.requireNonNull(database, NOT_LAUNCHED);
    program.environment().put("DBOS_SYSTEM_JDBC_URL", target.url());
    program.environment().put("PGUSER", target.user());
    program.environment().put("PGPASSWORD", target.password());
    var process = program.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) throw new IllegalStateException("The program of docs/sdks.md failed: see the log.");
    return printed;
  }

  private static Application application() {
    return Objects.requireNonNull(launched, NOT_LAUNCHED);
  }

  private static String id(JsonNode params) {
    return params.get("id").stringValue();
  }
}
