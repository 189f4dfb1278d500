#!/bin/sh
# Inspects, cancels or forks the workflows that block a retirement. They are listed in workflows.tsv next to this file.
#
#     sh unblock.sh inspect|cancel|fork [--all] [--name PATTERN]... [--yes [--any]] [ID...]
#
# Without --yes it prints what it would do, and why each workflow blocks. It reads nothing from the database then.
#
# WHICH WORKFLOWS. Those that are stuck, asleep or delayed. What is queued, waiting or progressing finishes by itself
# while processes of its version run.
#   --all            the rest, too. Right once the old processes are gone: nothing is left that could finish it.
#   --name PATTERN   of these, only workflows with this name, where * stands for any text, as in ignore-workflows: the
#                    star of Go's (*Shop) matches itself. One with a dot matches CLASS.NAME, too. Repeat it for more.
#   ID...            these workflows, in whatever state. They have to be in the list.
# "fork --all --yes" without a --name wants --any: see CHECK BEFORE A FORK.
#
# WHAT IT NEEDS, with --yes
# - UNBLOCK_DATABASE_URL: the URL of the system database, with the role of the application. The gate's role only reads:
#   with it, cancel and fork end at once. DBOS_SYSTEM_DATABASE_URL is not used, because it can hold the gate's URL.
# - DBOS's command line, of a release that fits the schema. The list says which one does. Call this script in the folder
#   of the application, or set DBOS_CLI to the command. Never use a plain "npx dbos": outside the folder of an application
#   npx fetches a package of that name that is not DBOS's, and the URL with its password is handed to it.
# - node or python3, to read what the command line prints.
# The command line is tried before anything is changed. Each workflow is read again first: what has finished, moved or
# been forked since the list was written is left as it is. You can stop the script and run it again.
#
# WITH DBOS CONDUCTOR, dbosctl can do the same while a process of the application is connected:
#     dbosctl workflow cancel -a APPLICATION ID
#     dbosctl workflow fork -a APPLICATION --start-step 2147483647 --new-id ID-fork --app-version VERSION ID
#
# WORKFLOWS.TSV has one line per workflow, parents before children. To leave one out, delete its line. Columns are
# separated by one tab, and an empty one is -. Lines with # are comments, but for those with "#!".
#   1 on fork     what fork does with it. fork: fork it. child: fork it unless its parent can still wait for it.
#                 waits: leave it, since it has children in flight. You can change it.
#   2 id          the id of the workflow
#   3 state       stuck, asleep, delayed, queued, waiting or progressing. A parent has the state of the child it waits for.
#   4 parent      the id of the workflow that started it
#   5 from step   the fork runs this step and later ones again. -: it runs no finished step again. You can change it.
#   6 last step   the number and the name of the last finished step. -: it was not running.
#   7 class       the class of its function
#   8 name        its name
#   9 reason      what it did or waited for when the gate read it
#
# INSPECT prints the workflows and their finished steps. It only reads. The output holds inputs and outputs of
# workflows: check who can read the log of a job before you run it there.
#
# CANCEL cancels each workflow, which stops before its next step. A step that is running finishes, and its result is
# dropped. Cancelling does not reach children, so they have their own lines. Parents come first: a parent that waits
# for a cancelled child gets an error, and fails or does what its code does then. A cancelled workflow can be resumed
# by a process of its own version for as long as its row exists.
#
# FORK cancels each workflow. Once it is CANCELLED, a copy of it (the fork) starts on the new version with all finished
# steps, concurrent ones too, whatever their order. A workflow that is no longer in flight, or was forked before, is
# left as it is: otherwise its work would be done twice.
#
# CHECK BEFORE A FORK
# - The new code fits the finished steps (column 6 shows the last). A fork does not run them again, and fails if the
#   code expects others at the same numbers. To start at an earlier step, write its number in column 5 (see inspect).
# - A process of the new version is running, to take up the forks.
# - No process still works on what is stuck. A step that is cut off can run twice: the old process finishes it, and the
#   fork starts it again.
# - Nothing needs the old id. The fork's id is the old one with -fork at its end. Code that waits for the result or the
#   events of the old id, or sends messages to it, does not reach the fork.
# - It can start at once. The fork has no delay, deadline, priority or deduplication id, and waits in an internal queue
#   without limits, not in the old queue.
#
# FAMILIES. A forked parent waits for the children that it had, and fails if one of them is cancelled or forked. That is
# why "waits" and "child" leave families as they are. You can
# - wait until the children have finished, and run the gate again.
# - change a parent's "waits" to "fork". It continues on the new version and waits there for the same children. They
#   have to finish on the old version: do not cancel or fork them.
# - start the children again from their beginning: change the parent's "waits" to "fork", write in column 5 the step
#   that started the first child in flight, fork the parent, then cancel those children.
# - keep parents, children and their ids, with the client of an SDK that can rewind (TypeScript 5.3 or newer, for one).
#   Cancel them here, then call rewindWorkflow(id, { startStep: 2147483647, applicationVersion }), for children first.
#   This loses messages that they have not received yet.

