"""A small server, an honest provider that asks it, and the ways in which a provider can be bad."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

SECRET = "t0p-s3cr3t"
LIMIT_S = 3.0


@asynccontextmanager
async def served(handler: Any) -> AsyncGenerator[str]:
    """The base URL of a server on this machine that answers every request by this handler."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def forecast(request: web.Request) -> web.StreamResponse:
    """`/7` is answered 7, a little later the smaller it is; the rest of the paths are each a misfortune."""
    place = request.path.strip("/")
    if place == "refused":
        return web.Response(status=401, text=f"no such token: {request.headers.get('Authorization')}")
    if place == "busy":
        return web.Response(status=503)
    if place == "hung":
        await asyncio.sleep(30)
    if place == "nowhere":
        return web.json_response([])
    if place == "garbage":
        return web.Response(text="<html>")
    number = int(place)
    await asyncio.sleep(0.02 - number / 5000)
    return web.json_response([number])


class Weather:
    """Asks the server for one place, and keeps every rule."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session: ClientSession | None = None

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """See `MetricProvider`."""
        if problems := self.check(query):
            raise PermanentBackendError(f"the query is not right: {problems[0]}", remedy="correct it")
        self.session = self.session or ClientSession(timeout=ClientTimeout(total=LIMIT_S))
        found = await self.ask(self.session, query)
        return Reading(found[0], {"place": query["place"]}) if found else NoData([])

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """What the server answers."""
        headers = {"Authorization": f"Bearer {query['token']}"}
        try:
            async with session.get(f"{self.base}/{query['place']}", headers=headers) as reply:
                if reply.status == 401:
                    raise PermanentBackendError("the weather station answered 401", remedy="check the token")
                if reply.status != 200:
                    raise BackendError(f"the weather station answered {reply.status}")
                answer: list[JSON] = await reply.json()
                return answer
        except (ClientError, TimeoutError) as error:
            raise BackendError(f"the weather station cannot be asked: {type(error).__name__}") from None

    async def close(self) -> None:
        """Closes the connections."""
        if self.session is not None:
            await self.session.close()
            self.session = None

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query."""
        wrong = [
            key for key in ("place", "token") if not isinstance(query.get(key), str) or not query[key].isprintable()
        ]
        return [Problem((key,), "a text is needed here") for key in wrong]


class Unkeepable(Weather):
    """Answers a set."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        answer = await super().measure(query)
        return {answer.result} if isinstance(answer, Reading) else answer


class Zero(Weather):
    """Makes zero of nothing."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        answer = await super().measure(query)
        return 0 if isinstance(answer, NoData) else answer


class Failing(Weather):
    """Makes an error of nothing."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        answer = await super().measure(query)
        if isinstance(answer, NoData):
            raise BackendError("there is no such place")
        return answer


class Once(Weather):
    """Has an answer the first time alone."""

    asked = False

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        answer = await super().measure(query)
        answer, self.asked = (NoData() if self.asked else answer), True
        return answer


class Meddling(Weather):
    """Changes the query."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        answer = await super().measure(query)
        query.pop("token")  # type: ignore[attr-defined]
        return answer


class Mixing(Weather):
    """Keeps what it is asked in itself."""

    place = ""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        self.place = query["place"]
        await asyncio.sleep(0)
        return await super().ask(session, {**query, "place": self.place})


class Spoilt(Weather):
    """Marks itself busy, and never again free when it is cancelled."""

    busy = False

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        if self.busy:
            return NoData()
        self.busy = True
        answer = await super().measure(query)
        self.busy = False
        return answer


class Detached(Weather):
    """Works in a task that nobody waits for."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""

        async def lasting() -> JSON | NoData | Reading:
            answer = await super(Detached, self).measure(query)
            await asyncio.sleep(0.1)
            await asyncio.sleep(60 if asyncio.current_task() in lost else 0)
            return answer

        lost: set[object] = set()
        task = asyncio.create_task(lasting())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            lost.add(task)
            raise


class Leaking(Weather):
    """Opens connections of its own, and closes them when nothing comes in between."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        host, _, port = self.base.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        kept.append(writer)
        answer = await super().measure(query)
        writer.close()
        await writer.wait_closed()
        return answer


