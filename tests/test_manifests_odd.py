"""What is odd about an analysis, and only warned of."""

import pytest

from bluegreen.manifests import ManifestProblem, read_text
from tests.manifests.plugged import plug
from tests.test_manifests_analysis import ROLLOUT

UP = "        metrics:\n        - {{name: up, {0}provider: {{web: {{url: 'http://shop-preview/'}}}}}}\n"


@pytest.fixture(autouse=True)
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here asks a real provider."""
    plug(monkeypatch)


def warnings_of(block: str, more: str = "") -> tuple[ManifestProblem, ...]:
    """The warnings about a rollout with this block, but for that its Services are not there."""
    text = ROLLOUT + block.strip("\n") + "\n" + more
    return tuple(one for one in read_text(text).warnings if "is not declared here" not in one.message)


def asking(url: str, *, after: bool = False, condition: str = "successCondition: result") -> str:
    """A block, before or after promotion, that asks this."""
    block = f"        metrics: [{{name: up, {condition}, provider: {{web: {{url: '{url}'}}}}}}]\n"
    return (
        f"        metrics: [{{name: x, {condition}, provider: {{web: {{}}}}}}]\n      postPromotionAnalysis:\n{block}"
        if after
        else block
    )


def test_a_count_that_hardly_fails_is_warned_of() -> None:
    (warning,) = warnings_of(UP.format("successCondition: result, count: 2, interval: 1s, failureLimit: 2, "))
    assert warning.path[-1] == "failureLimit"
    assert warning.message == "failureLimit is as much as count (2): one success is enough, whatever else fails"
    assert not warnings_of(UP.format("successCondition: result, count: 2, interval: 1s, failureLimit: 1, "))


@pytest.mark.parametrize("condition", ["true", "'result' == \"result\"", "1 < 2", "labels.result == 1"])
def test_a_condition_that_does_not_look_is_warned_of(condition: str) -> None:
    (warning,) = warnings_of(UP.format(f"failureCondition: {condition!r}, ".replace("\\'", "''")))
    assert warning.path[-1] == "failureCondition"
    assert warning.message == "this does not depend on what is measured"


def test_what_is_not_judged_is_warned_of() -> None:
    (warning,) = warnings_of(UP.format(""))
    assert warning.message == "nothing is judged: whatever is measured is a success"


def test_what_the_provider_or_a_comparison_judges_is_not() -> None:
    policy = "---\napiVersion: bluegreen.dev/v1alpha1\nkind: RolloutPolicy\nmetadata: {name: shop}\n"
    comparison = f"{policy}spec: {{rolloutRef: {{name: shop}}, metrics: {{up: {{comparison: {{}}}}}}}}\n"
    assert not warnings_of(UP.format(""), comparison)
    assert not warnings_of("        metrics: [{name: up, provider: {command: {argv: [./smoke]}}}]")


@pytest.mark.parametrize(
    ("url", "odd"),
    [
        ("http://shop/", True),
        ("http://shop.default.svc:8080/", True),
        ('service="shop"', True),
        ("http://shop-preview/", False),
        ("shop_requests_total", False),
        ("http://workshop/", False),
        ("http://myshop-2/", False),
    ],
)
def test_a_query_before_promotion_that_names_the_active_service_is_warned_of(url: str, odd: bool) -> None:
    found = warnings_of(asking(url))
    assert bool(found) == odd
    for one in found:
        assert one.path[-1] == "url"
        expected = "prePromotionAnalysis asks about shop: that is the active Service, and not yet the new revision's"
        assert (one.message, one.remedy) == (expected, "write shop-preview")


def test_a_query_after_promotion_that_names_the_preview_service_is_warned_of() -> None:
    (warning,) = warnings_of(asking("http://shop-preview/", after=True))
    assert "postPromotionAnalysis asks about shop-preview" in warning.message
    assert warning.remedy == "write shop"
    assert not warnings_of(asking("http://shop/", after=True))


def test_an_argument_that_brings_the_name_in_is_what_is_shown() -> None:
    template = """---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: up}
spec:
  args: [{name: service}]
  metrics: [{name: up, successCondition: result, provider: {web: {url: "http://{{args.service}}/"}}}]
"""
    block = "        templates: [{templateName: up}]\n        args:\n        - {name: service, value: shop}"
    (warning,) = warnings_of(block, template)
    assert warning.path == ("spec", "strategy", "blueGreen", "prePromotionAnalysis", "args", 0, "value")
    given = template.replace("{name: service}", "{name: service, value: shop}")
    (other,) = warnings_of("        templates: [{templateName: up}]", given)
    assert other.path[-1] == "url"


TWO = """
        metrics:
        - {name: fast, successCondition: result, provider: {web: {}}}
        - {name: right, successCondition: result, provider: {web: {}}}
"""


@pytest.mark.parametrize(("pattern", "odd"), [(".*", True), ("fast", False), ("fast|right", True)])
def test_an_analysis_of_dry_runs_alone_is_warned_of(pattern: str, odd: bool) -> None:
    found = warnings_of(f"{TWO}        dryRun: [{{metricName: {pattern}}}]")
    said = [one.message for one in found]
    assert said == (["every metric is a dry run: nothing that is measured matters"] if odd else [])
    assert all(one.path[-1] == "dryRun" for one in found)


def test_a_template_may_make_a_dry_run_of_everything_too() -> None:
    template = f"""---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: two}}
spec:
  dryRun: [{{metricName: .*}}]{TWO.replace("        ", "  ")}
"""
    (warning,) = warnings_of("        templates: [{templateName: two}]", template)
    assert warning.path[-1] == "prePromotionAnalysis"
    assert warning.message.startswith("every metric is a dry run")


def test_a_function_is_warned_of_where_a_manifest_asks_for_one() -> None:
    (warning,) = warnings_of("        metrics: [{name: up, successCondition: result, provider: {function: {name: f}}}]")
    assert warning.path[-1] == "function"
    assert warning.message == "only a program that imports the library has one"


def test_a_metric_of_both_colours_may_name_either() -> None:
    assert not warnings_of(asking("http://shop/{{revision}}"))


def test_without_a_preview_service_the_remedy_is_another() -> None:
    text = ROLLOUT.replace("      previewService: shop-preview\n", "") + asking("http://shop/")
    assert [one.remedy for one in read_text(text).warnings if "asks about" in one.message] == [
        "measure the new revision: podTemplateHashValue: Latest names it"
    ]


def test_a_template_that_nobody_uses_is_warned_of() -> None:
    template = (
        "---\napiVersion: argoproj.io/v1alpha1\nkind: {0}\nmetadata: {{name: {1}}}\nspec: {{metrics: [{{name: x}}]}}\n"
    )
    found = warnings_of(
        UP.format("successCondition: result, "),
        template.format("AnalysisTemplate", "lost") + template.format("ClusterAnalysisTemplate", "found"),
    )
    assert [one.message for one in found] == [
        "AnalysisTemplate lost is used by no rollout here, so little of it was checked",
        "ClusterAnalysisTemplate found is used by no rollout here, so little of it was checked",
    ]