tab=$(printf '\t') cr=$(printf '\r')
newline='
'
# A fork copies the steps below a number. This one is the largest that the column holds: it keeps all of them.
keep_all=2147483647

schema='' version='' cli='' fits='' notes=''
did=0 left=0 failed=0 rest_in_flight=0 unseen=0 stopped=
trap 'stopped=1' HUP INT TERM

refuse() { printf '%s\n' "unblock.sh: $1" >&2; exit 2; }

# --- DBOS's command lines. Observed with TypeScript's 4.20 to 5.3, Python's 2.26 to 3.4 and Go's 1.3 to 1.8:
# - get prints JSON: one line, or many in Go's. For a workflow that does not exist TypeScript's prints "undefined" and
#   exits with 0, and the others fail. One that is older than the database shows no input, and its fork has none. Go's
#   never shows an input.
# - cancel leaves SUCCESS, ERROR and missing rows alone, and overwrites every other status with CANCELLED: dead-lettered
#   and cancelled ones, too. Its exit code is no evidence.
# - fork takes a workflow in any state, SUCCESS included. A second fork with the same id fails. Go's takes step 0 as 1.
# - TypeScript's retries for ever while the server does not answer.

# Sets answer to what a command printed, errors included, and code to its exit code.
ask() {
  set -- workflow "$@" "$url_option" "$UNBLOCK_DATABASE_URL"
  [ "$schema" = dbos ] || set -- "$@" "--schema=$schema"
  code=0
  # shellcheck disable=SC2086 # DBOS_CLI can be a command with arguments; set -f keeps patterns as they are.
  answer=$(NODE_NO_WARNINGS=1 COLUMNS=200 $DBOS_CLI "$@" </dev/null 2>&1) || code=$?
}

