#!/bin/sh
# Inspects, cancels or forks the workflows that block, which are listed in workflows.tsv next to this file.
#
#     sh unblock.sh inspect|cancel|fork [--yes]
#
# Without --yes it only prints what it would do: it reads nothing and changes nothing. With --yes it needs
# - the URL of the system database in $DBOS_SYSTEM_DATABASE_URL, and node or python3.
# - DBOS's command line, of the newest SDK that uses the database. Call this script in the folder of the application,
#   or set DBOS_CLI to the command (default: npx --no-install dbos). A schema other than dbos needs Python's command
#   line (DBOS_CLI=dbos).
# Each workflow is read again before anything is done to it. You can stop the script and run it again: what is done
# already, or has finished since, is left as it is.
#
# WORKFLOWS.TSV has one line per workflow, parents before children. To leave one out, delete its line. Columns are
# separated by one tab, and an empty one is -. Lines with # are comments, but for "#! schema", "#! version", "#! note".
#   1 on fork     what fork does with it. fork: fork it. child: fork it unless its parent can still wait for it.
#                 waits: leave it, since it has children in flight. You can change it.
#   2 id          the id of the workflow
#   3 parent      the id of the workflow that started it
#   4 from step   the fork runs this step and later ones again. -: it runs no finished step again. You can change it.
#   5 state       where the workflow was when the gate read it
#
# INSPECT prints the workflows and their finished steps. It only reads. The output holds inputs and outputs of
# workflows: check who can read the log of a job before you run it there.
# CANCEL cancels each workflow, which stops before its next step. A step that is running finishes, and its result is
# dropped. Cancelling does not reach children, so they have their own lines. Parents come first: a parent that waits
# for a cancelled child gets an error, and fails or does what its code does then. A cancelled workflow can be resumed
# by a process of its own version for as long as its row exists.
# FORK cancels each workflow. Once it is CANCELLED, a copy of it (the fork) starts on the new version with all finished
# steps, concurrent ones too, whatever their order. A workflow that is no longer in flight, or was forked before, is
# left as it is: otherwise its work would be done twice. Before you run it, check that
# - the new code fits the finished steps (column 5 shows the last). A fork does not run them again, and fails if the
#   code expects others at the same numbers. To start at an earlier step, write its number in column 4 (see inspect).
# - a process of the new version is running, to take up the forks.
# - a step that is cut off can run twice: the old process finishes it, and the fork starts it again.
# - nothing needs the old id. The fork's id is the old one with -fork at its end. Code that waits for the result or the
#   events of the old id, or sends messages to it, does not reach the fork.
# - it can start at once. The fork has no delay, deadline, priority or deduplication id, and waits in an internal queue
#   without limits, not in the old queue.
# A forked parent waits for the children that it had, and fails if one of them is cancelled or forked. That is why
# "waits" and "child" leave families as they are. You can
# - wait until the children have finished, and run the gate again.
# - change a parent's "waits" to "fork". It continues on the new version and waits there for the same children. They
#   have to finish on the old version: do not cancel or fork them.
# - start the children again from their beginning: change the parent's "waits" to "fork", write in column 4 the step
#   that started the first child in flight, fork the parent, then cancel those children.
# - keep parents, children and their ids, with the DBOSClient of TypeScript 5.3 or newer. Cancel them here, then call
#   rewindWorkflow(id, { startStep: 2147483647, applicationVersion }), for children first. This loses messages that
#   they have not received yet.

tab=$(printf '\t') cr=$(printf '\r')
newline='
'
# A fork copies the steps below a number. This one is the largest that the column holds: it keeps all of them.
keep_all=2147483647

schema='' version='' notes=''
did=0 left=0 failed=0 unseen=0 stopped=
trap 'stopped=1' HUP INT TERM

refuse() { printf '%s\n' "unblock.sh: $1" >&2; exit 2; }

# --- DBOS's command line. Observed with TypeScript's, version 5.3.0:
# - get prints one line of JSON. For a workflow that does not exist it prints "undefined" and exits with 0. A client
#   older than the database (4.27 on rows of 5.3) shows no input, and its fork has none.
# - cancel exits with 0 in all cases. It leaves SUCCESS, ERROR and missing rows alone, and overwrites every other
#   status with CANCELLED: dead-lettered and cancelled ones, too.
# - fork takes a workflow in any state, SUCCESS included, and prints nothing. A second fork with the same id fails.
# - Each of them retries for ever while the server does not answer.
ask() {
  set -- workflow "$@" --sys-db-url "$DBOS_SYSTEM_DATABASE_URL"
  [ "$schema" = dbos ] || set -- "$@" "--schema=$schema"
  # shellcheck disable=SC2086 # DBOS_CLI can be a command with arguments; set -f keeps patterns as they are.
  NODE_NO_WARNINGS=1 $DBOS_CLI "$@" </dev/null
}

