from dbos import DBOS
from work import work


@DBOS.step()
def charge_card(cents):
    work("charge")
    return cents > 0


def send_money(cents):
    return work(cents)


def refund(cents):
    DBOS.run_step(None, send_money, cents)
    DBOS.run_step({"name": "bookRefund"}, lambda: work("book"))
    return cents


# Not by a decorator, so that tests can call the function itself.
refund_payment = DBOS.workflow(name="refund_payment")(refund)


def settle(days):
    for day in days:
        DBOS.run_step({"name": "settleDay"}, work, day)
    return child_of_settle(len(days))


@DBOS.workflow()
def child_of_settle(count):
    return count


settle_payments = DBOS.workflow()(settle)