kept: list[asyncio.StreamWriter] = []


class Stubborn(Weather):
    """Does not let itself be cancelled."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        try:
            return await super().measure(query)
        except asyncio.CancelledError:
            return 0


class Unclosed(Weather):
    """Forgets its connections."""

    async def close(self) -> None:
        """Wrong."""
        if self.session is not None:
            forgotten.append(self.session)
        self.session = None


forgotten: list[ClientSession] = []


class Raw(Weather):
    """Lets its library's errors through."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        async with session.get(f"{self.base}/{query['place']}") as reply:
            reply.raise_for_status()
            answer: list[JSON] = await reply.json()
            return answer


class Terse(Weather):
    """Says nothing."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        try:
            return await super().ask(session, query)
        except BackendError:
            raise BackendError("401") from None


class Telling(Weather):
    """Tells the secret in its error."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        try:
            return await super().ask(session, query)
        except BackendError as error:
            raise PermanentBackendError(f"{error}: was {query['token']} right?", remedy="check it") from None


class TellingWhy(Weather):
    """Tells the secret in what caused its error."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        try:
            return await super().ask(session, query)
        except BackendError as error:
            raise error from ValueError(query["token"])


class Hopeful(Weather):
    """Says of everything that another try may help."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        try:
            return await super().ask(session, query)
        except PermanentBackendError as error:
            raise BackendError(str(error)) from None


class Final(Weather):
    """Says of everything that only a person can help."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        try:
            return await super().ask(session, query)
        except BackendError as error:
            raise PermanentBackendError(str(error), remedy="look at the station") from None


class Chatty(Weather):
    """Tells the secret in the log."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        logging.getLogger("weather").warning("asking with %s", query["token"])
        return await super().ask(session, query)


class Patient(Weather):
    """Waits for its server for as long as that takes."""

    async def ask(self, session: ClientSession, query: Mapping[str, JSON]) -> list[JSON]:
        """Wrong."""
        async with ClientSession(timeout=ClientTimeout(total=20)) as patient:
            return await super().ask(patient, query)


class Trusting(Weather):
    """Measures what its own check refuses."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Wrong."""
        try:
            return await super().measure(query)
        except PermanentBackendError:
            return 1


class Raising(Weather):
    """Checks by falling over."""

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """Wrong."""
        return [] if query["place"].isprintable() and query["token"].isprintable() else [Problem((), "no")]


class Strict(Weather):
    """Refuses arguments that are not known yet."""

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """Wrong."""
        if "{{" in str(query.get("place")):
            return [Problem(("place",), "there is no such place")]
        return Weather.check(query)


BAD: dict[type[Weather], str] = {
    Unkeepable: "its answers can be kept",
    Zero: "nothing to see is NoData, neither zero nor an error",
    Failing: "nothing to see is NoData, neither zero nor an error",
    Once: "asking the same twice is harmless",
    Meddling: "asking the same twice is harmless",
    Mixing: "fifty measurements at once do not mix their answers",
    Spoilt: "cancelled at any await it stays usable and leaks nothing",
    Detached: "cancelled at any await it stays usable and leaks nothing",
    Leaking: "cancelled at any await it stays usable and leaks nothing",
    Stubborn: "cancelled at any await it stays usable and leaks nothing",
    Unclosed: "closed, it leaves nothing behind",
    Raw: "errors are BackendErrors in words, in time, without the secret",
    Terse: "errors are BackendErrors in words, in time, without the secret",
    Telling: "errors are BackendErrors in words, in time, without the secret",
    TellingWhy: "errors are BackendErrors in words, in time, without the secret",
    Chatty: "errors are BackendErrors in words, in time, without the secret",
    Patient: "errors are BackendErrors in words, in time, without the secret",
    Trusting: "errors are BackendErrors in words, in time, without the secret",
    Hopeful: "an error says whether another try may help",
    Final: "an error says whether another try may help",
    Raising: "check never raises, and lets placeholders be",
    Strict: "check never raises, and lets placeholders be",
}
"""Each bad provider, and the rule that has to find it out."""
