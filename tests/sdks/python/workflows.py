"""The workflows of protocol.ts, as an application in Python writes them. Their names are Python's own."""

import asyncio
import threading

from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID

TOPIC = "finish"
RACE_POLL_SECONDS = 0.02

_released = {}
_lock = threading.Lock()


def gate(workflow_id):
    """Returns what the step of this workflow waits for: an event that `release` sets, before the step or during it."""
    with _lock:
        return _released.setdefault(workflow_id, threading.Event())


@DBOS.step()
def work(workflow_id):
    gate(workflow_id).wait()


@DBOS.step()
def quick():
    return None


@DBOS.step()
async def work_beside_a_sleep(workflow_id):
    while not gate(workflow_id).is_set():
        await asyncio.sleep(RACE_POLL_SECONDS)


def fail():
    raise RuntimeError("This step fails each time.")


@DBOS.workflow()
def short(*_moments):
    """Takes what a schedule passes: when it was due, and when it was started or the context of the schedule."""
    return None


@DBOS.workflow()
def held():
    work(DBOS.workflow_id)


@DBOS.workflow()
def sleep_first(millis):
    DBOS.sleep(millis / 1000)


@DBOS.workflow()
def sleep_after_step(millis):
    quick()
    DBOS.sleep(millis / 1000)


@DBOS.workflow()
def sleep_after_child(millis):
    DBOS.start_workflow(short).get_result()
    DBOS.sleep(millis / 1000)


@DBOS.workflow()
def sleep_after_patch(millis):
    DBOS.patch("tidy")
    DBOS.sleep(millis / 1000)


@DBOS.workflow()
def receive_first(millis):
    DBOS.recv(TOPIC, millis / 1000)


@DBOS.workflow()
def receive_after_step(millis):
    quick()
    DBOS.recv(TOPIC, millis / 1000)


@DBOS.workflow()
def event_first(millis):
    DBOS.get_event(f"{DBOS.workflow_id}-source", TOPIC, millis / 1000)


@DBOS.workflow()
def event_after_step(millis):
    quick()
    DBOS.get_event(f"{DBOS.workflow_id}-source", TOPIC, millis / 1000)


@DBOS.workflow()
def parent():
    with SetWorkflowID(f"{DBOS.workflow_id}-child"):
        child = DBOS.start_workflow(held)
    child.get_result()


@DBOS.workflow()
def retrying(millis):
    pace = {"interval_seconds": millis / 1000, "backoff_rate": 1.0, "max_attempts": 10}
    DBOS.run_step({"name": "fail", "retries_allowed": True, **pace}, fail)


@DBOS.workflow()
async def race(millis):
    sides = [
        asyncio.create_task(DBOS.sleep_async(millis / 1000)),
        asyncio.create_task(work_beside_a_sleep(DBOS.workflow_id)),
    ]
    _, pending = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    for side in pending:
        side.cancel()


@DBOS.dbos_class()
class Shelf(DBOSConfiguredInstance):
    def __init__(self, colour):
        super().__init__(config_name=colour)

    @DBOS.workflow()
    def instance_held(self):
        work(DBOS.workflow_id)

    @classmethod
    @DBOS.workflow()
    def class_held(cls):
        work(DBOS.workflow_id)


SHELVES = {colour: Shelf(colour) for colour in ("blue", "green")}

WORKFLOWS = {
    "short": short,
    "held": held,
    "sleepFirst": sleep_first,
    "sleepAfterStep": sleep_after_step,
    "sleepAfterChild": sleep_after_child,
    "sleepAfterPatch": sleep_after_patch,
    "receiveFirst": receive_first,
    "receiveAfterStep": receive_after_step,
    "eventFirst": event_first,
    "eventAfterStep": event_after_step,
    "parent": parent,
    "retrying": retrying,
    "race": race,
    "classHeld": Shelf.class_held,
}
