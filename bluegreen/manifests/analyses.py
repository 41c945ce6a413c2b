"""The analyses of one rollout, each with what the rollout's policy says of its metrics."""

from __future__ import annotations

from attrs import evolve, frozen

from bluegreen.manifests.analysis.declared import DeclaredTemplate
from bluegreen.manifests.analysis.extras import Extras
from bluegreen.manifests.analysis.gather import Gathered, Named
from bluegreen.manifests.analysis.odd import warn_of
from bluegreen.manifests.analysis.resolve import Resolved, resolved
from bluegreen.manifests.fields import did_you_mean
from bluegreen.manifests.report import shortened
from bluegreen.manifests.rollout import DeclaredRollout
from bluegreen.spec import BlueGreen
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS


@frozen(eq=False)
class Analyses:
    """The strategy of a rollout with its analyses, and the templates that they were made of."""

    strategy: BlueGreen
    templates: tuple[DeclaredTemplate, ...]


def analyses_of(one: DeclaredRollout, templates: Named, extras: Extras, *, incomplete: bool) -> Analyses:
    """The rollout's analyses; what is wrong with them is a problem in the report, what is odd a warning.

    `incomplete`: something was not read, so nothing is said about what is not there.
    """
    found = {
        key: resolved(block, Gathered(templates, one.namespace, incomplete), one.at, extras)
        for key, block in one.analyses.items()
    }
    if not incomplete and all(each.complete for each in found.values()) and one.at.sound:
        _about_nothing(extras, list(found.values()))
    if not one.at.report.failed:
        for key, each in found.items():
            warn_of(one.analyses[key], each, one.strategy)
    before, after = (found[key].analysis if key in found else None for key in (PRE_ANALYSIS, POST_ANALYSIS))
    strategy = evolve(one.strategy, pre_promotion_analysis=before, post_promotion_analysis=after)
    return Analyses(strategy, tuple(template for each in found.values() for template in each.templates))


def _about_nothing(extras: Extras, found: list[Resolved]) -> None:
    """A policy that speaks of a metric that is not there was meant to speak of another."""
    metrics = [read for each in found for read in each.metrics]
    used = {key for read in metrics for key in read.keys}
    names = dict.fromkeys(
        name for read in metrics for name in (read.metric.name, f"{read.template}/{read.metric.name}")
    )
    for key, extra in extras.items():
        if key not in used and not extra.at.report.full:
            otherwise = (
                f"there are: {shortened(', '.join(list(names)[:10]), 200)}"
                if names
                else "this rollout measures nothing"
            )
            extra.at.complain("no metric of this rollout's analyses", did_you_mean(key, names, otherwise), key=True)
