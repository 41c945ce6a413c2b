"""The article's manifests, on real processes behind a real proxy, measured by a real Prometheus."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from attrs import evolve, frozen

from bluegreen import Degraded, Engine, Healthy, Paused, Rollout, hooks, metrics
from bluegreen.backends import local
from bluegreen.manifests import load_path
from bluegreen.record import PauseReason, Record
from bluegreen.runs import AnalysisPhase
from examples.article.discovery import discover
from examples.article.mirror import main as mirror
from tests.local.support import free_port
from tests.metrics.servers.running import Server, needed
from tests.support.load import Load, load

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "article"
IMAGE = "my-org/my-app:v2.{}.0"
PATIENCE_S = 60.0
APP = "examples.article.app"
FASTER = (
    ("interval: 30s", "interval: 1500ms"),
    ("[2m]", "[6s]"),
    ("initialDelay: 60s", "initialDelay: 4s"),
    ("duration: 4m", "duration: 12s"),
    ("initialDelaySeconds: 5", "initialDelaySeconds: 0"),
    ("periodSeconds: 5", "periodSeconds: 1"),
    ("scaleDownDelaySeconds: 600", "scaleDownDelaySeconds: 20"),
    ("result.p99 <= 200", "result.p99 <= 5000"),  # the machine has other things to do
)
"""Half a minute of the article's takes 1.5 s here; nothing else of it is changed but where things listen."""


@frozen
class Place:
    """Where the example runs: a folder, and a port for each thing that listens."""

    folder: Path
    active: str
    preview: str
    prometheus: str

    def rollout(self, which: str, image: str) -> Rollout:
        """The example's rollout, `as-written` or `with-load`, with this image."""
        folder = self.folder / which
        folder.mkdir(exist_ok=True)
        for file in (EXAMPLE / which).glob("*.yaml"):
            text = file.read_text()
            for old, new in (
                *FASTER,
                ("127.0.0.1:8080", self.active),
                ("127.0.0.1:8081", self.preview),
                ("127.0.0.1:9090", self.prometheus),
                ("[python3, -m, examples.article.app]", f"[env, WEARS_OUT_AFTER=100, {sys.executable}, -m, {APP}]"),
                ("python3", sys.executable),
                ("my-app.db", str(self.folder / "my-app.db")),
            ):
                text = text.replace(old, new)
            (folder / file.name).write_text(text)
        return load_path(folder).with_image(image)


