import asyncio

import dbos
from dbos import DBOS as Durable
from work import work


@Durable.step(name="bookCourier")
async def book():
    return work("courier")


async def weigh():
    return work("weigh")


@Durable.workflow()
async def deliver(parcel):
    courier = await book()
    await Durable.send_async(Durable.workflow_id, "ready", "pickup")
    await Durable.recv_async("pickup", 5)
    if await Durable.patch_async("weigh-parcels"):
        await Durable.run_step_async({"name": "weighParcel"}, weigh)
    else:
        await Durable.run_step_async({"name": "guessWeight"}, weigh)
    await asyncio.gather(load(parcel), load(courier))
    return courier


@dbos.DBOS.step()
async def load(what):
    return work(what)
