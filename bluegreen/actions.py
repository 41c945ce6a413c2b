"""What may be asked of the world: statements about it, never deltas.

Any subset of a decision's actions, in any order, repeated, does no harm. A statement that moves traffic or takes
replicas away carries the version on which it was decided, and is void once that has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import field, frozen

from bluegreen.snapshot import Key, Slot, Target
from bluegreen.spec import JSON, RevisionId, SecretKeyRef


@frozen
class Ensure:
    """The revision exists and has at least `replicas` replicas."""

    revision: RevisionId
    replicas: int


@frozen
class Retire:
    """The revision has at most `replicas` replicas, if its version is still `if_version`."""

    revision: RevisionId
    if_version: str
    replicas: int = 0


@frozen
class Forget:
    """The revision, which has no replicas, is no longer kept in the history, if its version is still `if_version`."""

    revision: RevisionId
    if_version: str


@frozen
class Prepare:
    """These revisions, and only these, are addressable on the layer."""

    layer: str
    targets: frozenset[Target]


@frozen
class Point:
    """The layer's slot shows the revision, if the layer's version is still `if_version`."""

    layer: str
    slot: Slot
    revision: RevisionId
    if_version: str


@frozen
class Measure:
    """Ask the metric provider named `provider` for `query`, once for this key, for `timeout_s` seconds at most.

    `{{args.NAME}}` in the query stands for the secret of that name in `secrets`, which whoever asks puts in.
    """

    key: Key
    provider: str
    query: Mapping[str, JSON] = field(factory=dict[str, JSON])
    timeout_s: float = 30.0
    secrets: Mapping[str, SecretKeyRef] = field(factory=dict[str, SecretKeyRef])


@frozen
class RunHook:
    """Run the hook once for this key, for `timeout_s` seconds at most. Secrets are as in `Measure`.

    `hook` has `kind`, the kind's own options, and `release`: what the step is told of it.
    """

    key: Key
    hook: Mapping[str, JSON] = field(factory=dict[str, JSON])
    timeout_s: float = 600.0
    secrets: Mapping[str, SecretKeyRef] = field(factory=dict[str, SecretKeyRef])


@frozen
class Cancel:
    """The measurement or hook of this key is no longer wanted: stop it, and report it as cancelled."""

    key: Key


Task: TypeAlias = Measure | RunHook
Action: TypeAlias = Ensure | Retire | Forget | Prepare | Point | Measure | RunHook | Cancel
