from dbos import DBOS, DBOSConfiguredInstance
from work import work


class Counting:
    def count_twice(self):
        return self.count() + self.count()


@DBOS.dbos_class("Warehouse")
class Stock(DBOSConfiguredInstance, Counting):
    def __init__(self, place):
        self.place = place
        super().__init__(config_name=place)

    @DBOS.step()
    def count(self):
        work(self.place)
        return 1

    @DBOS.step(name="orderGoods")
    def order_goods(self, missing):
        return work(missing)

    @DBOS.workflow()
    def refill(self):
        missing = self.count_twice()
        for _ in range(2):
            self.order_goods(missing)
        return self.check()

    @DBOS.workflow(name="check")
    def check(self):
        return DBOS.run_step({"name": "inspect"}, work, self.place)


stock = Stock("north")
