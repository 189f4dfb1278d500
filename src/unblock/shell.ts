/*
 * The fixed part of the scripts of the unblock kit, for any POSIX shell: what is done to one workflow, and what is
 * said of it. What was seen in TypeScript's command line 5.3.0:
 *
 * - `get` prints one line of JSON; of a workflow that is not there it prints `undefined`, and exits with 0. A client
 *   that is older than the database (4.27 on what 5.3 wrote) shows no `input`, and its fork has none.
 * - `cancel` exits with 0 whatever it finds: it does nothing to SUCCESS, ERROR and what is not there, and writes
 *   CANCELLED over everything else, dead-lettered and cancelled ones included.
 * - `fork` takes a workflow in any state, SUCCESS included; it prints nothing. A second fork under the same id fails.
 * - Each of them tries for ever to reach a server that does not answer.
 */

/** Steps with a smaller number are copied into a fork: this one, the largest that the column holds, keeps them all. */
const KEEP_ALL_STEPS = 2_147_483_647;

/**
 * From the arguments to the exit code. What differs stands before it: `$name`, `$verb`, and the functions `ask` (calls
 * the command line), `may_run` and `notes`.
 */
export const COMMON = `yes=
case "$#:$1" in
  0:) ;;
  1:--yes) yes=1 ;;
  *) printf '%s\\n' "usage: sh $0 [--yes]" >&2; exit 2 ;;
esac
did=0 left=0 failed=0 unseen=0 stopped=
trap 'stopped=1' HUP INT TERM

refuse() { printf '%s\\n' "$name: $1" >&2; exit 2; }
did() { did=$((did + 1)); printf '%s\\n' "$1: $2"; }
leave() { left=$((left + 1)); printf '%s\\n' "$1: left as it is: $2"; }
fail() { failed=$((failed + 1)); printf '%s\\n' "$1: FAILED: $2" >&2; }

# The answer counts only on a line that is about this workflow: its input may hold any text.
if command -v node >/dev/null 2>&1; then
  read_state() {
    node -e '
      const [, id, source] = process.argv;
      let state = "UNREADABLE";
      for (const line of require("fs").readFileSync(0, "utf8").split("\\n")) {
        let seen = null;
        try { if (line !== "undefined") seen = JSON.parse(line); } catch { continue; }
        if (seen === null) state = "MISSING";
        if ((seen?.workflowID ?? seen?.workflow_id) !== id) continue;
        if (source && (seen.forkedFrom ?? seen.forked_from) !== source) { state = "UNRELATED"; break; }
        state = /^[A-Z_]+$/.test(seen.status) ? seen.status : "UNKNOWN";
        if (seen.wasForkedFrom ?? seen.was_forked_from) state += " forked";
        else if ((seen.input ?? null) === null) state += " blind";
      }
      console.log(state);
    ' -- "$1" "$2"
  }
else
  read_state() {
    python3 -c '
import json, re, sys
id, source = sys.argv[1:]
state = "UNREADABLE"
for line in sys.stdin.buffer.read().decode("utf-8", "replace").split("\\n"):
    try:
        seen = None if line == "undefined" else json.loads(line)
    except ValueError:
        continue
    if seen is None:
        state = "MISSING"
    if not isinstance(seen, dict) or seen.get("workflowID", seen.get("workflow_id")) != id:
        continue
    if source and seen.get("forkedFrom", seen.get("forked_from")) != source:
        state = "UNRELATED"
        break
    state = seen.get("status") if re.fullmatch("[A-Z_]+", str(seen.get("status"))) else "UNKNOWN"
    if seen.get("wasForkedFrom", seen.get("was_forked_from")):
        state += " forked"
    elif seen.get("input") is None:
        state += " blind"
print(state)
' "$1" "$2"
  }
fi

# Sets state: a status, MISSING or UNREADABLE; and what a fork has to know, "forked" or "blind".
# $1: the workflow; $2: what it has to be a fork of, if anything
look_at() {
  state=UNREADABLE
  answer=$(ask get "$1") || return 0
  state=$(printf '%s\\n' "$answer" | read_state "$1" "$2") || state=UNREADABLE
}

# Whether it is this one's turn. $1: the workflow
turn() {
  if [ -n "$stopped" ]; then unseen=$((unseen + 1)); return 1; fi
  if [ -z "$yes" ]; then did=$((did + 1)); printf '%s\\n' "would $verb $1"; return 1; fi
}

# Whether it is in flight still. $1: the workflow
in_flight() {
  look_at "$1"
  case "$state" in
    PENDING* | ENQUEUED* | DELAYED*) return 0 ;;
    UNREADABLE) fail "$1" 'its status could not be read' ;;
    MISSING) leave "$1" 'it is not there any more' ;;
    *) leave "$1" "it is \${state%% *} now" ;;
  esac
  return 1
}

# Cancels it, and makes sure that it is cancelled. $1: the workflow
is_cancelled() {
  ask cancel "$1" >/dev/null || { fail "$1" 'cancel failed'; return 1; }
  look_at "$1"
  case "$state" in
    CANCELLED*) return 0 ;;
    SUCCESS* | ERROR*) leave "$1" "it has just ended in \${state%% *}" ;;
    *) fail "$1" "it is $state after the cancel" ;;
  esac
  return 1
}

start() {
  set -f
  if [ -z "$yes" ]; then printf '%s\\n' "A dry run: nothing is done, or read."; return; fi
  [ -n "$DBOS_SYSTEM_DATABASE_URL" ] || refuse 'DBOS_SYSTEM_DATABASE_URL is not set: it has to hold the URL of the system database.'
  may_run
  DBOS_CLI=\${DBOS_CLI:-npx --no-install dbos}
  command -v node >/dev/null 2>&1 || command -v python3 >/dev/null 2>&1 || refuse 'neither node nor python3 is there, to read what the command line prints.'
  $DBOS_CLI --help >/dev/null 2>&1 </dev/null || refuse "\\"$DBOS_CLI\\" does not run: call this script in a folder where the DBOS SDK is installed, or set DBOS_CLI to its command line."
  printf '%s\\n' 'Asking the database. Without an answer, look at its URL: the command line tries for ever.'
  ask list --limit 1 >/dev/null || refuse 'the system database cannot be read: see above.'
}

finish() {
  trap - HUP INT TERM
  printf '\\n'
  if [ -z "$yes" ]; then
    printf '%s\\n' "$did to $verb. Nothing was done. To do it: sh $0 --yes"
  else
    printf '%s\\n' "$did done, $left left as they are, $failed failed."
  fi
  [ "$unseen" -eq 0 ] || printf '%s\\n' "Stopped: $unseen were not looked at."
  notes
  [ "$failed" -eq 0 ] && [ -z "$stopped" ]
  exit
}
`;

