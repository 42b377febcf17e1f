import time, statistics
from tests.projections.test_projector import *
async def test_t(views):
    for n in range(400): await views.house.signed(f"convention-{n}")
    head = await views.feed.head()
    t=time.perf_counter(); await views.projector.catch_up(); print("catch up", head, head/(time.perf_counter()-t), "events/s")
    t=time.perf_counter(); await views.projector.rebuild(); print("rebuild", head/(time.perf_counter()-t), "events/s")