# Both programs read an answer. Arguments: status or steps, the exit code, the workflow, and the source that it must be a
# fork of, or nothing. They print a status (with " forked" or " blind" where that matters to a fork), or the number of the
# last step, or one of MISSING, UNRELATED, DENIED, MISFIT and UNREADABLE, the last two with the cause. A line counts only
# if it is about this workflow: its input can hold any text.
in_node='
  const [, what, code, id, source] = process.argv;
  const text = require("fs").readFileSync(0, "utf8");
  const values = [];
  let block = null;
  for (const line of text.split("\n")) {
    if (/^[[{]$/.test(line)) block = "";
    if (block !== null) block += line;
    if (block !== null && !/^[\]}]$/.test(line)) continue;
    try { values.push(line === "undefined" ? null : JSON.parse(block ?? line)); } catch {}
    block = null;
  }
  const cause = () => {
    const said = text.split("\n").filter((line) => /^([\w.]*(Error|Exception)|error|FATAL|fatal):? ?\S/.test(line)).pop() ?? "";
    let safe = said.replace(/[^\x20-\x7e]/g, "?");
    const url = process.env.UNBLOCK_DATABASE_URL ?? "";
    const secret = /:\/\/[^\/?#]*?:([^\/?#]*)@/.exec(url)?.[1] ?? "";
    let typed = secret;
    try { typed = decodeURIComponent(secret); } catch {}
    for (const hidden of [url, secret, typed]) if (hidden !== "") safe = safe.split(hidden).join("***");
    return safe === "" ? "" : " " + safe.slice(0, 300);
  };
  const failure = () => {
    if (/^([\w.]*DBOSNonExistentWorkflowError: |Error: workflow not found: |Error: DBOS Error NonExistentWorkflow: )/m.test(text)) return "MISSING";
    if (/\b42501\b|InsufficientPrivilege|permission denied for /.test(text)) return "DENIED";
    if (/\b42P01\b|\b42703\b|UndefinedTable|UndefinedColumn|this version of DBOS requires/.test(text)) return "MISFIT" + cause();
    return "UNREADABLE" + cause();
  };
  const statusOf = () => {
    for (const seen of values) {
      if (seen === null) return "MISSING";
      if ((seen.workflowID ?? seen.workflow_id ?? seen.workflow_uuid) !== id) continue;
      if (source && (seen.forkedFrom ?? seen.forked_from) !== source) return "UNRELATED";
      const status = /^[A-Z_]+$/.test(seen.status) ? seen.status : "UNKNOWN";
      if (seen.wasForkedFrom ?? seen.was_forked_from) return status + " forked";
      return (seen.input ?? null) === null && seen.workflow_uuid === undefined ? status + " blind" : status;
    }
    return "UNREADABLE";
  };
  const lastStep = () => {
    for (const seen of values) {
      if (seen === null) return "no";
      if (!Array.isArray(seen)) continue;
      return seen.reduce((last, step) => Math.max(last, step.functionID ?? step.function_id ?? -1), -1);
    }
    return "UNREADABLE";
  };
  const answer = Number(code) !== 0 ? failure() : what === "status" ? statusOf() : lastStep();
  console.log(answer === -1 ? "no" : String(answer));
'
in_python='
import json, os, re, sys
from urllib.parse import unquote
what, code, id, source = sys.argv[1:]
text = sys.stdin.buffer.read().decode("utf-8", "replace")
values, block = [], None
for line in text.split("\n"):
    if re.fullmatch(r"[\[{]", line): block = ""
    if block is not None: block += line
    if block is not None and not re.fullmatch(r"[\]}]", line): continue
    try: values.append(None if line == "undefined" else json.loads(line if block is None else block))
    except ValueError: pass
    block = None
def cause():
    said = [line for line in text.split("\n") if re.match(r"([\w.]*(Error|Exception)|error|FATAL|fatal):? ?\S", line)]
    safe = re.sub(r"[^\x20-\x7e]", "?", said[-1] if said else "")
    url = os.environ.get("UNBLOCK_DATABASE_URL", "")
    found = re.search(r"://[^/?#]*?:([^/?#]*)@", url)
    secret = found.group(1) if found else ""
    for hidden in (url, secret, unquote(secret)):
        if hidden: safe = safe.replace(hidden, "***")
    return " " + safe[:300] if safe else ""
def failure():
    if re.search(r"^([\w.]*DBOSNonExistentWorkflowError: |Error: workflow not found: |Error: DBOS Error NonExistentWorkflow: )", text, re.M): return "MISSING"
    if re.search(r"\b42501\b|InsufficientPrivilege|permission denied for ", text): return "DENIED"
    if re.search(r"\b42P01\b|\b42703\b|UndefinedTable|UndefinedColumn|this version of DBOS requires", text): return "MISFIT" + cause()
    return "UNREADABLE" + cause()
def first(seen, *names):
    return next((seen[name] for name in names if seen.get(name) is not None), None)
def status_of():
    for seen in values:
        if seen is None: return "MISSING"
        if not isinstance(seen, dict) or first(seen, "workflowID", "workflow_id", "workflow_uuid") != id: continue
        if source and first(seen, "forkedFrom", "forked_from") != source: return "UNRELATED"
        status = seen.get("status") if re.fullmatch("[A-Z_]+", str(seen.get("status"))) else "UNKNOWN"
        if first(seen, "wasForkedFrom", "was_forked_from"): return status + " forked"
        return status + " blind" if seen.get("input") is None and "workflow_uuid" not in seen else status
    return "UNREADABLE"
def last_step():
    for seen in values:
        if seen is None: return "no"
        if isinstance(seen, list): return max([first(step, "functionID", "function_id") for step in seen], default="no")
    return "UNREADABLE"
print(failure() if code != "0" else status_of() if what == "status" else last_step())
'

# Sets state, by one of the programs. $1: status or steps. $2: the workflow. $3: the source that it must be a fork of.
read_answer() {
  # shellcheck disable=SC2086 # The reader is a command and its option.
  state=$(printf '%s\n' "$answer" | $reader "$program" "$1" "$code" "$2" "$3") || state=UNREADABLE
}
look_at() { ask get "$1"; read_answer status "$1" "$2"; }

# Sets why to a sentence about an answer that is none, for the end of a line.
explain() {
  case "$state" in
    DENIED) why="the role in UNBLOCK_DATABASE_URL is not allowed to. Use the URL of the application, not that of the gate, whose role only reads" ;;
    MISFIT*) why="the command line does not fit the schema of this database (${state#MISFIT }). $fits" ;;
    *) cause=${state#UNREADABLE}; why="the command line gave no answer that can be read${cause:+:$cause}" ;;
  esac
}