# Both programs print the state in the answer of "get". Arguments: the workflow, and the source that it must be a fork
# of, or nothing. A line counts only if it is about this workflow: its input can hold any text.
in_node='
  const [, id, source] = process.argv;
  let state = "UNREADABLE";
  for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
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
'
in_python='
import json, re, sys
id, source = sys.argv[1:]
state = "UNREADABLE"
for line in sys.stdin.buffer.read().decode("utf-8", "replace").split("\n"):
    try: seen = None if line == "undefined" else json.loads(line)
    except ValueError: continue
    if seen is None: state = "MISSING"
    if not isinstance(seen, dict) or seen.get("workflowID", seen.get("workflow_id")) != id: continue
    if source and seen.get("forkedFrom", seen.get("forked_from")) != source: state = "UNRELATED"; break
    state = seen.get("status") if re.fullmatch("[A-Z_]+", str(seen.get("status"))) else "UNKNOWN"
    if seen.get("wasForkedFrom", seen.get("was_forked_from")): state += " forked"
    elif seen.get("input") is None: state += " blind"
print(state)
'

# Sets state to a status, MISSING, UNRELATED or UNREADABLE. " forked" or " blind" at its end matter to a fork.
# $1: the workflow. $2: the workflow that it must be a fork of, or nothing.
look_at() {
  state=UNREADABLE
  answer=$(ask get "$1") || return 0
  # shellcheck disable=SC2086 # The reader is a command and its option.
  state=$(printf '%s\n' "$answer" | $reader "$program" "$1" "$2") || state=UNREADABLE
}

# --- One workflow: $id, $parent and $step of its line in the list.
did() { did=$((did + 1)); printf '%s\n' "$id: $1"; }
# These two do not succeed, so that nothing more is done to the workflow.
leave() { left=$((left + 1)); printf '%s\n' "$id: left as it is: $1"; return 1; }
fail() { failed=$((failed + 1)); printf '%s\n' "$id: FAILED: $1" >&2; return 1; }

in_flight() {
  look_at "$id"
  case "$state" in
    PENDING* | ENQUEUED* | DELAYED*) return 0 ;;
    UNREADABLE) fail 'its status could not be read' ;;
    MISSING) leave 'it is not there any more' ;;
    *) leave "it is ${state%% *} now" ;;
  esac
}

# Cancels it and reads it again: the exit code of cancel is no evidence.
is_cancelled() {
  ask cancel "$id" >/dev/null || { fail 'cancel failed'; return; }
  look_at "$id"
  case "$state" in
    CANCELLED*) return 0 ;;
    SUCCESS* | ERROR*) leave "it has just ended in ${state%% *}" ;;
    *) fail "it is $state after the cancel" ;;
  esac
}

inspect() {
  printf '\n%s\n' "# $id"
  if ask get "$id" && ask steps "$id"; then did=$((did + 1)); else fail 'it could not be read'; fi
}

cancel() { in_flight && is_cancelled && did 'cancelled'; }

fork() {
  [ "$on_fork" != child ] || parent_has_finished || return
  in_flight || return
  case "$state" in
    *' forked') leave 'it was forked before'; return ;;
    *' blind') fail 'its input cannot be read, and a fork would have none. Take the command line of the newest SDK in use: an older one does not see it'; return ;;
  esac
  is_cancelled || return
  if copy || copy; then did "goes on as $id-fork"; return; fi
  fail 'CANCELLED, BUT NOT FORKED. This script will not do it any more; do it by hand:'
  by_hand >&2
}

# A parent that is in flight can wait for it. One that is cancelled can have a fork that does.
parent_has_finished() {
  look_at "$parent"
  case "$state" in
    SUCCESS* | ERROR* | MISSING) return 0 ;;
    UNREADABLE) fail 'the status of its parent could not be read' ;;
    *) leave "its parent is ${state%% *}, and it or a fork of it may wait (see the top of this script)" ;;
  esac
}

# Succeeds if the fork exists. The command line can fail after it made the fork: a broken connection, or a signal.
copy() {
  ask fork "$id" --step "$step" --forked-workflow-id "$id-fork" "--application-version=$version" >/dev/null && return
  look_at "$id-fork" "$id"
  case "$state" in MISSING | UNREADABLE | UNRELATED) return 1 ;; esac
}

