"""Templates that are measured for no rollout, with arguments from a command line."""

from pathlib import Path

import pytest

from bluegreen.manifests import ManifestError, read_analysis
from bluegreen.spec import Analysis, Arg, Metric, OnNoData, SecretKeyRef
from tests.manifests.plugged import plug

TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: up, namespace: production}
spec:
  args:
  - name: service
  - {name: path, value: /}
  - {name: token, valueFrom: {secretKeyRef: {name: a, key: b}}}
  metrics:
  - name: up
    successCondition: result
    provider: {web: {url: "http://{{args.service}}{{args.path}}", token: "{{args.token}}"}}
  templates: [{templateName: smoke, clusterScope: true}]
"""
SMOKE = """
---
apiVersion: argoproj.io/v1alpha1
kind: ClusterAnalysisTemplate
metadata: {name: smoke}
spec: {metrics: [{name: smoke, provider: {command: {argv: [./smoke]}}}]}
"""
SMOKED = Metric("smoke", "command", {"argv": ["./smoke"]}, success_condition="result.exitCode == 0")


@pytest.fixture(autouse=True)
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here asks a real provider."""
    plug(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two templates, one of which names the other."""
    path = tmp_path / "up.yaml"
    path.write_text(TEMPLATE + SMOKE)
    return path


def up(url: str) -> Metric:
    """The first template's metric."""
    return Metric("up", "web", {"url": url, "token": "{{args.token}}"}, success_condition="result")


def test_arguments_go_before_the_templates_own(path: Path) -> None:
    token = Arg("token", secret=SecretKeyRef("a", "b"))
    found = read_analysis(path, {"service": "shop", "path": "/up"})
    assert found == Analysis((up("http://shop/up"), SMOKED), (token,), ("up", "smoke"))
    given = read_analysis(path, {"service": "shop"})
    assert given == Analysis((up("http://shop/"), SMOKED), (token,), ("up", "smoke"))


def test_a_run_is_read_as_a_template_is(path: Path) -> None:
    run = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisRun\nmetadata: {name: run}\nspec:\n  terminate: false\n"
    path.write_text(f"{run}  metrics: [{{name: smoke, provider: {{command: {{argv: [./smoke]}}}}}}]\n")
    assert read_analysis(path, {}) == Analysis((SMOKED,), (), ("run",))
    path.write_text(path.read_text().replace("terminate: false", "terminate: true"))
    with pytest.raises(ManifestError, match="this run is to be ended"):
        read_analysis(path, {})


def test_templates_among_other_documents_are_found(path: Path) -> None:
    """A folder with the whole rollout in it is a fine place to take them from."""
    (path.parent / "rollout.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: unheard of\n---\napiVersion: v1\nkind: ConfigMap\n"
    )
    assert len(read_analysis(path.parent, {"service": "shop"}).metrics) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "spec.args[0].name: this argument has no value"),
        ({}, "give it: --arg service=VALUE"),
        ({"servce": "shop"}, '--arg: no template here has an argument "servce"\n    did you mean service?'),
        ({"service": "shop", "token": "x"}, '--arg: the argument "token" is a secret'),
        ({"service": "shop", "token": "x"}, "write it to DIRECTORY/a/b: --secrets DIRECTORY"),
        ({"service": "{{args.token}}"}, "url: an argument's value makes a placeholder of this text"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args: dict[str, str], said: str, path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_analysis(path, args)
    assert said in str(caught.value)


POLICY = """
---
apiVersion: bluegreen.dev/v1alpha1
kind: RolloutPolicy
metadata: {name: NAME}
spec:
  rolloutRef: {name: NAME}
  metrics: {METRICS}
"""


def policy(metrics: str, name: str = "shop") -> str:
    """A policy that says this of metrics."""
    return POLICY.replace("NAME", name).replace("METRICS", metrics)


def test_what_a_policy_says_of_the_metrics_holds(path: Path) -> None:
    said = "up/up: {onNoData: fail}, smoke: {timeoutSeconds: 7}"
    elsewhere = "prePromotionAnalysis/up: {onNoData: pass}, other: {onNoData: pass}"
    with path.open("a") as file:
        file.write(policy(said) + policy(said, "again") + policy(elsewhere, "cart"))
    (first, second) = read_analysis(path, {"service": "shop"}).metrics
    assert (first.on_no_data, first.timeout_seconds) == (OnNoData.FAIL, 30)
    assert (second.on_no_data, second.timeout_seconds) == (None, 7)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (policy("up/up: {onNoData: bogus}"), "spec.metrics.up/up.onNoData: expected"),
        (policy("up/upp: {onNoData: fail}"), "spec.metrics.up/upp: the template has no such metric"),
        (policy("up/upp: {onNoData: fail}"), "did you mean up/up?"),
        (policy("up: {minSamples: 2}"), "spec.metrics.up.minSamples: count (1) measurements cannot give 2 samples"),
        (policy("up: {onNoData: fail}") + policy("up: {onNoData: pass}", "cart"), "another policy says something else"),
    ],
)
def test_what_a_policy_says_amiss_is_refused(more: str, said: str, path: Path) -> None:
    with path.open("a") as file:
        file.write(more)
    with pytest.raises(ManifestError) as caught:
        read_analysis(path, {"service": "shop"})
    assert said in str(caught.value).replace("[", ".").replace("]", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{args.path}}", "/{{revision}}", "url: there are no revisions here"),
        (
            "{name: path, value: /}",
            "{name: path, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
            "there is no Rollout",
        ),
        ("templateName: smoke", "templateName: smok", "did you mean smoke?"),
        ("successCondition: result", "succesCondition: result", "did you mean successCondition?"),
        ("kind: AnalysisTemplate", "kind: AnalysisTemplat", "did you mean AnalysisTemplate?"),
        ("name: smoke, provider", "name: up, provider", 'two metrics of this analysis are named "up", the other in up'),
        ("spec: {metrics", "spec: {templates: [{templateName: smoke, clusterScope: true}], metrics", "smoke -> smoke"),
        (
            "{metrics: [{name: smoke",
            "{args: [{name: path, value: x}], metrics: [{name: smoke",
            "another value in another",
        ),
    ],
)
def test_what_is_wrong_is_said_as_in_a_rollout(old: str, new: str, said: str, path: Path) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ManifestError) as caught:
        read_analysis(path, {"service": "shop"})
    assert said in str(caught.value)