# --- One workflow: $id, $parent, $step and so on of its line in the list.
did() { did=$((did + 1)); printf '%s\n' "$id: $1"; }
# These two do not succeed, so that nothing more is done to the workflow.
leave() { left=$((left + 1)); printf '%s\n' "$id: left as it is: $1"; return 1; }
fail() { failed=$((failed + 1)); printf '%s\n' "$id: FAILED: $1" >&2; return 1; }

in_flight() {
  look_at "$id"
  case "$state" in
    PENDING* | ENQUEUED* | DELAYED*) has_not_moved ;;
    MISSING) leave 'it is gone' ;;
    DENIED | MISFIT* | UNREADABLE*) explain; fail "its status could not be read: $why" ;;
    *) leave "it is ${state%% *} now" ;;
  esac
}

# What was chosen by its state is left alone if it is not in that state any more.
has_not_moved() {
  [ -z "$all$ids" ] || return 0
  now=$state
  case "$last ${now%% *}" in
    '- PENDING') leave 'it has started since the list was written'; return ;;
    '- '* | ' '*) return 0 ;;
    *' PENDING') ;;
    *) leave "it is ${now%% *} now"; return ;;
  esac
  ask steps "$id"
  read_answer steps "$id" ''
  case "$state" in
    "${last%% *}") state=$now ;;
    no | [0-9]*) leave "it has moved since the list was written: its last step is $state now, and was ${last%% *}" ;;
    *) explain; fail "its steps could not be read: $why" ;;
  esac
}

# Cancels it and reads it again: the exit code of cancel is no evidence.
is_cancelled() {
  ask cancel "$id"
  if [ "$code" -ne 0 ]; then read_answer status "$id" ''; explain; fail "cancel failed: $why"; return; fi
  look_at "$id"
  case "$state" in
    CANCELLED*) return 0 ;;
    SUCCESS* | ERROR*) leave "it has just ended in ${state%% *}" ;;
    *) fail "it is ${state%% *} after the cancel" ;;
  esac
}

inspect() {
  printf '\n%s\n' "# $id"
  for what in get steps; do
    ask "$what" "$id"
    if [ "$code" -ne 0 ]; then read_answer status "$id" ''; explain; fail "it could not be read: $why"; return; fi
    printf '%s\n' "$answer"
  done
  did=$((did + 1))
}

