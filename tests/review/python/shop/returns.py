from dbos import DBOS
from work import work


@DBOS.dbos_class()
class Returns:
    @staticmethod
    @DBOS.step()
    def inspect_goods(parcel):
        return work(parcel)

    @staticmethod
    @DBOS.workflow()
    def accept(parcel):
        Returns.inspect_goods(parcel)
        return Returns.pay_back(parcel)

    @classmethod
    @DBOS.workflow()
    def pay_back(cls, parcel):
        cls.inspect_goods(parcel)
        DBOS.deprecate_patch("pay-in-cash")
        return DBOS.run_step({"name": "payBack"}, work, parcel)
