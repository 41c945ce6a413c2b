"""What a simulated world is like: its builds, its layers, its people. Data, which Hypothesis draws and shrinks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from bluegreen.backends.memory import NEVER, revision_of
from bluegreen.spec import JSON, RevisionId, Rollout
from bluegreen.testing.simulator.series import Series, steady
from bluegreen.testing.simulator.witness import Witness

BUILD_LABEL: Final = "bluegreen.dev/build"
"""Where a build's name goes in a pod template that has no container."""


@frozen
class Build:
    """One build of the service, and how its replicas behave.

    A replica is ready after `ready_after_s` seconds (`NEVER`: it will not be), and stops being ready `dies_after_s`
    seconds later, for good. `metrics` is what measurements say, from when the first replica was available on; once it
    has live traffic, `live_metrics` is, from then on (None: nothing changes). With `hooks_fail` every hook that is run
    for it fails; each takes `hook_s` seconds (None: what the world says, `NEVER`: it does not end).
    """

    name: str
    ready_after_s: float = 1.0
    dies_after_s: float = NEVER
    metrics: Series = field(factory=steady)
    live_metrics: Series | None = None
    hooks_fail: bool = False
    hook_s: float | None = None

    @property
    def bad(self) -> bool:
        """Whether nobody would want it to keep live traffic."""
        measured = self.metrics.bad or (self.live_metrics is not None and self.live_metrics.bad)
        return measured or self.hooks_fail or self.ready_after_s == NEVER or self.dies_after_s < NEVER


@frozen
class Release:
    """Somebody declares a build, so many seconds after the first release began."""

    build: Build
    at_s: float = 0.0


@frozen
class LayerManners:
    """How a layer behaves: how long its data plane takes to follow a write, how long requests are in flight after one,
    and whether fresh connections are seen to follow (`RouterState.probed`)."""

    converge_after_s: float = 0.0
    drains_after_s: float = 0.0
    probed: bool = True


@frozen
class World:
    """All that a simulation has to know beyond the rollout.

    The declared pod template is live and Healthy when it begins, as the build `stable`. `promotes_after_s`: somebody
    promotes what has waited for a person for so long; None: nobody does. A measurement takes `measure_s` seconds (or
    what `measures` has under the metric's name), a hook `hook_s`. `samples`: by a metric's name, results that are good
    and bad, where none can be found by trying.
    """

    template: Mapping[str, JSON]
    releases: tuple[Release, ...] = (Release(Build("next")),)
    stable: Build = Build("stable")
    layers: Mapping[str, LayerManners] = field(factory=dict[str, LayerManners])
    promotes_after_s: float | None = 60.0
    samples: Mapping[str, Witness] = field(factory=dict[str, Witness])
    measure_s: float = 0.5
    measures: Mapping[str, float] = field(factory=dict[str, float])
    hook_s: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Raises `ValueError` for two builds of one name: they would be one revision."""
        known: dict[str, Build] = {self.stable.name: self.stable}
        for release in self.releases:
            if known.setdefault(release.build.name, release.build) != release.build:
                raise ValueError(f"two different builds are named {release.build.name!r}: they would be one revision")

    def build(self, name: str) -> Build | None:
        """The build of this name. `stable` was live before; `next` is also the first release, `later` the last."""
        named = {one.name: one for one in (self.stable, *(release.build for release in self.releases))}
        also = {"stable": self.stable}
        if self.releases:
            also |= {"next": self.releases[0].build, "later": self.releases[-1].build}
        return named.get(name) or also.get(name)

    @staticmethod
    def of(rollout: Rollout, *builds: Build, **more: Any) -> World:
        """A world for this rollout, in which these builds are released at once, or one every half an hour; further
        fields by their names."""
        releases = tuple(Release(build, 1800.0 * number) for number, build in enumerate(builds))
        world = World(rollout.template, **more)
        return evolve(world, releases=releases) if releases else world

    def template_of(self, build: Build) -> dict[str, JSON]:
        """The pod template that the build makes: the declared one, with the build's name as its image's tag."""
        return dict(self.template) if build == self.stable else with_build(self.template, build.name)

    def revision(self, build: Build) -> RevisionId:
        """The name of the revision that the build makes."""
        return revision_of(self.template_of(build))

    @property
    def builds(self) -> dict[RevisionId, Build]:
        """Every build by its revision."""
        return {self.revision(one): one for one in (self.stable, *(release.build for release in self.releases))}

    @property
    def bad(self) -> RevisionId | None:
        """The revision of the first bad build that is released; None where all of them are good."""
        return next((self.revision(one.build) for one in self.releases if one.build.bad), None)


def with_build(template: Mapping[str, JSON], name: str) -> dict[str, JSON]:
    """The pod template with this tag on its first container's image, or this label where it has no container."""
    spec = template.get("spec", {})
    containers = list(spec.get("containers", ()))
    if not containers:
        metadata = template.get("metadata", {})
        labels = {**metadata.get("labels", {}), BUILD_LABEL: name}
        return {**template, "metadata": {**metadata, "labels": labels}}
    first = {**containers[0], "image": tagged(str(containers[0].get("image", "")), name)}
    return {**template, "spec": {**spec, "containers": [first, *containers[1:]]}}


def tagged(image: str, tag: str) -> str:
    """The image with another tag; a digest gives way to it."""
    repository = image.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}:{tag}"
