"""Hooks as a RolloutPolicy writes them."""

import pytest

from bluegreen.codec import dump_rollout, load_rollout
from bluegreen.manifests import ManifestError, load, read_text
from bluegreen.spec import Hook, HookPoint, OnDeadline, SecretKeyRef
from tests.test_manifests_analysis import ROLLOUT

HEAD = (
    ROLLOUT.replace("      prePromotionAnalysis:\n", "")
    + """
---
apiVersion: bluegreen.dev/v1alpha1
kind: RolloutPolicy
metadata: {name: shop}
spec:
  rolloutRef: {name: shop}
  hooks:
"""
)
WHOLE = """
    onAbort:
    - {name: clean, command: [./clean], onDeadline: continue}
    beforePreview:
    - name: migrate
      command: [./migrate, --to, head, "docker ps --format {{.Names}}"]
      env:
      - {name: DATABASE, value: postgres://db/shop}
      - {name: EMPTY, value: ""}
      - {name: PASSWORD, valueFrom: {secretKeyRef: {name: shop-db, key: password}}}
      deadlineSeconds: 300
      onDeadline: hold
    afterPromotion:
    - name: tell
      webhook:
        url: https://hooks.example:8443/released?team=shop
        headers:
        - {name: X-Team, value: shop}
        - {name: X-Api!Key, valueFrom: {secretKeyRef: {name: hooks, key: api}}}
        - {name: X-Api_Key, valueFrom: {secretKeyRef: {name: hooks, key: other}}}
        body: {text: released, nested: [1, null, true]}
    - {name: ping, webhook: {url: "http://127.0.0.1:9000/"}}
"""


def test_every_field_of_every_hook_arrives() -> None:
    assert load(HEAD + WHOLE).policy.hooks == (
        Hook(
            "migrate",
            HookPoint.BEFORE_PREVIEW,
            "command",
            {
                "argv": ["./migrate", "--to", "head", "docker ps --format {{.Names}}"],
                "env": {"DATABASE": "postgres://db/shop", "EMPTY": "", "PASSWORD": "{{args.PASSWORD}}"},
            },
            {"PASSWORD": SecretKeyRef("shop-db", "password")},
            300,
            OnDeadline.HOLD,
        ),
        Hook(
            "tell",
            HookPoint.AFTER_PROMOTION,
            "webhook",
            {
                "url": "https://hooks.example:8443/released?team=shop",
                "headers": {
                    "X-Team": "shop",
                    "X-Api!Key": "{{args.X_Api_Key}}",
                    "X-Api_Key": "{{args.X_Api_Key_1}}",
                },
                "body": {"text": "released", "nested": [1, None, True]},
            },
            {"X_Api_Key": SecretKeyRef("hooks", "api"), "X_Api_Key_1": SecretKeyRef("hooks", "other")},
        ),
        Hook("ping", HookPoint.AFTER_PROMOTION, "webhook", {"url": "http://127.0.0.1:9000/"}),
        Hook("clean", HookPoint.ON_ABORT, "command", {"argv": ["./clean"]}, on_deadline=OnDeadline.CONTINUE),
    )


def test_a_rollout_with_hooks_survives_being_stored() -> None:
    rollout = load(HEAD + WHOLE)
    assert load_rollout(dump_rollout(rollout)) == rollout


def test_no_hooks_are_no_hooks() -> None:
    assert load(HEAD.rstrip() + " {}").policy.hooks == ()
    assert load(HEAD + "    beforePreview: []").policy.hooks == ()


def test_our_own_rollout_may_carry_them() -> None:
    text = HEAD.split("\n---\n")[0].replace("argoproj.io", "bluegreen.dev")
    hooks = "  policy: {hooks: {onAbort: [{name: clean, command: [./clean]}]}}\n"
    (hook,) = load(text.replace("  replicas: 3\n", hooks)).policy.hooks
    assert (hook.point, hook.name) == (HookPoint.ON_ABORT, "clean")


@pytest.mark.parametrize("text", ["{{args.PASSWORD}}", "x{{  args.PASSWORD }}", "{{revision}}", "{{ revision }}"])
@pytest.mark.parametrize("place", ["[./migrate, {0}]", "[{0}]"])
def test_a_secret_cannot_be_named_where_everybody_sees_it(text: str, place: str) -> None:
    """A program's arguments are in the list of processes."""
    command = place.format(f'"{text}"')
    env = "env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}]"
    with pytest.raises(ManifestError, match="a hook has no arguments to fill in"):
        load(f"{HEAD}    beforePreview:\n    - {{name: migrate, command: {command}, {env}}}\n")


@pytest.mark.parametrize(
    "line",
    [
        "- {name: a, command: [./a], env: [{name: A, value: hunter2, x: 1}]}",
        "- {name: a, command: [./a], env: [{name: A, value: 0123_4}]}",
        "- {name: a, webhook: {url: 'http://ann:hunter2@h/'}}",
        "- {name: a, webhook: {url: 'http://h/', headers: [{name: A, value: 0123_4}]}}",
    ],
)
def test_no_secret_is_repeated(line: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_text(f"{HEAD}    beforePreview:\n    {line}\n")
    assert "hunter2" not in str(caught.value)
    assert "0123_4" not in str(caught.value)


def test_too_many_hooks_are_too_many() -> None:
    many = "".join(f"    - {{name: a{n}, command: [./a]}}\n" for n in range(101))
    with pytest.raises(ManifestError, match="more than 100 hooks"):
        load(f"{HEAD}    beforePreview:\n{many}")


def test_a_mistake_beside_an_unreadable_hook_is_not_shown_in_the_wrong_place() -> None:
    three = "    - {name: a}\n    - {name: b, command: [./b]}\n    - {name: C, command: [./c]}\n"
    with pytest.raises(ManifestError) as caught:
        load(f"{HEAD}    beforePreview:\n{three}")
    assert [problem.path[-1] for problem in caught.value.problems] == [0]