cancel() { in_flight && is_cancelled && did 'cancelled'; }

fork() {
  [ "$on_fork" != child ] || parent_has_finished || return
  in_flight || return
  case "$state" in
    *' forked') leave 'it was forked before'; return ;;
    *' blind') fail "its input cannot be read, and a fork would have none: this command line is older than the schema. $fits"; return ;;
  esac
  is_cancelled || return
  if copy || copy; then did "continues as $id-fork"; return; fi
  fail 'CANCELLED, BUT NOT FORKED. This script does not do it again; do it by hand:'
  by_hand >&2
}

# A parent that is in flight can wait for it. One that is cancelled can have a fork that does.
parent_has_finished() {
  look_at "$parent"
  case "$state" in
    SUCCESS* | ERROR* | MISSING) return 0 ;;
    DENIED | MISFIT* | UNREADABLE*) explain; fail "the status of its parent could not be read: $why" ;;
    *) leave "its parent is ${state%% *}, and it or a fork of it can wait (see FAMILIES at the top of this script)" ;;
  esac
}

# Succeeds if the fork exists. The command line can fail after it made the fork: a broken connection, or a signal.
copy() {
  ask fork "$id" --step "$step" --forked-workflow-id "$id-fork" "--application-version=$version"
  [ "$code" -ne 0 ] || return 0
  look_at "$id-fork" "$id"
  case "$state" in MISSING | DENIED | MISFIT* | UNREADABLE* | UNRELATED) return 1 ;; esac
}

by_hand() {
  other=
  [ "$schema" = dbos ] || other=" --schema=$(quoted "$schema")"
  printf '%s\n' "  $DBOS_CLI workflow fork $(quoted "$id") --step $step --forked-workflow-id $(quoted "$id-fork") --application-version=$(quoted "$version") $url_option \"\$UNBLOCK_DATABASE_URL\"$other"
}
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# --- The list. What it holds is data: it reaches a command as one argument, and is never evaluated.
# Moves the first column of rest to column.
next_column() { column=${rest%%"$tab"*}; rest=${rest#*"$tab"}; }

# The lines above the workflows that say what holds for all of them.
read_facts() {
  while IFS= read -r line; do
    rest=${line%"$cr"}$tab
    next_column; fact=$column; next_column
    case "$fact" in
      '#! schema') schema=$column ;;
      '#! version') version=$column ;;
      '#! cli') cli=$column ;;
      '#! fits') fits=$column ;;
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
    read_columns
    is_chosen || continue
    if [ -n "$stopped" ]; then unseen=$((unseen + 1)); else workflow; fi
  done <"$list"
}

read_columns() {
  rest=$line$tab
  next_column; on_fork=$column; next_column; id=$column; next_column; listed=$column
  next_column; parent=$column; next_column; step=$column; next_column; last=$column
  next_column; class=$column; next_column; name=$column; next_column; reason=$column
}

is_chosen() {
  if [ -n "$ids" ]; then
    case "$newline$ids" in *"$newline$id$newline"*) return 0 ;; *) return 1 ;; esac
  fi
  is_named || return 1
  case "$all$listed" in
    queued | waiting | progressing) rest_in_flight=$((rest_in_flight + 1)); return 1 ;;
  esac
}

is_named() {
  [ -n "$names" ] || return 0
  patterns=$names
  while [ -n "$patterns" ]; do
    pattern=${patterns%%"$newline"*} patterns=${patterns#*"$newline"}
    # shellcheck disable=SC2254 # It is a pattern.
    case "$name" in $pattern) return 0 ;; esac
    # shellcheck disable=SC2254
    case "$class$pattern" in -*) ;; *.*) case "$class.$name" in $pattern) return 0 ;; esac ;; esac
  done
  return 1
}

