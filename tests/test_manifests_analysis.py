"""Analyses as manifests write them: templates, arguments, what a policy adds, and what a Rollout asks for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bluegreen.codec import dump_rollout, load_rollout
from bluegreen.manifests import ManifestError, load, load_path, read_text
from bluegreen.spec import (
    Analysis,
    Arg,
    Comparison,
    Direction,
    Metric,
    OnNoData,
    PodTemplateHash,
    SecretKeyRef,
)
from tests.manifests.plugged import plug

ARTICLE = Path(__file__).parent.parent / "examples" / "article"
ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, labels: {team: cart}, annotations: {share/of: "0.25"}}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop, app.kubernetes.io/version: v1}}
    spec: {containers: [{name: shop, image: "shop:v1"}]}
  strategy:
    blueGreen:
      activeService: shop
      previewService: shop-preview
      prePromotionAnalysis:
"""
WHOLE = """
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: latency}
spec:
  args:
  - name: service
  - {name: quantile, value: "0.99"}
  - {name: count, value: "5"}
  - {name: token, valueFrom: {secretKeyRef: {name: monitoring, key: token}}}
  - {name: unused, valueFrom: {secretKeyRef: {name: monitoring, key: unused}}}
  metrics:
  - name: "latency-{{args.service}}"
    interval: 1m30s
    initialDelay: 500ms
    count: "{{args.count}}"
    failureLimit: 1
    inconclusiveLimit: "2"
    consecutiveErrorLimit: 3
    consecutiveSuccessLimit: 2
    successCondition: result[0] < {{args.quantile}}
    failureCondition: |
      result[0] >
        {{args.quantile}}
    provider:
      prometheus:
        address: http://prometheus:9090
        query: up{service="{{args.service}}",hash="{{ args.hash }}",version="{{args.version}}"}
        headers: [{key: Authorization, value: "Bearer {{args.token}}"}]
  dryRun: [{metricName: latency}]
  measurementRetention: [{metricName: .*, limit: 20}]
  templates: [{templateName: smoke, clusterScope: true}]
---
apiVersion: argoproj.io/v1alpha1
kind: ClusterAnalysisTemplate
metadata: {name: smoke, namespace: nowhere}
spec:
  args: [{name: hash}, {name: version}]
  metrics: [{name: smoke, provider: {command: {argv: [./smoke, "{{args.hash}}"]}}}]
---
apiVersion: bluegreen.dev/v1alpha1
kind: RolloutPolicy
metadata: {name: shop}
spec:
  rolloutRef: {name: shop}
  metrics:
    latency-shop-preview: {onNoData: pass, minSamples: 2, timeoutSeconds: 5}
    latency/latency-shop-preview: {timeoutSeconds: 7.5, errorBackoffSeconds: 1, errorTotalSeconds: 60}
    prePromotionAnalysis/both: {comparison: {direction: higher, tolerance: 1, confidence: 0.9}}
"""
BLOCK = """
        templates: [{templateName: latency}, {templateName: smoke, clusterScope: true}, {templateName: latency}]
        args:
        - {name: service, value: shop-preview}
        - {name: hash, valueFrom: {podTemplateHashValue: Latest}}
        - name: version
          valueFrom: {fieldRef: {fieldPath: "spec.template.metadata.labels['app.kubernetes.io/version']"}}
        - {name: team, valueFrom: {fieldRef: {fieldPath: metadata.labels.team}}}
        dryRun: [{metricName: smo.e}]
        measurementRetention: [{metricName: smoke, limit: 0}]
        metrics:
        - name: both
          provider: {plugin: {bluegreen/load: {seconds: 60, revision: "{{revision}}", as: "{{args.team}}"}}}
"""
WEB = """
        metrics:
        - name: up
          successCondition: result
          provider: {web: {url: "http://shop-preview/{{args.x}}"}}
        args:
"""