export const INSPECT = `inspect() {
  turn "$1" || return 0
  printf '\\n%s\\n' "# $1"
  if ask get "$1" && ask steps "$1"; then did=$((did + 1)); else fail "$1" 'it could not be read'; fi
}
`;

export const CANCEL = `cancel() {
  turn "$1" || return 0
  in_flight "$1" || return 0
  is_cancelled "$1" || return 0
  did "$1" 'cancelled'
}
`;

export const FORK = `# Copies the workflow under the id ID-fork, with the steps below the number: with this one, all that are done.
keep_all=${KEEP_ALL_STEPS}

# $1: the workflow; $2: the step to start again from, unless all steps are kept
fork() {
  turn "$1" || return 0
  in_flight "$1" || return 0
  case "$state" in
    *' forked') leave "$1" 'it was forked before'; return 0 ;;
    *' blind') fail "$1" 'its input cannot be read, and a fork would have none. Take the command line of the newest SDK in use: an older one does not see it'; return 0 ;;
  esac
  is_cancelled "$1" || return 0
  if copy "$1" "$2" || copy "$1" "$2"; then
    did "$1" "goes on as $1-fork"
  else
    fail "$1" 'CANCELLED, BUT NOT FORKED. This script will not do it any more; do it by hand:'
    printf '%s\\n' "  $DBOS_CLI workflow fork $(quoted "$1") --step \${2:-$keep_all} --forked-workflow-id $(quoted "$1-fork") --application-version=$(quoted "$version") --sys-db-url \\"\\$DBOS_SYSTEM_DATABASE_URL\\"" >&2
  fi
}

# It may have been made although the command line failed: when the connection broke, or a signal ended it.
copy() {
  ask fork "$1" --step "\${2:-$keep_all}" --forked-workflow-id "$1-fork" "--application-version=$version" >/dev/null && return 0
  look_at "$1-fork" "$1"
  case "$state" in MISSING | UNREADABLE | UNRELATED) return 1 ;; esac
}

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\\\\\''/g")"; }

# $1: a workflow that others in this list were started by
waits() {
  [ -z "$stopped" ] || { unseen=$((unseen + 1)); return 0; }
  leave "$1" 'it has children in flight (see the top of this script)'
}

# $1: the workflow; $2: its parent, unless that id cannot be typed
child() {
  [ -n "$2" ] || { leave "$1" 'the id of its parent cannot be typed'; return 0; }
  if [ -n "$yes" ] && [ -z "$stopped" ]; then
    look_at "$2"
    case "$state" in
      SUCCESS* | ERROR* | MISSING) ;;
      UNREADABLE) fail "$1" 'the status of its parent could not be read'; return 0 ;;
      *) leave "$1" "its parent is \${state%% *}, and it or a fork of it may wait (see the top of this script)"; return 0 ;;
    esac
  fi
  fork "$1"
}
`;
