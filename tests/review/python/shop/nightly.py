import functools

from dbos import DBOS
from work import work


def logged(function):
    @functools.wraps(function)
    def with_log(*args):
        work(function.__name__)
        return function(*args)

    return with_log


def make_report(kind):
    durable = DBOS.workflow()

    @durable
    @logged
    def report():
        return DBOS.run_step({"name": "countOrders"}, work, kind)

    return report


report = make_report("daily")


@logged
@DBOS.workflow()
def clean_up(_at, _context):
    DBOS.run_step({"name": "sweep"}, work, "sweep")
    return report()