# A person can have edited the line: one that is not understood fails, and nothing is done to its workflow.
workflow() {
  case "$id" in '' | -*) id=$line; fail 'its second column is no id'; return ;; esac
  case "$listed" in
    stuck | asleep | delayed | queued | waiting | progressing) ;;
    *) fail 'its third column is no state'; return ;;
  esac
  case "$step" in
    '' | -) step=$keep_all ;;
    *[!0-9]*) fail 'its fifth column is neither the number of a step nor -'; return ;;
    0) [ "$command$cli_is_go" != forkyes ] || { fail "Go's command line takes step 0 as 1, and keeps that step: fork it with another one"; return; } ;;
  esac
  case "$command $on_fork" in
    'inspect '* | 'cancel '* | 'fork fork') ;;
    'fork child') case "$parent" in '' | -*) leave 'the id of its parent cannot be typed'; return ;; esac ;;
    'fork waits') leave 'it has children in flight (see FAMILIES at the top of this script)'; return ;;
    *) fail 'its first column is none of fork, child and waits'; return ;;
  esac
  if [ -z "$yes" ]; then
    did=$((did + 1))
    printf '%s\n    %s\n' "would $verb $id" "$listed: ${reason:--}"
    return
  fi
  case "$command" in inspect) inspect ;; cancel) cancel ;; fork) fork ;; esac
}

# --- From the arguments to the exit code.
usage() {
  printf '%s\n' "usage: sh $0 inspect|cancel|fork [--all] [--name PATTERN]... [--yes [--any]] [ID...]" >&2
  exit 2
}

# Only * has a meaning, and not where it is Go's own: as in src/dbos/scope.ts.
shell_pattern() {
  unread=$1 made='' before=''
  while [ -n "$unread" ]; do
    after=${unread#?} one=${unread%"${unread#?}"}
    case "$one$before:$after" in
      '*(:'[[:alpha:]_]* | '*[:'[[:alpha:]_]* | '*]:'[[:alpha:]_]* | '*,:'[[:alpha:]_]*) made=$made\\$one ;;
      '['* | ']'* | '?'* | \\*) made=$made\\$one ;;
      *) made=$made$one ;;
    esac
    before=$one unread=$after
  done
}

read_arguments() {
  command=$1 all='' names='' ids='' yes='' any=''
  case "$command" in inspect) verb='look at' ;; cancel | fork) verb=$command ;; *) usage ;; esac
  shift
  while [ $# -gt 0 ]; do
    case "$1" in
      --all) all=--all ;;
      --yes) yes=1 ;;
      --any) any=1 ;;
      --name) [ -n "$2" ] || usage; shell_pattern "$2"; names=$names$made$newline; shift ;;
      '' | -*) usage ;;
      *) ids=$ids$1$newline ;;
    esac
    shift
  done
  [ -z "$ids" ] || [ -z "$all$names" ] || usage
  case "$command$all$yes$any$names" in
    'fork--all1') refuse "fork --all --yes forks all of the list without a check. A fork fails where the new code has other steps at the same numbers. A step that was cut off runs again. Name the workflows for which that is right (--name 'nightly*'), or accept it for any of them with --any." ;;
  esac
}

start() {
  if [ -z "$yes" ]; then printf '%s\n' 'A dry run: nothing is done, or read.'; return; fi
  [ -n "$UNBLOCK_DATABASE_URL" ] || refuse 'UNBLOCK_DATABASE_URL is not set. Set it to the URL of the system database, with the role of the application: the role of the gate only reads.'
  [ -n "$schema" ] || refuse 'the name of the schema cannot be typed safely.'
  if [ -z "$DBOS_CLI" ]; then
    # Without --no-install, npx would run any other package called dbos.
    case "$cli" in
      npx) DBOS_CLI='npx --no-install dbos' ;;
      dbos) DBOS_CLI=dbos ;;
      *) refuse "DBOS_CLI is not set. It has to hold the command line of DBOS. $fits" ;;
    esac
  fi
  if command -v node >/dev/null 2>&1; then reader='node -e' program=$in_node
  elif command -v python3 >/dev/null 2>&1; then reader='python3 -c' program=$in_python
  else refuse 'neither node nor python3 is there, to read what the command line prints.'; fi
  try_command_line
}