@asynccontextmanager
async def place(tmp_path: Path) -> AsyncGenerator[Place]:
    """Free ports, and a Prometheus that finds its targets in a file."""
    targets = tmp_path / "targets.json"
    targets.write_text("[]")
    config = (EXAMPLE / "prometheus.yml").read_text().replace("5s", "500ms").replace("targets.json", str(targets))
    (tmp_path / "prometheus.yml").write_text(config)
    active, preview, port = (f"127.0.0.1:{free_port()}" for _ in range(3))
    command = [
        needed("prometheus", "prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={port}",
        "--log.level=warn",
    ]
    async with Server(command, f"http://{port}/-/ready", tmp_path):
        yield Place(tmp_path, active, preview, port)


@asynccontextmanager
async def driven(where: Place, rollout: Rollout) -> AsyncGenerator[Engine]:
    """The rollout, driven, measured, and found by Prometheus."""
    try:
        async with (
            local.connect(rollout, state_dir=where.folder / "state") as backend,
            metrics.connect(rollout, backend.workloads) as providers,
            hooks.connect(where.folder / "hooks") as steps,
            Engine(rollout, evolve(backend, metrics=providers, hooks=steps)) as engine,
        ):
            finding = asyncio.create_task(discover(rollout, where.folder / "state", where.folder / "targets.json"))
            try:
                yield engine
            finally:
                finding.cancel()
                with suppress(asyncio.CancelledError):
                    await finding
    finally:
        await local.delete(where.folder / "state", rollout.name, rollout.namespace)


async def recorded(engine: Engine) -> Record:
    """What is remembered now."""
    stored = await engine.backend.records.load()
    assert stored.record is not None
    return stored.record


async def held(engine: Engine, reason: PauseReason) -> Paused:
    """Waits until it is paused for this reason."""
    for _ in range(int(PATIENCE_S / 0.2)):
        phase = (await recorded(engine)).phase
        if isinstance(phase, Paused) and phase.reason is reason:
            return phase
        assert not isinstance(phase, Degraded), phase.message
        await asyncio.sleep(0.2)
    raise AssertionError(f"not held for {reason}: {await recorded(engine)}")


async def fell(engine: Engine) -> Degraded:
    """Waits until it is Degraded."""
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(phase := (await recorded(engine)).phase, Degraded):
            await asyncio.sleep(0.2)
    return phase


def migrations(record: Record) -> list[str]:
    """What the present attempt's migration said."""
    gates = [memory.why for memory in record.gates if memory.gate == "beforePreview/migrate"]
    return [found[0] for why in gates if (found := re.search(r"[0-9] steps", why))]


def answered(customers: Load, image: str) -> int:
    """How many customers had a good answer of this image."""
    return customers.bodies[f"{image}\n"] + customers.bodies[image]


async def test_good_builds_are_promoted_and_bad_ones_are_stopped_or_taken_back(tmp_path: Path) -> None:
    """No traffic on the preview, then load; a build with errors; a build that breaks under its customers."""
    first, good, faulty, fragile = (IMAGE.format(number) for number in (1, 2, 3, 4))
    async with place(tmp_path) as where, driven(where, where.rollout("as-written", first)) as engine:
        await engine.wait_for(Healthy, PATIENCE_S)
        async with load(f"http://{where.active}/checkout", per_s=240) as customers:
            await asyncio.sleep(3)

            # A preview without traffic: nothing to measure is no reason to go on, and none to give up.
            await engine.apply(where.rollout("as-written", good))
            paused = await held(engine, PauseReason.INCONCLUSIVE)
            assert "no data" in paused.message
            assert answered(customers, good) == 0

            # With load there is something to measure, before and after.
            revision = await engine.apply(where.rollout("with-load", good))
            await held(engine, PauseReason.PERSON)
            await engine.promote(revision, by="ann")
            await engine.wait_for(Healthy, PATIENCE_S)
            runs = [memory.run for memory in (await recorded(engine)).gates if memory.run]
            assert [run.phase for run in runs] == [AnalysisPhase.SUCCESSFUL] * 2
            assert answered(customers, good) > 0
            assert migrations(await recorded(engine)) == ["2 steps"]

            # One request in 25 fails: it never gets a customer.
            await engine.apply(where.rollout("with-load", faulty))
            degraded = await fell(engine)
            assert migrations(await recorded(engine)) == ["0 steps"], "it was made, and finds so"
            assert re.search(r"success-rate: 0\.9\d+ < 0\.99 \(.*result\[0\] >= 0\.99\), 2nd failure", degraded.message)
            assert answered(customers, faulty) == 0
            assert customers.failed == []

            # It stands the load, and not its customers' checkouts: they get the build before it back.
            revision = await engine.apply(where.rollout("with-load", fragile))
            await held(engine, PauseReason.PERSON)
            await engine.promote(revision, by="ann")
            degraded = await fell(engine)
            assert "gate postPromotionAnalysis said no: success-rate" in degraded.message
            await asyncio.sleep(1)
            before = len(customers.answers)
            await asyncio.sleep(1)
            assert {one.body.strip() for one in customers.answers[before:]} == {good}
            assert answered(customers, fragile) > 0
            assert {one.status for one in customers.failed} == {500}, "its own errors, and no other"


async def test_with_mirrored_traffic_the_preview_is_measured_as_it_is_written(tmp_path: Path) -> None:
    first, good = IMAGE.format(1), IMAGE.format(2)
    async with place(tmp_path) as where, driven(where, where.rollout("as-written", first)) as engine:
        await engine.wait_for(Healthy, PATIENCE_S)
        ingress = f"127.0.0.1:{free_port()}"
        mirroring = asyncio.create_task(mirror(ingress, where.active, where.preview))
        try:
            async with gets(f"http://{ingress}/"):
                await asyncio.sleep(3)
                revision = await engine.apply(where.rollout("as-written", good))
                await held(engine, PauseReason.PERSON)
                await engine.promote(revision, by="ann")
                await engine.wait_for(Healthy, PATIENCE_S)
        finally:
            mirroring.cancel()
            with suppress(asyncio.CancelledError):
                await mirroring


@asynccontextmanager
async def gets(url: str) -> AsyncGenerator[None]:
    """A hundred GETs a second, for as long as the block lasts."""
    from aiohttp import ClientError, ClientSession

    async def ask(session: ClientSession) -> None:
        while True:
            with suppress(ClientError):
                async with session.get(url) as answer:
                    await answer.read()
            await asyncio.sleep(0.05)

    async with ClientSession() as session:
        asking = [asyncio.create_task(ask(session)) for _ in range(5)]
        try:
            yield
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