by_hand() {
  other=
  [ "$schema" = dbos ] || other=" --schema=$(quoted "$schema")"
  printf '%s\n' "  $DBOS_CLI workflow fork $(quoted "$id") --step $step --forked-workflow-id $(quoted "$id-fork") --application-version=$(quoted "$version") --sys-db-url \"\$DBOS_SYSTEM_DATABASE_URL\"$other"
}
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# --- The list. What it holds is data: it reaches a command as one argument, and is never evaluated.
# Moves the first column of rest to column.
next_column() { column=${rest%%"$tab"*}; rest=${rest#*"$tab"}; }

# The lines above the workflows that say what holds for all of them.
read_facts() {
  while IFS= read -r line; do
    rest=${line%"$cr"}$tab
    next_column; name=$column; next_column
    case "$name" in
      '#! schema') schema=$column ;;
      '#! version') version=$column ;;
      '#! note') notes=$notes$column$newline ;;
      '' | '#'*) ;;
      *) break ;;
    esac
  done <"$list"
}

read_workflows() {
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$cr"}
    case "$line" in '' | '#'*) continue ;; esac
    if [ -n "$stopped" ]; then unseen=$((unseen + 1)); else workflow; fi
  done <"$list"
}

# A person can have edited the line: one that is not understood fails, and nothing is done to its workflow.
workflow() {
  rest=$line$tab
  next_column; on_fork=$column; next_column; id=$column
  next_column; parent=$column; next_column; step=$column
  case "$id" in '' | -*) id=$line; fail 'its second column is no id'; return ;; esac
  case "$step" in
    '' | -) step=$keep_all ;;
    *[!0-9]*) fail 'its fourth column is neither the number of a step nor -'; return ;;
  esac
  case "$command $on_fork" in
    'inspect '* | 'cancel '* | 'fork fork') ;;
    'fork child') case "$parent" in '' | -*) leave 'the id of its parent cannot be typed'; return ;; esac ;;
    'fork waits') leave 'it has children in flight (see the top of this script)'; return ;;
    *) fail 'its first column is none of fork, child and waits'; return ;;
  esac
  if [ -z "$yes" ]; then did=$((did + 1)); printf '%s\n' "would $verb $id"; return; fi
  case "$command" in inspect) inspect ;; cancel) cancel ;; fork) fork ;; esac
}

# --- From the arguments to the exit code.
start() {
  if [ -z "$yes" ]; then printf '%s\n' "A dry run: nothing is done, or read."; return; fi
  [ -n "$DBOS_SYSTEM_DATABASE_URL" ] || refuse 'DBOS_SYSTEM_DATABASE_URL is not set: it has to hold the URL of the system database.'
  [ -n "$schema" ] || refuse 'the name of the schema cannot be typed safely.'
  [ "$schema" = dbos ] || [ -n "$DBOS_CLI" ] || refuse "the tables are in the schema \"$schema\", and the command line of TypeScript reads dbos only: set DBOS_CLI to one that has the option --schema (DBOS_CLI=dbos for that of Python)."
  # Without --no-install, npx would run any other package called dbos.
  DBOS_CLI=${DBOS_CLI:-npx --no-install dbos}
  if command -v node >/dev/null 2>&1; then reader='node -e' program=$in_node
  elif command -v python3 >/dev/null 2>&1; then reader='python3 -c' program=$in_python
  else refuse 'neither node nor python3 is there, to read what the command line prints.'; fi
  $DBOS_CLI --help >/dev/null 2>&1 </dev/null || refuse "\"$DBOS_CLI\" does not run: call this script in a folder where the DBOS SDK is installed, or set DBOS_CLI to its command line."
  printf '%s\n' 'Asking the database. Without an answer, look at its URL: the command line tries for ever.'
  ask list --limit 1 >/dev/null || refuse 'the system database cannot be read: see above.'
}

finish() {
  trap - HUP INT TERM
  printf '\n'
  if [ -z "$yes" ]; then printf '%s\n' "$did to $verb. Nothing was done. To do it: sh $0 $command --yes"
  else printf '%s\n' "$did done, $left left as they are, $failed failed."; fi
  [ "$unseen" -eq 0 ] || printf '%s\n' "Stopped: $unseen were not looked at."
  printf '%s' "$notes"
  [ "$failed" -eq 0 ] && [ -z "$stopped" ]
  exit
}

set -f
command=$1 yes=
case "$command" in inspect) verb='look at' ;; *) verb=$command ;; esac
case "$#:$command:$2" in
  1:inspect: | 1:cancel: | 1:fork:) ;;
  2:inspect:--yes | 2:cancel:--yes | 2:fork:--yes) yes=1 ;;
  *) printf '%s\n' "usage: sh $0 inspect|cancel|fork [--yes]" >&2; exit 2 ;;
esac
case "$0" in */*) list=${0%/*}/workflows.tsv ;; *) list=./workflows.tsv ;; esac
[ -r "$list" ] || refuse "$list cannot be read: it belongs next to this script."
read_facts
[ "$command" != fork ] || [ -n "$version" ] || refuse 'there is no newer version to fork to: workflows.tsv names none.'
start
read_workflows
finish
