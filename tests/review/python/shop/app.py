"""
Starts workflows by their names, and ends when they have: `app.py URL VERSION NAME…`. Their ids are their names. Without a
name it recovers what is in flight, and ends on a signal.
"""

import os
import signal
import sys

import delivery
import every_call
import nightly
import orders
import payments
import register
import returns
import stock
from dbos import DBOS, SetWorkflowID

ORDER = {"id": "o-1", "cents": 100}
STARTS = {
    "check_out": (orders.check_out, ORDER),
    "check_out_unpaid": (orders.check_out, {**ORDER, "cents": 0}),
    "cancelOrder": (orders.cancel, ORDER),
    "refund_payment": (payments.refund_payment, 100),
    "settle": (payments.settle_payments, ["mon", "tue"]),
    "refill": (stock.stock.refill,),
    "deliver": (delivery.deliver, "d-1"),
    "accept": (returns.Returns.accept, "r-1"),
    "send_receipt": (register.receipts, "a@example.com"),
    "remind": (register.reminders, "a@example.com"),
    "clean_up": (nightly.clean_up, None, None),
    "every_step": (every_call.every_step,),
    "every_call": (every_call.every_call,),
    "every_child": (every_call.every_child,),
    "every_async_call": (every_call.every_async_call,),
}

_, url, version, *names = sys.argv
DBOS(
    config={
        "name": "shop",
        "system_database_url": url,
        "application_version": version,
        "run_admin_server": False,
        "log_level": os.environ.get("SHOP_LOG", "error").upper(),
    }
)
DBOS.launch()
every_call.connect()


def start(name):
    function, *arguments = STARTS[name]
    with SetWorkflowID(name):
        return DBOS.start_workflow(function, *arguments)


for handle in [start(name) for name in names]:
    handle.get_result()
if not names:
    signal.sigwait([signal.SIGINT, signal.SIGTERM])
# Threads that wait for work would hold the process.
os._exit(0)
