"""What the user declares: a Rollout and its parts.

Frozen, validated and defaulted once, self-contained: nothing here is looked up later. Defaults are Argo Rollouts' own;
names are those of the manifest, in Python's spelling. Every number of seconds says so in its name.
"""

from __future__ import annotations

from bluegreen.spec.analysis import (
    Analysis,
    Arg,
    Comparison,
    Direction,
    Metric,
    OnNoData,
    PodTemplateHash,
    SecretKeyRef,
)
from bluegreen.spec.check import problems
from bluegreen.spec.policy import (
    Hook,
    HookPoint,
    LocalSpec,
    OnDeadline,
    OnFailure,
    ProbeSpec,
    RolloutPolicy,
    RouterSpec,
)
from bluegreen.spec.rollout import BlueGreen, Rollout, Service, ServicePort
from bluegreen.spec.values import JSON, RevisionId

__all__ = [
    "JSON",
    "Analysis",
    "Arg",
    "BlueGreen",
    "Comparison",
    "Direction",
    "Hook",
    "HookPoint",
    "LocalSpec",
    "Metric",
    "OnDeadline",
    "OnFailure",
    "OnNoData",
    "PodTemplateHash",
    "ProbeSpec",
    "RevisionId",
    "Rollout",
    "RolloutPolicy",
    "RouterSpec",
    "SecretKeyRef",
    "Service",
    "ServicePort",
    "problems",
]
