"""One mistake at a time, in a manifest that has every field: where it is shown, and what is said of it."""

from pathlib import Path

import pytest

from bluegreen.manifests import ManifestError, files, read, read_text
from tests.test_manifests import EVERY_FIELD

MISTAKES = {
    "no metadata": (
        'metadata: {name: shop, namespace: production, labels: {team: shop}, annotations: {note: ""}}',
        "status: {}",
        "metadata: missing: who is this? | write metadata: {name: NAME}",
    ),
    "generateName": (
        "{name: shop, namespace: production, labels",
        "{generateName: shop-, namespace: production, labels",
        "metadata.name: missing: a name is needed here | generateName is for a cluster to fill in",
    ),
    "status misspelt": (
        "kind: Rollout\n",
        "kind: Rollout\nstatsu: {}\n",
        "statsu: unknown field | did you mean status?",
    ),
    "In": ("values: [shop, store]", "values: [store]", "spec.selector.matchExpressions[0]: does not select the"),
    "NotIn": ("operator: In", "operator: NotIn", "spec.selector.matchExpressions[0]: does not select the"),
    "Exists": ("{key: tier, operator: DoesNotExist}", "{key: tier, operator: Exists}", "matchExpressions[1]: does not"),
    "an operator unheard of": (
        "operator: In",
        "operator: in",
        "[0].operator: expected In, NotIn, Exists or DoesNotExist",
    ),
    "selector of one word": (
        "  selector:\n",
        "  selector: shop\n  x:\n",
        "spec.selector: expected a mapping, found the",
    ),
    "no selector": ("  selector:\n", "  x:\n", "write selector: {matchLabels: {app: shop}}"),
    "template of one word": ("    spec: {containers", "    spec: shop #", "spec.template.spec: expected a mapping"),
    "no pod spec": ("    spec: {containers", "    #", "spec.template.spec: missing: a pod's spec is needed"),
    "port out of range": (
        "containerPort: 8080",
        "containerPort: 80800",
        "containerPort: 80800 is no port | ports are 1",
    ),
    "a probe's field": (
        "{name: shop, image",
        "{name: shop, readinessProbe: {perodSeconds: 1}, image",
        "readinessProbe.perodSeconds: unknown field | did you mean periodSeconds?",
    ),
    "a name that is empty": (
        "activeService: shop",
        'activeService: ""',
        "activeService: expected a text, found an empty text",
    ),
    "a number that is true": ("replicas: 6", "replicas: true", "spec.replicas: expected a whole number, found true"),
    "an image that is a number": (
        '"shop:v1"',
        "1.5",
        '[0].image: expected a text, found the number 1.5 | write "1.5" in',
    ),
    "both affinities": (
        "{preferredDuringScheduling",
        "{requiredDuringSchedulingIgnoredDuringExecution: {}, preferredDuringScheduling",
        "antiAffinity: exactly one of the two is needed",
    ),
    "weight": (
        "{weight: 100}",
        "{weight: 101}",
        "IgnoredDuringExecution.weight: a weight from 1 to 100 is needed here",
    ),
    "no strategy": ("  strategy:\n    blueGreen:", "  x:\n    y:", "spec.strategy: missing: a strategy is needed here"),
    "Deployment's strategy": (
        "    blueGreen:",
        "    rollingUpdate:",
        "spec.strategy.blueGreen: missing: the strategy | write blueGreen: {activeService: NAME}",
    ),
    "a field like one elsewhere": (
        "  replicas: 6",
        "  autoPromotionEnable: 6",
        "unknown field | did you mean autoPromotionEnabled? It belongs in spec.strategy.blueGreen",
    ),
    "a field like none": ("  replicas: 6", f"  {'x' * 100}: 6", f"spec.{'x' * 100}: unknown field | remove it"),
    "a Service port twice": ("{port: 81}", "{port: 80}", "spec.ports: the port 80 is given twice | keep one of them"),
    "a Service port in quotes": (
        "targetPort: http",
        'targetPort: "8080"',
        "targetPort: expected a port's number or name",
    ),
    "a Service port of a kind": (
        "targetPort: http",
        "targetPort: {x: 1}",
        "expected a port's number or name, found a map",
    ),
    "a template": ("  replicas: 6", "  {{- if .x }} y", "a template, not a manifest | render it first"),
    "a misspelt port name": ("targetPort: http", "targetPort: htp", 'port named "htp" | did you mean http?'),
    "a Service without ports' numbers": (
        "{port: 81}",
        "{targetPort: 81}",
        "spec.ports[1].port: missing: a port is needed",
    ),
    "UDP": ("protocol: TCP", "protocol: UDP", "protocol: not honoured yet by this version: only TCP is"),
    "ExternalName": (
        "type: ClusterIP",
        "type: ExternalName",
        "Service shop has no pods behind it, so it cannot be switched",
    ),
    "a Service that selects nothing": (
        "spec: {selector: {app: shop}}",
        "spec: {}",
        "spec.selector: missing: Service shop-preview selects no pods",
    ),
    "a Service twice": (
        "name: shop-preview, n",
        "name: shop, n",
        'metadata.name: two Services are named "shop" | keep',
    ),
    "a drain without end": ("minSeconds: 7", "minSeconds: 99999999999", "drain.minSeconds: 99999999999 is too large"),
    "a policy without its rollout": (
        "  rolloutRef: {name: shop}\n",
        "",
        "spec.rolloutRef: missing: which rollout is this",
    ),
    "a policy for a nameless rollout": (
        "rolloutRef: {name: shop}",
        "rolloutRef: {}",
        "rolloutRef.name: missing: the rollout",
    ),
    "a policy in another namespace": (
        "{name: any, namespace: production}",
        "{name: any}",
        "spec.rolloutRef.name: no rollout shop in namespace default | it is in namespace production",
    ),
    "a URL that is none": ("http://127.0.0.1:8080/healthz", "http://[1", "probe.url: not the URL of something"),
    "a URL without a host": ("http://127.0.0.1:8080/healthz", "http:///healthz", "probe.url: not the URL of something"),
    "an IPv6 address without its port": ('"127.0.0.1:8080"}', '"[::1]"}', "listen.shop: expected host:port, found"),
    "a negative settle": (
        "settleSeconds: 0.5",
        "settleSeconds: -0.5",
        "spec.settleSeconds: -0.5 is too small | the least",
    ),
    "router options of one word": (
        "service: {}",
        "service: yes!",
        "spec.routers[0].service: expected a mapping, found",
    ),
    "very many routers": ("  - service: {}", "  - service: {}\n" * 101 + "  -", "spec.routers: more than 100 routers"),
    "no routers": (
        EVERY_FIELD[EVERY_FIELD.index("\n  - service: {}") : EVERY_FIELD.index("  layerDeadline")],
        " []\n",
        "spec.routers: no router is left | omit the list for the default",
    ),
    "an anchor that is not there": ("image: ", "image: *shop #", "there is no anchor &shop above this | a text that"),
    "a merge of a word": ("  replicas: 6", "  <<: shop", "spec: << merges a mapping, or a list of mappings"),
    "a field named by a number": (
        "team: shop",
        "12: shop",
        'labels.12: the name of a field must be a text | write "12"',
    ),
    "a tag": ("replicas: 6", 'replicas: !!int "6"', "spec.replicas: the tag !!int has no place here | remove the tag"),
    "infinity": (
        "settleSeconds: 0.5",
        "settleSeconds: .inf",
        "spec.settleSeconds: .inf is no number that JSON can hold",
    ),
    "a List of nothing": (
        EVERY_FIELD,
        "apiVersion: v1\nkind: List\n",
        "no Rollout in it | one begins with apiVersion:",
    ),
    "a List of words": (
        "\n---",
        "\n---\n{apiVersion: v1, kind: List, items: [a]}\n---",
        "a single word, where an object",
    ),
    "a document that is a list": (
        "\n---",
        "\n---\n[]\n---",
        "a list, where an object with apiVersion and kind is expected",
    ),
    "a Service of version 2": (
        "apiVersion: v1\n",
        "apiVersion: v2\n",
        "apiVersion: no Service of this version is known",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_these_words(mistake: str) -> None:
    old, new, said = MISTAKES[mistake]
    text = EVERY_FIELD
    assert old in text
    with pytest.raises(ManifestError) as caught:
        read_text(text.replace(old, new, 1))
    shown = [f"{str(one).splitlines()[0].split(' ', 1)[1]} | {one.remedy}" for one in caught.value.problems]
    assert any(said in one for one in shown), shown


def test_a_selector_that_selects_by_expressions_alone_is_fine() -> None:
    text = EVERY_FIELD.replace("operator: In, values: [shop, store]", "operator: NotIn, values: [store]")
    text = text.replace("    matchLabels: {app: shop}\n", "").replace(
        "{key: tier, operator: Does", "{key: app, operator: "
    )
    assert len(read_text(text.replace("operator: NotExist", "operator: Exists")).rollouts) == 1


def test_a_folder_has_a_bound_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("# " + "x" * 600)
    monkeypatch.setattr(files, "FOLDER_BYTES_MAX", 1000)
    with pytest.raises(ManifestError, match="more than 0 MiB in all"):
        read(tmp_path)