@pytest.fixture(autouse=True)
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here asks a real provider."""
    plug(monkeypatch)


def analysis_of(block: str, more: str = "") -> Analysis:
    """The analysis before promotion of a rollout with this block."""
    found = load(ROLLOUT + block.strip("\n") + "\n" + more).strategy.pre_promotion_analysis
    assert found is not None
    return found


def said_of(block: str, more: str = "") -> str:
    """What a rollout with this block is refused with."""
    with pytest.raises(ManifestError) as caught:
        load(ROLLOUT + block.strip("\n") + "\n" + more, "shop.yaml")
    return str(caught.value)


def test_the_articles_manifests_load_as_they_stand() -> None:
    rollout = load_path(ARTICLE / "as-written")
    before, after = rollout.strategy.pre_promotion_analysis, rollout.strategy.post_promotion_analysis
    assert before is not None
    assert after is not None
    rate, latency = before.metrics
    assert (rate.name, rate.success_condition, rate.count, rate.interval_seconds) == (
        "success-rate",
        "result[0] >= 0.99",
        5,
        30,
    )
    assert (latency.name, latency.failure_limit, latency.provider) == ("p99-latency", 1, "prometheus")
    assert rate.query["query"].splitlines()[2] == 'sum(rate(http_requests_total{service="my-app-preview"}[2m]))'
    assert after.metrics[0].query["query"] == rate.query["query"].replace("my-app-preview", "my-app")
    assert (before.templates, before.args) == (("success-rate",), ())
    assert rollout.policy.local.hosts == {"prometheus.monitoring:9090": "127.0.0.1:9090"}


def test_the_articles_manifests_with_load_load_too() -> None:
    before = load_path(ARTICLE / "with-load").strategy.pre_promotion_analysis
    assert before is not None
    assert [(one.name, one.provider) for one in before.metrics] == [
        ("preview-load", "load"),
        ("success-rate", "prometheus"),
    ]
    assert before.metrics[1].success_condition == "len(result) == 0 || result[0] >= 0.99"
    assert before.templates == ("preview-load", "success-rate-under-load")


@pytest.mark.parametrize(
    "condition",
    ["result[0] >= 0.99", "len(result) == 0 || result[0] >= 0.99", "!isNaN(result[0]) && result[0] >= 0.99"],
)
def test_the_articles_conditions_are_taken_as_they_are(condition: str) -> None:
    block = f"        metrics: [{{name: up, successCondition: '{condition}', provider: {{web: {{}}}}}}]"
    assert analysis_of(block).metrics[0].success_condition == condition


def test_every_field_arrives() -> None:
    assert analysis_of(BLOCK, WHOLE) == Analysis(
        metrics=(
            Metric(
                name="latency-shop-preview",
                provider="prometheus",
                query={
                    "address": "http://prometheus:9090",
                    "query": 'up{service="shop-preview",hash="{{ args.hash }}",version="{{args.version}}"}',
                    "headers": [{"key": "Authorization", "value": "Bearer {{args.token}}"}],
                },
                success_condition="result[0] < 0.99",
                failure_condition="result[0] >\n  0.99",
                count=5,
                interval_seconds=90,
                initial_delay_seconds=0.5,
                failure_limit=1,
                inconclusive_limit=2,
                consecutive_error_limit=3,
                consecutive_success_limit=2,
                dry_run=True,
                retention=20,
                on_no_data=OnNoData.PASS,
                min_samples=2,
                timeout_seconds=7.5,
                error_backoff_seconds=1,
                error_total_seconds=60,
            ),
            Metric(
                name="smoke",
                provider="command",
                query={"argv": ["./smoke", "{{args.hash}}"]},
                success_condition="result.exitCode == 0",
                dry_run=True,
                retention=10,
            ),
            Metric(
                name="both",
                provider="load",
                query={"seconds": 60, "revision": "{{revision}}", "as": "cart"},
                retention=20,
                comparison=Comparison(Direction.HIGHER, 1, 0.9),
                timeout_seconds=65,
            ),
        ),
        args=(
            Arg("token", secret=SecretKeyRef("monitoring", "token")),
            Arg("hash", pod_template_hash=PodTemplateHash.LATEST),
            Arg("version", field="spec.template.metadata.labels['app.kubernetes.io/version']"),
        ),
        templates=("latency", "smoke"),
    )


def test_history_limits_arrive() -> None:
    text = ROLLOUT.replace(
        "  replicas: 3\n", "  analysis: {successfulRunHistoryLimit: 0, unsuccessfulRunHistoryLimit: 7}\n"
    )
    rollout = load(text.replace("      prePromotionAnalysis:\n", ""))
    assert (rollout.successful_run_history_limit, rollout.unsuccessful_run_history_limit) == (0, 7)


def test_a_rollout_with_analysis_survives_being_stored() -> None:
    rollout = load(ROLLOUT + BLOCK.strip("\n") + WHOLE)
    assert load_rollout(dump_rollout(rollout)) == rollout


def test_json_loads_as_yaml_does() -> None:
    text = ROLLOUT + BLOCK.strip("\n") + WHOLE
    assert load("\n---\n".join(json.dumps(one, indent=1) for one in yaml.safe_load_all(text))) == load(text)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("value: ''", ""),
        ("value: '7'", "7"),
        ("valueFrom: {fieldRef: {fieldPath: metadata.name}}", "shop"),
        ("valueFrom: {fieldRef: {fieldPath: metadata.namespace}}", "default"),
        ("valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['share/of']\"}}", "0.25"),
        ("valueFrom: {fieldRef: {fieldPath: 'metadata.annotations[\"share/of\"]'}}", "0.25"),
        ("valueFrom: {fieldRef: {fieldPath: spec.replicas}}", "3"),
        ("valueFrom: {fieldRef: {fieldPath: spec.selector.matchLabels.app}}", "shop"),
    ],
)
def test_what_is_known_is_filled_in_when_it_is_loaded(source: str, value: str) -> None:
    analysis = analysis_of(f"{WEB}        - {{name: x, {source}}}")
    assert analysis.metrics[0].query == {"url": f"http://shop-preview/{value}"}
    assert analysis.args == ()


@pytest.mark.parametrize(
    ("source", "arg"),
    [
        ("valueFrom: {podTemplateHashValue: Stable}", Arg("x", pod_template_hash=PodTemplateHash.STABLE)),
        ("valueFrom: {secretKeyRef: {name: a, key: b}}", Arg("x", secret=SecretKeyRef("a", "b"))),
        (
            "valueFrom: {fieldRef: {fieldPath: 'spec.template.spec.containers[0].image'}}",
            Arg("x", field="spec.template.spec.containers[0].image"),
        ),
    ],
)
def test_what_may_change_until_it_is_measured_is_left_open(source: str, arg: Arg) -> None:
    analysis = analysis_of(f"{WEB}        - {{name: x, {source}}}")
    assert analysis.metrics[0].query == {"url": "http://shop-preview/{{args.x}}"}
    assert analysis.args == (arg,)


def test_a_value_is_never_read_for_placeholders() -> None:
    """Where it would be put into a query that is looked at again, it is refused; elsewhere it stays as it is."""
    block = """
        args:
        - {name: first, value: "{{args.other}}"}
        - {name: other, value: secret}
        metrics:
        - name: up
          successCondition: 'result == "{{args.first}}"'
          provider: {web: {url: "http://{{args.other}}"}}
    """.rstrip(" ")
    assert analysis_of(block).metrics[0].success_condition == 'result == "{{args.other}}"'
    assert "makes a placeholder of this text" in said_of(block.replace("http://", "http://{{args.first}}"))


@pytest.mark.parametrize(("first", "second"), [("{", "{args.token}}"), ("{{args", ".token}}")])
def test_two_values_cannot_make_a_placeholder_together(first: str, second: str) -> None:
    block = f"""
        args:
        - {{name: first, value: "{first}"}}
        - {{name: other, value: "{second}"}}
        - {{name: token, valueFrom: {{secretKeyRef: {{name: a, key: b}}}}}}
        metrics:
        - name: up
          provider: {{web: {{url: "http://{{{{args.first}}}}{{{{args.other}}}}/", token: "{{{{args.token}}}}"}}}}
    """.rstrip(" ")
    assert "web.url: an argument's value makes a placeholder of this text" in said_of(block)


def test_a_nested_template_is_taken_once_however_often_it_is_named() -> None:
    template = "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {0}}}\nspec: {1}\n"
    more = (
        template.format("top", "{templates: [{templateName: left}, {templateName: right}]}")
        + template.format("left", "{templates: [{templateName: end}]}")
        + template.format("right", "{templates: [{templateName: end}]}")
        + template.format("end", "{metrics: [{name: up, successCondition: result, provider: {web: {}}}]}")
    )
    analysis = analysis_of("        templates: [{templateName: top}]", more)
    assert analysis.templates == ("top", "left", "end", "right")
    assert [one.name for one in analysis.metrics] == ["up"]


def test_a_template_of_another_namespace_is_another_template() -> None:
    template = """
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: up, namespace: {0}}}
spec: {{metrics: [{{name: {0}, successCondition: result, provider: {{web: {{}}}}}}]}}
"""
    analysis = analysis_of(
        "        templates: [{templateName: up}]", template.format("staging") + template.format("default")
    )
    assert [one.name for one in analysis.metrics] == ["default"]


def test_a_count_of_nothing_is_none_as_in_argo() -> None:
    (metric,) = analysis_of("        metrics: [{name: up, count: 0, provider: {web: {}}}]").metrics
    assert (metric.count, metric.wanted) == (None, 1)


def test_our_own_group_may_have_metrics_of_its_own_too() -> None:
    block = "        metrics: [{name: up, provider: {function: {name: f}}}]"
    text = (
        (ROLLOUT + block)
        .replace("argoproj.io", "bluegreen.dev")
        .replace("  replicas: 3\n", "  policy: {metrics: {up: {onNoData: skip}}}\n")
    )
    analysis = load(text).strategy.pre_promotion_analysis
    assert analysis == Analysis((Metric("up", "function", {"name": "f"}, on_no_data=OnNoData.SKIP),))


def test_a_template_that_is_missing_is_not_missed_where_something_could_not_be_read() -> None:
    said = said_of("        templates: [{templateName: up}]", "---\nkind: [\n")
    assert said.count("shop.yaml:") == 1


def test_too_many_metrics_are_too_many() -> None:
    metrics = "".join(f"        - {{name: up{n}, provider: {{web: {{}}}}}}\n" for n in range(101))
    assert "metrics[100]: more than 100 metrics in one analysis" in said_of(f"        metrics:\n{metrics}")


def test_too_many_templates_are_too_many() -> None:
    head = "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\n"
    more = "".join(
        f"{head}metadata: {{name: t{n}}}\nspec: {{templates: [{{templateName: t{n + 1}}}]}}\n" for n in range(150)
    )
    said = said_of("        templates: [{templateName: t0}]", more)
    assert "spec.templates[0].templateName: more than 100 templates in one analysis" in said


def edited(old: str, new: str) -> Callable[[], str]:
    """The whole manifest with one change."""
    text = ROLLOUT + BLOCK.strip("\n") + WHOLE
    assert old in text
    return lambda: text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: quantile", "name: count", 'args[2].name: the argument "count" is given twice'),
        ("interval: 1m30s", "interval: -1s", "metrics[0].interval: -1 s is no time that can be waited"),
        ("limit: 20", "limit: -1", "measurementRetention[0].limit"),
        ("errorBackoffSeconds: 1", "errorBackoffSeconds: 0", "latency-shop-preview].errorBackoffSeconds: 0 s is no"),
        ("tolerance: 1", "tolerance: -1", "prePromotionAnalysis/both].comparison.tolerance: a share of"),
        ("minSamples: 2", "minSamples: 6", "latency-shop-preview.minSamples: count (5) measurements cannot give 6"),
        (
            '{name: count, value: "5"}',
            "{name: count, value: five}",
            "[0].count: expected a whole number, found the text",
        ),
    ],
)
def test_one_mistake_is_said_where_a_person_would_put_it_right(old: str, new: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_text(edited(old, new)())
    assert said in str(caught.value)
