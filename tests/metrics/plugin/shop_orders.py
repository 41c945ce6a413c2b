"""A third party's metric provider: this class, and the line of packaging beside it."""

from collections.abc import Mapping, Sequence

from bluegreen.errors import BackendError, Problem
from bluegreen.metrics import Context
from bluegreen.ports import NoData
from bluegreen.spec import JSON


class Orders:
    """How many orders a town has made; the towns are in a table of this file, and no town is London."""

    SUCCESS_CONDITION = "result > 0"

    def __init__(self, context: Context) -> None:
        self.rollout = context.rollout
        self.closed = False

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """The number of orders."""
        if self.check(query):
            raise BackendError("a town is needed to count orders")
        towns = {f"town-{number}": number for number in range(50)} | {"bern": 42}
        return towns.get(query["town"], NoData())

    async def close(self) -> None:
        """Nothing is kept open."""
        self.closed = True

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """A town has to be named."""
        return [] if isinstance(query.get("town"), str) else [Problem(("town",), "a town is needed")]