def test_a_file_without_a_template_is_refused(path: Path) -> None:
    path.write_text("apiVersion: v1\nkind: ConfigMap\n")
    with pytest.raises(ManifestError, match="no AnalysisTemplate in it"):
        read_analysis(path, {})
    with pytest.raises(ManifestError, match="no such file"):
        read_analysis(path.parent / "nope.yaml", {})


@pytest.mark.parametrize("provider", ["command: {QUERY}", "plugin: {bluegreen/command: {QUERY}}"])
@pytest.mark.parametrize(
    ("query", "place"),
    [
        ('argv: [./smoke, "--token={{ args.token }}"]', "argv[1]"),
        ('argv: [./smoke], cwd: "/srv/{{args.token}}"', "cwd"),
    ],
)
def test_a_secret_where_everybody_can_read_it_is_refused(provider: str, query: str, place: str, path: Path) -> None:
    """What a program is started with stands in the list of processes; its environment does not."""
    own = 'web: {url: "http://{{args.service}}{{args.path}}", token: "{{args.token}}"}'
    text = path.read_text()
    assert own in text
    path.write_text(text.replace(own, provider.replace("QUERY", query)))
    with pytest.raises(ManifestError) as caught:
        read_analysis(path, {"service": "shop"})
    assert f"{place}: a secret in it could be read by everybody on the machine" in str(caught.value)
    path.write_text(text.replace(own, provider.replace("QUERY", 'argv: [./smoke], env: {TOKEN: "{{args.token}}"}')))
    (metric, _) = read_analysis(path, {"service": "shop"}).metrics
    assert metric.query["env"] == {"TOKEN": "{{args.token}}"}