# It has to be DBOS's, fit the schema, and be allowed to write. The URL is not handed to it before the first is known.
try_command_line() {
  help=$(NODE_NO_WARNINGS=1 COLUMNS=200 $DBOS_CLI workflow fork --help 2>&1 </dev/null) || refuse "\"$DBOS_CLI\" is not there, or is not the command line of DBOS. $fits"
  case "$help" in
    *--sys-db-url*) url_option=--sys-db-url ;;
    *--db-url*) url_option=--db-url cli_is_go=yes ;;
    *) refuse "\"$DBOS_CLI\" is not the command line of DBOS. $fits" ;;
  esac
  case "$schema $help" in
    'dbos '* | *' --schema'*) ;;
    *) refuse "the tables are in the schema \"$schema\", and the command line of TypeScript reads dbos only: set DBOS_CLI to Python's, which has the option --schema." ;;
  esac
  [ "$command$cli_is_go" != forkyes ] || is_new_go || refuse "the command line of Go before 1.5 does not show whether a fork has its input. On newer schemas it loses the input. $fits"
  printf '%s\n' 'Asking the database. Without an answer, check UNBLOCK_DATABASE_URL: the command line can retry for ever.'
  ask get "$probe"
  can_go_on
  [ "$command" != inspect ] || return 0
  ask cancel "$probe"
  can_go_on
}

# No workflow has this id. To cancel it changes nothing, and needs the privilege all the same.
probe='unblock.sh asks whether it can read and write'
can_go_on() {
  [ "$code" -ne 0 ] || return 0
  read_answer status "$probe" ''
  case "$state" in MISSING) return 0 ;; esac
  explain
  refuse "the system database cannot be used: $why."
}

# Go's command line fails by itself where it is newer than the schema.
is_new_go() {
  case "$($DBOS_CLI version 2>&1 </dev/null)" in
    *'"v1.'[0-4].* | *'"v0.'*) return 1 ;;
  esac
}

finish() {
  trap - HUP INT TERM
  printf '\n'
  if [ -z "$yes" ]; then printf '%s\n' "$did to $verb. Nothing was done. To do it, add --yes to the same command."
  else printf '%s\n' "$did done, $left left as they are, $failed failed."; fi
  [ "$unseen" -eq 0 ] || printf '%s\n' "Stopped: $unseen were not looked at."
  [ "$rest_in_flight" -eq 0 ] || printf '%s\n' "$rest_in_flight more are queued, waiting or progressing, and were not chosen. While processes of their version run, they finish by themselves. Once those are gone, --all takes them, too."
  printf '%s' "$notes"
  [ "$failed" -eq 0 ] && [ -z "$stopped" ]
  exit
}

# An id that is not in the list is a slip: nothing is done then.
find_ids() {
  [ -n "$ids" ] || return 0
  found=$newline
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$cr"}
    read_columns
    ! is_chosen || found=$found$id$newline
  done <"$list"
  wanted=$ids
  while [ -n "$wanted" ]; do
    one=${wanted%%"$newline"*} wanted=${wanted#*"$newline"}
    case "$found" in *"$newline$one$newline"*) ;; *) refuse "there is no workflow $one in the list." ;; esac
  done
}

set -f
cli_is_go=
read_arguments "$@"
case "$0" in */*) list=${0%/*}/workflows.tsv ;; *) list=./workflows.tsv ;; esac
[ -r "$list" ] || refuse "$list cannot be read: it belongs next to this script."
read_facts
[ "$command" != fork ] || [ -n "$version" ] || refuse 'there is no newer version to fork to: workflows.tsv names none.'
find_ids
start
read_workflows
finish
