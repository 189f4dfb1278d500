from dbos import DBOS
from payments import charge_card, refund_payment
from work import work

NOTICE = "notifyShop"


@DBOS.step()
def reserve_stock(order):
    work("reserve")
    return f"reserved {order['id']}"


@DBOS.step(name="packBox")
def pack(order):
    return work(f"packed {order['id']}")


@DBOS.step()
def release_stock(reservation):
    work(reservation)


@DBOS.workflow()
def check_out(order):
    """Takes an order."""
    reservation = reserve_stock(order)
    is_paid = charge_card(order["cents"])
    if not is_paid:
        release_stock(reservation)
        return "unpaid"
    DBOS.sleep(0.02)
    pack(order)
    DBOS.run_step({"name": NOTICE}, lambda: work(NOTICE))
    DBOS.set_event("state", "packed")
    return reservation


@DBOS.workflow(name="cancelOrder")
def cancel(order):
    release_stock(order["id"])
    refund = DBOS.start_workflow(refund_payment, order["cents"])
    tell(order)
    refund.get_result()


def tell(order):
    """Not a step: what it calls is recorded."""
    DBOS.run_step({"name": "tellCustomer"}, lambda: work(f"tell {order['id']}"))
    DBOS.send(DBOS.workflow_id, "cancelled", "news")
