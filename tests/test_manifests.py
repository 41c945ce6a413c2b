"""What good manifests load into, and what is only warned of."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import bluegreen
from bluegreen import manifests
from bluegreen.manifests import nodes
from bluegreen.spec import (
    BlueGreen,
    LocalSpec,
    OnFailure,
    ProbeSpec,
    Rollout,
    RolloutPolicy,
    RouterSpec,
    Service,
    ServicePort,
)

MINIMAL = Path(__file__).parent.parent / "examples" / "minimal.yaml"
TEMPLATE = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {"containers": [{"name": "shop", "image": "shop:v1"}]},
}
EVERY_FIELD = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: production, labels: {team: shop}, annotations: {note: ""}}
spec:
  replicas: 6
  minReadySeconds: 5
  progressDeadlineSeconds: 300
  progressDeadlineAbort: true
  revisionHistoryLimit: 4
  rollbackWindow: {revisions: 3}
  paused: true
  selector:
    matchLabels: {app: shop}
    matchExpressions:
    - {key: app, operator: In, values: [shop, store]}
    - {key: tier, operator: DoesNotExist}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "shop:v1", ports: [{name: http, containerPort: 8080}]}]}
  strategy:
    blueGreen:
      activeService: shop
      previewService: shop-preview
      previewReplicaCount: 3
      autoPromotionEnabled: true
      autoPromotionSeconds: 60
      scaleDownDelaySeconds: 600
      scaleDownDelayRevisionLimit: 2
      abortScaleDownDelaySeconds: 0
      antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 100}}
---
apiVersion: bluegreen.dev/v1alpha1
kind: RolloutPolicy
metadata: {name: any, namespace: production}
spec:
  rolloutRef: {name: shop}
  routers:
  - service: {}
    name: inner
    probe: {url: "http://127.0.0.1:8080/healthz", header: X-Build}
  - istio: {virtualService: shop}
  layerDeadlineSeconds: 60
  settleSeconds: 0.5
  drain: {minSeconds: 7}
  gates: {}
  hooks: {}
  metrics: {}
  onFailure: freeze
  local: {command: [python, app.py], listen: {shop: "127.0.0.1:8080"}}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: production}
spec:
  type: ClusterIP
  selector: {app: shop, rollouts-pod-template-hash: 6c8f}
  ports: [{name: web, port: 80, targetPort: http, protocol: TCP}, {port: 81}]
---
apiVersion: v1
kind: Service
metadata: {name: shop-preview, namespace: production}
spec: {selector: {app: shop}}
"""


