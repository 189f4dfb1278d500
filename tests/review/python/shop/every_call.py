"""Calls everything that the SDK records, once."""

import asyncio
import functools
import sys

from dbos import DBOS, Debouncer, SendMessage, SQLAlchemyDatasource, StepOptions
from sqlalchemy import text
from work import work

queue = None
datasource = SQLAlchemyDatasource.create(sys.argv[1].replace("postgresql://", "postgresql+psycopg://"))


def connect():
    global queue
    queue = DBOS.register_queue("shop", polling_interval_sec=0.1)


@DBOS.step()
def step():
    return work("step")


@DBOS.step(name="named step")
def named_step():
    return work("named")


def plain(*_):
    return work("plain")


async def plain_async():
    return work("plain")


@DBOS.step()
async def async_step():
    return work("async")


@DBOS.workflow()
def child():
    return work("child")


@DBOS.workflow(name="named child")
def named_child():
    return work("child")


@DBOS.workflow()
async def async_child():
    return work("child")


@datasource.transaction
def transaction():
    return datasource.sql_session().execute(text("SELECT 1")).scalar()


@datasource.transaction(name="named transaction")
def named_transaction():
    return datasource.sql_session().execute(text("SELECT 1")).scalar()


def in_database():
    return datasource.sql_session().execute(text("SELECT 1")).scalar()


@DBOS.workflow()
def every_step():
    step()
    named_step()
    DBOS.run_step(None, plain)
    DBOS.run_step({}, step)
    DBOS.run_step({"name": ""}, named_step)
    DBOS.run_step(StepOptions(name="by options"), plain)
    options = {"name": "by variable"}
    DBOS.run_step(options, plain)
    DBOS.run_step({}, lambda: work("lambda"))

    def inside():
        return work("inside")

    DBOS.run_step({}, inside)

    @DBOS.step()
    def decorated():
        return work("decorated")

    decorated()
    imperative = DBOS.step(name="by call")(plain)
    imperative()
    transaction()
    named_transaction()
    datasource.run_tx_step(None, in_database)
    datasource.run_tx_step({"name": "named in database"}, in_database)
    partial = functools.partial(named_step)
    partial()
    list(map(work, [1]))


@DBOS.workflow()
def every_call():
    me = DBOS.workflow_id
    if DBOS.patch("new"):
        step()
    DBOS.deprecate_patch("old")
    DBOS.sleep(0.01)
    DBOS.sleep(0)
    DBOS.set_event("key", 1)
    DBOS.get_event(me, "key", 1)
    DBOS.get_all_events(me)
    DBOS.send(me, 1, "topic")
    DBOS.send_bulk([SendMessage(me, 1, "topic")])
    DBOS.recv("topic", 1)
    DBOS.write_stream("stream", 1)
    DBOS.close_stream("stream")
    DBOS.read_stream_offset(me, "stream", 0)
    for _ in DBOS.read_stream(me, "stream"):
        pass
    DBOS.get_workflow_status(me)
    DBOS.list_workflows(limit=1)
    DBOS.list_queued_workflows(limit=1)
    DBOS.list_workflow_steps(me)
    DBOS.create_schedule(schedule_name="yearly", workflow_fn=child, schedule="0 0 1 1 *")
    DBOS.list_schedules()
    DBOS.get_schedule("yearly")
    DBOS.pause_schedule("yearly")
    DBOS.resume_schedule("yearly")
    DBOS.delete_schedule("yearly")
    DBOS.update_workflow_attributes(me, {"shop": "north"})


@DBOS.workflow()
def every_child():
    child()
    handle = DBOS.start_workflow(named_child)
    handle.get_result()
    handle.get_status()
    DBOS.get_result(handle.workflow_id)
    first = DBOS.wait_first([DBOS.start_workflow(child)])
    first.get_result()
    DBOS.start_workflow(step).get_result()
    queue.enqueue(child).get_result()
    DBOS.enqueue_workflow("shop", child).get_result()
    DBOS.enqueue_workflow_with_options({"workflow_name": "named child", "queue_name": "shop"}).get_result()
    handles = [queue.enqueue(child) for _ in range(2)]
    for one in handles:
        one.get_result()
    Debouncer.create(child).debounce("key", 0.01)
    DBOS.retrieve_workflow(handle.workflow_id)
    DBOS.retrieve_workflow(handle.workflow_id, False)
    DBOS.cancel_workflow(handle.workflow_id)
    DBOS.resume_workflows([handle.workflow_id])
    DBOS.fork_workflow(handle.workflow_id, 1)
    DBOS.rewind_workflow(handle.workflow_id)
    DBOS.delete_workflow("nobody")


@DBOS.workflow()
async def every_async_call():
    me = DBOS.workflow_id
    await async_step()
    await DBOS.run_step_async({"name": "by options"}, plain_async)
    new = await DBOS.patch_async("new")
    if new:
        await async_step()
    await DBOS.deprecate_patch_async("old")
    await DBOS.sleep_async(0.01)
    await DBOS.set_event_async("key", 1)
    await DBOS.get_event_async(me, "key", 1)
    await DBOS.send_async(me, 1, "topic")
    await DBOS.recv_async("topic", 1)
    await async_child()
    handle = await DBOS.start_workflow_async(async_child)
    await handle.get_result()
    await (await queue.enqueue_async(async_child)).get_result()
    await asyncio.gather(async_step(), DBOS.run_step_async({"name": "gathered"}, plain_async))
    await DBOS.asyncio_wait([async_step()])
    await asyncio.to_thread(named_step)
    task = asyncio.create_task(async_step())
    await task
    await together()


async def twice():
    await DBOS.run_step_async({"name": "first of two"}, plain_async)
    await DBOS.run_step_async({"name": "second of two"}, plain_async)


async def together():
    """A coroutine runs when it is awaited, and a task when the workflow waits."""
    coroutine = async_step()
    await DBOS.run_step_async({"name": "before the coroutine"}, plain_async)
    await coroutine
    task = asyncio.create_task(twice())
    await DBOS.run_step_async({"name": "before the task"}, plain_async)
    await task
    await asyncio.gather(twice(), DBOS.sleep_async(0.01), async_child())
    one = DBOS.run_step_async({"name": "last of two"}, plain_async)
    other = DBOS.recv_async("nothing", 0.01)
    await asyncio.gather(other, one)
    child = DBOS.start_workflow_async(async_child)
    await DBOS.run_step_async({"name": "before the child"}, plain_async)
    handle = await child
    await handle.get_result()
    is_new = False
    is_new = await DBOS.patch_async("newer")
    if is_new:
        await DBOS.run_step_async({"name": "behind a variable"}, plain_async)
