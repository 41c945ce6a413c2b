"""The language of trace scripts: what is understood, and what is said about what is not."""

import re
from pathlib import Path

import pytest

from bluegreen.spec import Direction, HookPoint, OnDeadline, OnFailure
from bluegreen.testing import scripts
from bluegreen.testing.scripts.declaring import scene
from bluegreen.testing.scripts.grammar import FORMS
from bluegreen.testing.scripts.reading import read

pytestmark = pytest.mark.property

HERE = Path("a.txt")
ROOT = Path(__file__).parent.parent.parent


def complaint(*lines: str) -> str:
    """What is said about a script that cannot be played."""
    with pytest.raises(scripts.ScriptError) as error:
        scripts.play(read(HERE, "\n".join(lines)))
    return str(error.value)


def test_everything_that_is_not_output_stays_as_it_was_written() -> None:
    text = "# one\nrollout: replicas 1\n\n# two\n> tick 1s\n  9:99  wrong\n\n# three\n> tick 1s\n"
    assert scripts.play(read(HERE, text)) == text.replace("  9:99  wrong\n", "")


def test_fields_are_set_by_the_names_that_manifests_give_them() -> None:
    words = "replicas 3, layers edge service, autoPromotionEnabled false, settleSeconds 1.5, onFailure freeze"
    found = scene(read(HERE, f"rollout: {words}, previewReplicaCount 2, progressDeadlineAbort true")).rollout
    assert (found.replicas, found.progress_deadline_abort) == (3, True)
    assert (found.strategy.auto_promotion_enabled, found.strategy.preview_replica_count) == (False, 2)
    assert [one.name for one in found.policy.routers] == ["edge", "service"]
    assert (found.policy.settle_seconds, found.policy.on_failure) == (1.5, OnFailure.FREEZE)


def test_none_takes_a_field_away() -> None:
    found = scene(read(HERE, "rollout: previewService none, previewReplicaCount none")).rollout
    assert (found.strategy.preview_service, found.strategy.preview_replica_count) == ("", None)


def test_metrics_hooks_and_gates_are_said_in_a_few_words() -> None:
    found = scene(
        read(
            HERE,
            "prePromotionAnalysis: errors < 0.05, count 3, intervalSeconds 10\n"
            "prePromotionAnalysis: p99, successCondition len(result) == 0 || result[0] < 1, failureLimit 1\n"
            "postPromotionAnalysis: latency, comparison higher, count 3, intervalSeconds 1\n"
            "hook: migrate beforePreview, deadlineSeconds 30, onDeadline continue\n"
            "gate: sign-off postPromotion, deadlineSeconds 60, onDeadline abort\n",
        )
    ).rollout
    pre, post = found.strategy.pre_promotion_analysis, found.strategy.post_promotion_analysis
    assert pre is not None
    assert post is not None
    first, second = pre.metrics
    assert (first.name, first.success_condition, first.count, first.interval_seconds) == (
        "errors",
        "result < 0.05",
        3,
        10,
    )
    assert (second.success_condition, second.failure_limit) == ("len(result) == 0 || result[0] < 1", 1)
    assert post.metrics[0].comparison is not None
    assert post.metrics[0].comparison.direction is Direction.HIGHER
    (hook,) = found.policy.hooks
    assert (hook.point, hook.deadline_seconds, hook.on_deadline) == (HookPoint.BEFORE_PREVIEW, 30, OnDeadline.CONTINUE)
    assert [(one.name, one.deadline_seconds) for one in found.gates] == [("sign-off", 60)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["rollout: replica 2"], "a.txt:1: no field 'replica'; did you mean replicas?"),
        (["rollout: replicas two"], "a.txt:1: replicas is of type int, not 'two'"),
        (["rollout: onFailure stop"], "a.txt:1: onFailure is one of rollback, freeze, not 'stop'"),
        (["rollout: autoPromotionEnabled no"], "a.txt:1: autoPromotionEnabled is true or false, not 'no'"),
        (["rollout: replicas -1"], "a.txt:1: spec.replicas: -1 is too small"),
        (["rolout: replicas 2"], "a.txt:1: no setting 'rolout'; did you mean rollout?"),
        (
            ["begin: nothing deployed"],
            "a.txt:1: no such beginning or manner 'nothing deployed'; did you mean",
        ),
        (["file: not-there.yaml"], "a.txt:1: "),
        (["hook: migrate beforePreviw"], "a.txt:1: 'beforePreviw' is not a valid HookPoint"),
        (["", "> promte"], "a.txt:2: 'promte' is no command; did you mean 'promote'"),
        (["> tick 30"], "a.txt:1: 'tick 30' is no command; did you mean 'tick {duration}'?"),
        (["> dance"], "a.txt:1: 'dance' is no command"),
        (["> "], "a.txt:1: '' is no command"),
        (["> edgy takes 30s to follow"], "a.txt:1: 'edgy takes 30s to follow': no layer 'edgy'; there are: service"),
        (["> metric errors=1"], "a.txt:1: 'metric errors=1': no metric 'errors'; there are: none"),
        (["> hook migrate fails"], "a.txt:1: 'hook migrate fails': no hook 'migrate'"),
        (["> tick 1s", "  0:00  x", "oops"], "a.txt:3: 'oops' is no line of a script"),
        (["> tick 1s", "rollout: replicas 2"], "a.txt:2: rollout is set before the first command"),
        (["> tick 1s", "> pods of v3 fail"], "a.txt:2: no pods of 'v3'; did you mean v1?"),
        (["> hide edge"], "a.txt:1: no part of the world 'edge'; there are: service, workloads, records"),
        (["> refuse dance edge"], "a.txt:1: no call 'dance edge'; there are: look at LAYER"),
        (["> B dies"], "a.txt:1: no engine that runs 'B'; there are: A"),
        (["> crash", "> A dies"], "a.txt:2: no engine that runs 'A'; there are: none"),
        (["> A looks"], "a.txt:1: A is no engine that is stepped: say `engine A` first"),
        (["> engine A", "> A does point service at v2"], "a.txt:2: A cannot point service at v2 now; it can: nothing"),
        (["> engine A", "> A looks at moon"], "a.txt:2: A cannot look at moon now; it can: look at"),
        (["> crash during save"], "a.txt:1: an engine crashes before or after something, not during"),
        (["rollout: replicas 0", "> tick 1s"], "a.txt:1: the declared template does not become Healthy by itself"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_not_understood_is_named_with_its_line_and_what_would_be(lines: list[str], said: str) -> None:
    assert complaint(*lines).startswith(said)


def test_every_command_is_played_by_some_script() -> None:
    """A form that nothing plays would rot."""
    words = [step.words for path in (ROOT / "tests" / "traces").glob("*.txt") for step in read(path).steps]
    tried = (ROOT / "tests" / "scripts" / "test_commands.py").read_text()
    words += re.findall(r'"> (.+?)"', tried)
    assert [form.usage for form in FORMS if all(form.match(one) is None for one in words)] == []


def test_no_form_hides_another() -> None:
    for words, usage in {
        "promote --full": "promote --full",
        "somebody points edge at a stranger": "somebody points {layer} at a stranger",
        "somebody deletes the record": "somebody deletes the record",
        "refuse save 2 times": "refuse save {count} times",
        "pods of v2 fail 1 for 3s": "pods of {build} fail {count} for {duration}",
        "A does everything": "{who} does everything",
    }.items():
        first = next(form for form in FORMS if form.match(words) is not None)
        assert usage == first.usage
