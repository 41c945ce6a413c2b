"""What the world does in a script, and whoever else interferes with it."""

from __future__ import annotations

import json

from bluegreen.backends.memory import NEVER
from bluegreen.ports import Stored
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown, Slot
from bluegreen.spec import RevisionId
from bluegreen.testing.scripts.declaring import unknown
from bluegreen.testing.scripts.holding import call_named
from bluegreen.testing.scripts.player import Player
from bluegreen.testing.simulator.series import Silence

# Metrics and hooks.


async def metric(player: Player, metric: str, rest: str) -> None:
    """A metric says this from now on: JSON, or else text."""
    try:
        value = json.loads(rest)
    except ValueError:
        value = rest
    player.says.says(metric, value)


async def silence(player: Player, metric: str, what: str) -> None:
    """A metric says nothing from now on, in one of four ways."""
    player.says.says(metric, Silence(what))


async def hook(player: Player, hook: str, becomes: str) -> None:
    """What becomes of a hook that starts from now on."""
    player.says.hooks[hook] = becomes


# Pods.


async def pods_fail(player: Player, build: str, count: int | None = None, duration: float = NEVER) -> None:
    """Some pods of a build, or all, stop being ready, for a while or until the faults end."""
    pods, words = player.pods(build), f"fails pods of {build}"
    player.stage.outsider(words, lambda: player.world.fail(pods.id, count, for_s=duration))


async def never_ready(player: Player, build: str) -> None:
    """No pod of this build gets ready, now or later."""
    await start_up(player, build, NEVER)


async def start_up(player: Player, build: str, duration: float) -> None:
    """Pods of this build take so long to be ready from now on."""
    revision = player.revision(build)
    player.world.set_ready_after(revision, duration)
    if there := player.world.revisions.get(revision):
        there.ready_after_s = duration


async def pods_die(player: Player, build: str, duration: float) -> None:
    """Pods of this build that are started from now on stop being ready so long after they were, for good."""
    player.world.set_dies_after(player.revision(build), duration)


async def pods_ready(player: Player, build: str, count: int | None = None) -> None:
    """Some pods of a build, or all, are ready now."""
    pods, now_s = player.pods(build), player.world.time()
    waiting = [one for one in pods.replicas if not one.ready(now_s)]
    for one in waiting[:count]:
        one.ready_at = now_s
    player.world.touch("workloads")


# Layers, and what cannot be reached.


def part_named(player: Player, part: str) -> str:
    """A part of the world, by the name that its calls have. Raises `ValueError` for one that is not there."""
    layers = list(player.world.layers)
    if part in layers:
        return f"layer {part}"
    if part in ("workloads", "records"):
        return part
    raise ValueError(unknown("part of the world", part, [*layers, "workloads", "records"]))


async def hide(player: Player, part: str) -> None:
    """Nobody can reach a part of the world."""
    what = part_named(player, part)
    player.stage.outsider(f"hides {part}", lambda: player.world.blind(what))


async def show(player: Player, part: str) -> None:
    """Everybody can reach it again."""
    what = part_named(player, part)
    player.stage.outsider(f"shows {part}", lambda: player.world.see(what))


async def refuse(player: Player, call: str, about: str, count: int = 1) -> None:
    """The next so many calls are refused."""
    name = call_named(f"{call} {about}".strip())
    if name.startswith("layer"):
        part_named(player, name.split()[1])
    player.world.refuse(name, count)


async def slow(player: Player, layer: str, duration: float) -> None:
    """The layer's data plane takes so long to follow a write from now on."""
    player.world.layers[layer].converge_after_s = duration


async def never_follows(player: Player, layer: str) -> None:
    """The layer's data plane follows no write from now on."""
    player.world.layers[layer].converge_after_s = NEVER


async def follows(player: Player, layer: str) -> None:
    """The layer's data plane has followed what was written, and follows at once from now on."""
    player.world.layers[layer].converge_after_s = 0.0
    player.world.layers[layer].converged_at = player.world.time()
    player.world.touch(layer)


async def in_flight(player: Player, layer: str, duration: float) -> None:
    """Requests are under way for so long after the layer moved."""
    player.world.layers[layer].drains_after_s = duration


async def unprobed(player: Player, layer: str) -> None:
    """No probe sees whether the layer's data plane has followed."""
    player.world.layers[layer].probed = False


async def unprepared(player: Player, layer: str) -> None:
    """The layer reaches every revision by its name, and is asked for nothing before it is pointed at one."""
    player.world.layers[layer].needs_preparing = False
    player.world.touch(layer)


# Somebody else.


def _shown(player: Player, at: str) -> Shown:
    match at:
        case "nothing":
            return NOTHING
        case "everything":
            return EVERYTHING
        case "a stranger":
            return Foreign("a stranger")
        case _:
            return RevisionId(player.pods(at).id)


async def point(player: Player, layer: str, at: str) -> None:
    """Somebody else points live traffic of a layer elsewhere."""
    shown = _shown(player, at)
    player.stage.outsider(f"points {layer} at {at}", lambda: player.world.point_elsewhere(layer, shown))


async def point_preview(player: Player, layer: str, at: str) -> None:
    """Somebody else points a layer's preview elsewhere."""
    shown, slot = _shown(player, at), Slot.PREVIEW
    words = f"points the preview of {layer} at {at}"
    player.stage.outsider(words, lambda: player.world.point_elsewhere(layer, shown, slot=slot))


async def scale(player: Player, build: str, count: int) -> None:
    """Somebody else scales a build."""
    pods = player.pods(build)
    player.stage.outsider(f"scales {build} to {count}", lambda: player.world.scale_elsewhere(pods.id, count))


async def delete(player: Player, build: str) -> None:
    """Somebody else deletes a build's pods, and what made them."""
    pods = player.pods(build)
    player.stage.outsider(f"deletes {build}", lambda: player.world.delete_elsewhere(pods.id))


async def forget_everything(player: Player) -> None:
    """Somebody else deletes the record; what is declared stays."""
    world = player.world

    def lost() -> None:
        world.stored = Stored(world.token(), None, world.stored.rollout)
        world.touch("records")

    player.stage.outsider("deletes the record", lost)
