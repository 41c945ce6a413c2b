"""The gates of a rollout: those that its manifest declares, and its own."""

from __future__ import annotations

from bluegreen.gates import ClockGate, Gate, HookGate, ManualGate, Stage
from bluegreen.spec import Analysis, Rollout
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS


def gates_of(rollout: Rollout, stage: Stage) -> tuple[Gate, ...]:
    """The gates of this stage, in the order in which they are asked.

    Before promotion: the user's own, the analysis, the pause, the hooks. The pause comes after all that could still
    say no, as in Argo (autoPromotionSeconds counts from there), and the hooks run when traffic is about to move.
    After it: the hooks, the user's own, the analysis.
    """
    own = tuple(gate for gate in rollout.gates if gate.stage == stage)
    hooks = tuple(gate for gate in map(HookGate, rollout.policy.hooks) if gate.stage is stage)
    strategy = rollout.strategy
    if stage is Stage.PRE_PROMOTION:
        before = _analysis(PRE_ANALYSIS, stage, strategy.pre_promotion_analysis)
        return (*own, *before, *_pause(rollout), *hooks)
    if stage is Stage.POST_PROMOTION:
        return (*hooks, *own, *_analysis(POST_ANALYSIS, stage, strategy.post_promotion_analysis))
    return (*hooks, *own)


def _analysis(name: str, stage: Stage, analysis: Analysis | None) -> tuple[Gate, ...]:
    if analysis is None:
        return ()
    from bluegreen.analysis import AnalysisGate  # it takes a third of the library's time to import; few need it at once

    return (AnalysisGate(name, stage, analysis),)


def _pause(rollout: Rollout) -> tuple[Gate, ...]:
    strategy = rollout.strategy
    if not strategy.auto_promotion_enabled:
        return (ManualGate(),)
    return (ClockGate(strategy.auto_promotion_seconds),) if strategy.auto_promotion_seconds else ()
