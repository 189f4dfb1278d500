"""
A real DBOS application of the installed release, driven as protocol.ts says. What differs between releases is asked of
the SDK: a release that has no means for a call answers that it is unsupported.
"""

import inspect
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from dbos import DBOS, DBOSClient, DBOSConfig, Debouncer, Queue, SetEnqueueOptions, SetWorkflowID, SetWorkflowTimeout
from workflows import SHELVES, TOPIC, WORKFLOWS, gate, short

ANSWER = "@answer "
UNSUPPORTED = "unsupported: "
QUEUE_POLL_SECONDS = 0.1
# Python counts steps from 1, protocol.ts from 0.
FIRST_STEP = 1
EVERY_SECOND = "* * * * * *"
STOP = object()

queues = {}
# Since release 3 a schedule is a row, by which any later process goes.
schedules = []


def unsupported(what):
    raise NotImplementedError(f"{UNSUPPORTED}{what}")


def accepted(function, **options):
    """Returns those of the options that this release has."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


def launch(application, url, version=None, executor=None, scheduled=False):
    config = DBOSConfig(name=application, system_database_url=url)
    if version is not None:
        config["application_version"] = version
    if executor is not None:
        config["executor_id"] = executor
    # Until release 3 there were patches with this only, and without a version it made one: PATCHING_ENABLED.
    if has_decorated_schedules():
        config["run_admin_server"] = False
        config["enable_patching"] = version is not None
    else:
        config["scheduler_polling_interval_sec"] = 1.0
    DBOS(config=config)
    if not hasattr(DBOS, "register_queue"):
        queues.update({kind: Queue(f"{application}-{kind}", **limits(kind, Queue)) for kind in LIMITS})
    if scheduled and has_decorated_schedules():
        DBOS.scheduled(EVERY_SECOND)(short)
    DBOS.launch()
    if hasattr(DBOS, "register_queue"):
        register = DBOS.register_queue
        queues.update({kind: register(f"{application}-{kind}", **limits(kind, register)) for kind in LIMITS})
    if scheduled and not has_decorated_schedules():
        schedules.append("every-second")
        DBOS.apply_schedules([{"schedule_name": schedules[0], "workflow_fn": short, "schedule": EVERY_SECOND}])


def has_decorated_schedules():
    return hasattr(DBOS, "scheduled")


LIMITS = {
    "serial": {"concurrency": 1},
    "parallel": {},
    # In the words of release 3, and in those before it. A release takes the ones that it has.
    "partitioned": {"partition_concurrency": 1, "partition_queue": True},
}


def limits(kind, register):
    options = accepted(register, **LIMITS[kind], polling_interval_sec=QUEUE_POLL_SECONDS)
    return {**options, "concurrency": 1} if "partition_queue" in options else options


def start(workflow, id, millis=None, instance=None, queue=None, partition=None, delayMillis=None, timeoutMillis=None):
    function = SHELVES[instance].instance_held if workflow == "instanceHeld" else WORKFLOWS[workflow]
    arguments = [] if millis is None else [millis]
    with ExitStack() as options:
        options.enter_context(SetWorkflowID(id))
        if timeoutMillis is not None:
            options.enter_context(SetWorkflowTimeout(timeoutMillis / 1000))
        enqueue = {}
        if partition is not None:
            enqueue["queue_partition_key"] = partition
        if delayMillis is not None:
            enqueue["delay_seconds"] = delayMillis / 1000
        if enqueue:
            options.enter_context(SetEnqueueOptions(**enqueue))
        if queue is None:
            DBOS.start_workflow(function, *arguments)
        else:
            queues[queue].enqueue(function, *arguments)


def enqueue_by_client(workflow, id, queue, application, url, version=None):
    client = DBOSClient(system_database_url=url)
    try:
        options = {"workflow_name": WORKFLOWS[workflow].__qualname__, "queue_name": f"{application}-{queue}"}
        if version is not None:
            options["app_version"] = version
        client.enqueue({**options, "workflow_id": id})
    finally:
        client.destroy()


def release(id):
    gate(id).set()


def send(id):
    DBOS.send(id, True, TOPIC)


def debounce(key, millis):
    return Debouncer.create(short).debounce(key, millis / 1000).workflow_id


def cancel(id):
    DBOS.cancel_workflow(id)


def resume(id):
    DBOS.resume_workflow(id)


def fork(id, step, version=None):
    return DBOS.fork_workflow(id, step + FIRST_STEP, application_version=version).workflow_id


def rewind(id, version=None):
    if not hasattr(DBOS, "rewind_workflow"):
        unsupported("rewinding, which came with release 3.1")
    DBOS.rewind_workflow(id, application_version=version)


def set_latest(version):
    DBOS.set_latest_application_version(version)


def shutdown():
    for schedule in schedules:
        DBOS.delete_schedule(schedule)
    DBOS.destroy()
    return STOP


METHODS = {
    "launch": launch,
    "start": start,
    "enqueueByClient": enqueue_by_client,
    "release": release,
    "send": send,
    "debounce": debounce,
    "cancel": cancel,
    "resume": resume,
    "fork": fork,
    "rewind": rewind,
    "setLatest": set_latest,
    "shutdown": shutdown,
}

output = threading.Lock()


def answer(request):
    result, stop = {}, False
    try:
        value = METHODS[request["method"]](**request["params"])
        stop = value is STOP
        result["value"] = None if stop else value
    except Exception as error:
        print(f"{request['method']}: {error!r}", file=sys.stderr)
        result["error"] = str(error)
    with output:
        print(ANSWER + json.dumps({"id": request["id"], **result}), flush=True)
    if stop:
        end()


def end():
    """Ends the process although steps that nobody released still run in its threads."""
    sys.stderr.flush()
    os._exit(0)


def main():
    with ThreadPoolExecutor(max_workers=16) as calls:
        for line in sys.stdin:
            calls.submit(answer, json.loads(line))
        end()


main()