def kubectl_output() -> dict[str, Any]:
    """What `kubectl get rollout,service -o json` prints: a List, with all that a cluster adds."""
    items = list(yaml.safe_load_all(MINIMAL.read_text()))
    for item in items:
        added = {"uid": "1", "resourceVersion": "7", "generation": 1, "creationTimestamp": "2026-03-30T21:19:35Z"}
        item["metadata"] |= {**added, "managedFields": [{"manager": "kubectl"}], "namespace": "default"}
        item["status"] = {"conditions": [], "anything": None}
    return {"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}}


def test_the_minimal_example_is_a_whole_rollout() -> None:
    assert bluegreen.load(MINIMAL) == Rollout(
        name="shop",
        replicas=2,
        strategy=BlueGreen("shop", "shop-preview", auto_promotion_enabled=False),
        template=TEMPLATE,
        services=(
            Service("shop", (ServicePort(8080, 8080),), {"app": "shop"}),
            Service("shop-preview", (ServicePort(8081, 8080),), {"app": "shop"}),
        ),
    )


def test_the_minimal_example_has_nothing_to_warn_of() -> None:
    assert manifests.read(MINIMAL).warnings == ()


def test_every_field_arrives() -> None:
    rollout = manifests.load(EVERY_FIELD)
    container = {"name": "shop", "image": "shop:v1", "ports": [{"name": "http", "containerPort": 8080}]}
    assert rollout == Rollout(
        name="shop",
        namespace="production",
        replicas=6,
        min_ready_seconds=5,
        progress_deadline_seconds=300,
        progress_deadline_abort=True,
        revision_history_limit=4,
        rollback_window_revisions=3,
        paused=True,
        template={"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}},
        strategy=BlueGreen(
            active_service="shop",
            preview_service="shop-preview",
            preview_replica_count=3,
            auto_promotion_enabled=True,
            auto_promotion_seconds=60,
            scale_down_delay_seconds=600,
            scale_down_delay_revision_limit=2,
            abort_scale_down_delay_seconds=0,
            anti_affinity={"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 100}},
        ),
        policy=RolloutPolicy(
            routers=(
                RouterSpec("service", "inner", {}, ProbeSpec("http://127.0.0.1:8080/healthz", "X-Build")),
                RouterSpec("istio", "istio", {"virtualService": "shop"}),
            ),
            layer_deadline_seconds=60,
            settle_seconds=0.5,
            drain_min_seconds=7,
            on_failure=OnFailure.FREEZE,
            local=LocalSpec(("python", "app.py"), {"shop": "127.0.0.1:8080"}),
        ),
        services=(
            Service("shop", (ServicePort(80, "http", "web"), ServicePort(81, 81)), {"app": "shop"}),
            Service("shop-preview", (), {"app": "shop"}),
        ),
    )


def test_what_is_left_out_or_null_has_argos_default() -> None:
    text = """
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: shop}
    spec:
      replicas: null
      selector: {matchLabels: {app: shop}}
      template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, image: "shop:v1"}]}}
      strategy: {blueGreen: {activeService: shop, previewService: "", prePromotionAnalysis: null}}
    """
    assert manifests.load(text) == Rollout(name="shop", strategy=BlueGreen("shop"), template=TEMPLATE)


def test_json_loads_as_yaml_does() -> None:
    documents = [json.dumps(one, indent="\t") for one in yaml.safe_load_all(EVERY_FIELD)]
    assert manifests.load("\n---\n".join(documents)) == manifests.load(EVERY_FIELD)


def test_what_kubectl_prints_loads_as_what_was_applied() -> None:
    assert manifests.load(json.dumps(kubectl_output())) == bluegreen.load(MINIMAL)
    assert manifests.load(yaml.safe_dump(kubectl_output())) == bluegreen.load(MINIMAL)


def test_the_slower_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without its C library."""
    quick = manifests.load(EVERY_FIELD)
    monkeypatch.setattr(nodes, "_Loader", yaml.SafeLoader)
    assert manifests.load(EVERY_FIELD) == quick


def test_our_own_rollout_may_carry_its_policy() -> None:
    text = MINIMAL.read_text().split("\n---\n# What Argo")[0].replace("argoproj.io", "bluegreen.dev")
    rollout = manifests.load(text.replace("  replicas: 2\n", "  policy: {onFailure: freeze, settleSeconds: 1}\n"))
    assert rollout.policy == RolloutPolicy(on_failure=OnFailure.FREEZE, settle_seconds=1)


def test_a_policy_carried_and_another_beside_it_is_refused() -> None:
    text = MINIMAL.read_text().replace("argoproj.io", "bluegreen.dev")
    with pytest.raises(manifests.ManifestError, match=r'rollout "shop" has a policy already: the rollout.s own'):
        manifests.load(text.replace("  replicas: 2\n", "  policy: {onFailure: freeze}\n"))


def test_anchors_aliases_and_merges_are_followed() -> None:
    text = """
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: shop, annotations: &times {minReadySeconds: 3, progressDeadlineSeconds: 30}}
    spec:
      <<: *times
      minReadySeconds: 4
      selector: {matchLabels: &labels {app: shop}}
      template: {metadata: {labels: *labels}, spec: {containers: [{name: shop, image: "shop:v1"}]}}
      strategy: {blueGreen: {activeService: shop}}
    """
    rollout = manifests.load(text)
    assert (rollout.min_ready_seconds, rollout.progress_deadline_seconds) == (4, 30)
    assert rollout.template == TEMPLATE


def test_a_mistake_in_what_is_merged_in_is_shown_where_it_is_written() -> None:
    text = MINIMAL.read_text().replace(
        "  name: shop\nspec:\n  replicas: 2\n", "  name: shop\n  annotations: &a {minReady: 3}\nspec:\n  <<: *a\n", 1
    )
    with pytest.raises(manifests.ManifestError) as caught:
        manifests.load(text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (6, ("spec", "minReady"))


def test_a_folder_is_read_as_one(tmp_path: Path) -> None:
    rollout, active, preview, policy = MINIMAL.read_text().split("\n---\n")
    (tmp_path / "b.yml").write_text(rollout)
    (tmp_path / "a.yaml").write_text(f"{active}\n---\n{policy}")
    (tmp_path / "c.json").write_text(json.dumps(yaml.safe_load(preview)))
    (tmp_path / "README.md").write_text("neither: [this")
    (tmp_path / ".hidden.yaml").write_text("nor: [this")
    assert bluegreen.load(tmp_path) == bluegreen.load(MINIMAL)


def test_several_rollouts_each_get_their_own() -> None:
    second = EVERY_FIELD.replace("production", "staging").replace("replicas: 6", "replicas: 3")
    first, other = manifests.read_text(f"{EVERY_FIELD}---{second}").rollouts
    assert first == manifests.load(EVERY_FIELD)
    assert (other.namespace, other.replicas, len(other.services)) == ("staging", 3, 2)
    assert other.policy.layer_deadline_seconds == 60


def test_load_wants_one_rollout_and_load_all_takes_several(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(f"{EVERY_FIELD}---{EVERY_FIELD.replace('production', 'staging')}")
    assert [one.namespace for one in bluegreen.load_all(path)] == ["production", "staging"]
    with pytest.raises(manifests.ManifestError, match='a second rollout, "shop", where one is expected'):
        bluegreen.load(path)


def test_services_left_to_the_cluster_are_warned_of() -> None:
    loaded = manifests.read_text(MINIMAL.read_text().split("\n---\n")[0], "shop.yaml")
    assert [one.services for one in loaded.rollouts] == [()]
    assert [warning.message for warning in loaded.warnings] == [
        "Service shop is not declared here: nothing about it could be checked",
        "Service shop-preview is not declared here: nothing about it could be checked",
    ]


def test_documents_of_other_kinds_are_left_alone_and_said_so() -> None:
    """Whatever they hold: they are not ours to judge."""
    other = "apiVersion: v1\nkind: ConfigMap\ndata: {on: no, on: 010, x: !!binary aGk=}\n"
    loaded = manifests.read_text(f"{other}---\n{MINIMAL.read_text()}", "shop.yaml")
    (warning,) = loaded.warnings
    assert loaded.rollouts == (bluegreen.load(MINIMAL),)
    assert str(warning).splitlines()[0] == "shop.yaml:2:7: kind: a ConfigMap is no part of a rollout; it was not read"


def test_a_service_of_no_rollout_is_warned_of() -> None:
    text = (
        MINIMAL.read_text() + "---\napiVersion: v1\nkind: Service\nmetadata: {name: metrics}\nspec: {clusterIP: None}\n"
    )
    (warning,) = manifests.read_text(text).warnings
    assert warning.message == "Service metrics is the active or preview Service of no rollout here"


def test_a_field_that_kubernetes_may_know_tomorrow_is_passed_on_with_a_warning() -> None:
    text = MINIMAL.read_text().replace("        image: shop:v1\n", "        image: shop:v1\n        teleport: {x: 1}\n")
    loaded = manifests.read_text(text)
    (warning,) = loaded.warnings
    assert warning.path == ("spec", "template", "spec", "containers", 0, "teleport")
    assert loaded.rollouts[0].template["spec"]["containers"][0]["teleport"] == {"x": 1}
