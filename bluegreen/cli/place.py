"""The rollouts that a state directory keeps, and the way to each: to look, to ask, to drive."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from difflib import get_close_matches
from pathlib import Path

from attrs import evolve, frozen

from bluegreen import hooks, metrics
from bluegreen.backends import local
from bluegreen.cli.guard import Common, NoSuchRollout
from bluegreen.errors import PermanentBackendError
from bluegreen.ports import Backend, Secrets, Stored
from bluegreen.spec import Rollout, SecretKeyRef


@frozen
class Kept:
    """One rollout of the local backend, by where it is kept, and where the secrets are that it needs."""

    place: local.Place
    secrets: Path | None = None

    @property
    def name(self) -> str:
        """The rollout's name, as commands take it: with its namespace unless that is `default`."""
        return self.place.name if self.place.namespace == "default" else f"{self.place.namespace}/{self.place.name}"

    def driver(self) -> int | None:
        """The process that drives it now."""
        return local.DriverLock(self.place).holder()

    async def stored(self) -> Stored:
        """Its record and its declaration. Raises `RecordError` when they cannot be read."""
        records = local.LocalRecords(self.place)
        try:
            return await records.load()
        finally:
            records.close()

    async def declared(self) -> Rollout:
        """Its declaration. Raises `NoSuchRollout` when none is kept."""
        if (rollout := (await self.stored()).rollout) is None:
            raise NoSuchRollout(f"nothing is declared of {self.name} yet: begin with bluegreen run -f FILE")
        return rollout

    async def must_have_secrets(self, rollout: Rollout) -> None:
        """Raises `PermanentBackendError` when a secret that the rollout needs cannot be read, before a release finds
        out. Whoever drives already has secrets of their own."""
        if self.driver() is not None:
            return
        strategy = rollout.strategy
        for analysis in (strategy.pre_promotion_analysis, strategy.post_promotion_analysis):
            await must_read((arg.secret for arg in analysis.args) if analysis else (), self.secrets, rollout.name)
        for hook in rollout.policy.hooks:
            await must_read(hook.secrets.values(), self.secrets, rollout.name)

    def looking(self, rollout: Rollout) -> AbstractAsyncContextManager[Backend]:
        """The backend, for commands and looks; whoever drives goes on driving."""
        return local.connect(rollout, state_dir=self.place.state_dir, drive=False)

    @asynccontextmanager
    async def driving(self, rollout: Rollout) -> AsyncGenerator[Backend]:
        """The backend, with all that measures and runs hooks, for the one driver. Raises `DriverBusy` when there is
        another."""
        async with (
            local.connect(rollout, state_dir=self.place.state_dir, drive=True) as backend,
            metrics.connect(rollout, backend.workloads) as providers,
            hooks.connect(self.place.folder / local.HOOKS) as steps,
        ):
            yield evolve(backend, metrics=providers, hooks=steps, secrets=secrets_in(self.secrets))


def secrets_in(directory: Path | None) -> Secrets | None:
    """What reads the secrets of this directory; None where none is named."""
    return local.DirectorySecrets(directory) if directory else None


async def must_read(wanted: Iterable[SecretKeyRef | None], directory: Path | None, who: str) -> None:
    """Raises `PermanentBackendError` when one of these secrets cannot be read, or there is no directory for them."""
    for ref in filter(None, wanted):
        if (secrets := secrets_in(directory)) is None:
            message = f"{who} needs the secret {ref.name}/{ref.key}, and there is nowhere to read it"
            raise PermanentBackendError(message, remedy="name a directory with --secrets")
        await secrets.read(ref.name, ref.key)


def state_dir_of(common: Common) -> Path:
    """The state directory that the options name."""
    return local.place(common.state_dir, "any").state_dir


def kept_of(common: Common, rollout: Rollout) -> Kept:
    """Where this rollout is kept, or will be."""
    return Kept(local.place(common.state_dir, rollout.name, rollout.namespace), common.secrets)


def all_kept(common: Common) -> list[Kept]:
    """Every rollout of the state directory, by name."""
    return [Kept(place, common.secrets) for place in local.list_rollouts(common.state_dir)]


def find(common: Common, name: str | None) -> Kept:
    """The rollout of this name (`NAME`, or `NAMESPACE/NAME`); with no name the only one there is.

    Raises `NoSuchRollout`, which says what there is.
    """
    known = all_kept(common)
    where = state_dir_of(common)
    if not known:
        raise NoSuchRollout(f"no rollout is kept in {where}: begin with bluegreen run -f FILE, or name --state-dir")
    names = ", ".join(one.name for one in known)
    if name is None:
        if len(known) > 1:
            raise NoSuchRollout(f"several rollouts are kept in {where}, so name one of them: {names}")
        return known[0]
    found = [one for one in known if name in (one.name, one.place.name, f"{one.place.namespace}/{one.place.name}")]
    exact = [one for one in found if name == one.name]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0]
    if found:
        raise NoSuchRollout(f"several rollouts are named {name}, so say which: {', '.join(one.name for one in found)}")
    near = get_close_matches(name, [one.name for one in known], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {names}"
    raise NoSuchRollout(f"no rollout named {name} is kept in {where}; {hint}")
