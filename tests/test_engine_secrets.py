"""Secrets: put in when a provider or a hook is asked, and out of everything that comes back."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from attrs import evolve

from bluegreen import Engine, Healthy, codec
from bluegreen.actions import Measure, RunHook
from bluegreen.backends import memory
from bluegreen.engine.clock import Clock
from bluegreen.engine.secrets import redacted
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import BackendError, PermanentBackendError, RolloutDegraded
from bluegreen.ports import Backend, NoData, Reading
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Analysis, Arg, Hook, HookPoint, Metric, RevisionId, SecretKeyRef
from bluegreen.testing import virtual_time
from tests.support.worlds import rollout

SECRET = "hunter2/+ sesame"  # what has to be written otherwise in a URL
TOKEN = {"token": SecretKeyRef("prometheus", "token")}
KEY = Key(RevisionId("r"), 1, "check", "up")


class Safe:
    """Secrets of one name."""

    async def read(self, name: str, key: str) -> str:
        """The secret, or that there is none."""
        if (name, key) != ("prometheus", "token"):
            raise PermanentBackendError(f"there is no secret {name}/{key}", remedy="make one")
        return SECRET


class Echo:
    """A provider and a hook runner that say whatever they are asked, in the way that `how` says."""

    def __init__(self, how: str = "value") -> None:
        self.how = how
        self.asked: list[Mapping[str, Any]] = []
        self.cancelled: list[Key] = []

    async def measure(self, query: Mapping[str, Any]) -> Any:
        """The query, in a result, in labels, in an error, or not at all."""
        self.asked.append(query)
        said = f"you asked with {query['header']}"
        match self.how:
            case "error":
                raise BackendError(said)
            case "labels":
                return Reading([1.0], [{"said": said}])
            case "no data":
                return NoData([said])
            case "set":
                return {said}
            case "late":
                await asyncio.sleep(1000)
            case _:
                pass
        return {said: [quote(SECRET), base64.b64encode(SECRET.encode()).decode(), 1]}

    async def start(self, key: Key, hook: Mapping[str, Any]) -> None:
        """Takes it down."""
        self.asked.append(hook)

    async def poll(self, key: Key) -> Outcome | None:
        """The secret, in the output."""
        now = Clock().now()
        return None if self.how == "late" else Outcome(key, now, now, {"output": f"used {SECRET}"})

    async def cancel(self, key: Key) -> None:
        """Takes it down."""
        self.cancelled.append(key)


def backend(echo: Echo, *, safe: Safe | None = None) -> Backend:
    """A backend with that provider and those hooks."""
    return evolve(memory.over(memory.World(rollout())), metrics={"echo": echo}, hooks=echo, secrets=safe)


def outcome_of(task: Measure | RunHook, echo: Echo, *, safe: Safe | None = None) -> Outcome:
    """What comes of one task."""

    async def run() -> Outcome:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        async with Tasks(backend(echo, safe=safe), Clock(), done.set_result) as tasks:
            tasks.start(task)
            return await done

    return virtual_time.run(run())


MEASURE = Measure(KEY, "echo", {"header": "Bearer {{args.token}}"}, 10, TOKEN)


@pytest.mark.parametrize("how", ["value", "no data"])
def test_a_result_with_a_secret_in_it_is_neither_judged_nor_kept(how: str) -> None:
    """With the secret taken out of it, a condition might hold that does not."""
    outcome = outcome_of(MEASURE, Echo(how), safe=Safe())
    assert "has a secret of the query in it" in outcome.error
    assert (outcome.value, outcome.no_data) == (None, False)
    assert "hunter2" not in repr(outcome)


@pytest.mark.parametrize("how", ["error", "labels"])
def test_a_provider_gets_the_secret_and_nothing_of_it_comes_back(how: str) -> None:
    echo = Echo(how)
    outcome = outcome_of(MEASURE, echo, safe=Safe())
    assert echo.asked == [{"header": f"Bearer {SECRET}"}]
    written = json.dumps([outcome.value, outcome.labels, outcome.error])
    for form in (SECRET, quote(SECRET), base64.b64encode(SECRET.encode()).decode()):
        assert form not in written
    assert "***" in written


def test_a_hook_gets_the_secret_and_nothing_of_it_comes_back() -> None:
    echo = Echo()
    task = RunHook(KEY, {"kind": "echo", "env": {"TOKEN": "{{args.token}}"}}, 10, TOKEN)
    assert outcome_of(task, echo, safe=Safe()).value == {"output": "used ***"}
    assert echo.asked == [{"kind": "echo", "env": {"TOKEN": SECRET}}]


def test_a_secret_that_is_not_there_is_an_error_before_anything_is_asked() -> None:
    echo = Echo()
    task = evolve(MEASURE, secrets={"token": SecretKeyRef("nobody", "token")})
    outcome = outcome_of(task, echo, safe=Safe())
    assert outcome.error == "there is no secret nobody/token (make one)"
    assert not outcome.retry
    assert not echo.asked


def test_without_a_place_for_secrets_it_says_which_one_is_needed() -> None:
    outcome = outcome_of(MEASURE, Echo())
    assert "the secrets prometheus/token are needed" in outcome.error
    assert "--secrets" in outcome.error


def test_what_is_no_json_is_an_error_and_not_a_value() -> None:
    outcome = outcome_of(MEASURE, Echo("set"), safe=Safe())
    assert "which is no JSON" in outcome.error


def test_a_hook_that_takes_too_long_is_stopped_and_not_begun_again() -> None:
    echo = Echo("late")
    outcome = outcome_of(RunHook(KEY, {"kind": "echo"}, 10), echo)
    assert (outcome.error, outcome.retry) == ("no answer within 10 s", False)
    assert echo.cancelled == [KEY]


def test_a_measurement_that_takes_too_long_may_be_tried_again() -> None:
    outcome = outcome_of(MEASURE, Echo("late"), safe=Safe())
    assert (outcome.error, outcome.retry) == ("no answer within 10 s", True)


@pytest.mark.parametrize("how", ["value", "error"])
def test_the_record_of_a_release_holds_no_secret(how: str) -> None:
    metric = Metric("up", "echo", {"header": "{{args.token}}"}, "false", consecutive_error_limit=0)
    analysis = Analysis((metric,), (Arg("token", secret=TOKEN["token"]),))
    hook = Hook("migrate", HookPoint.BEFORE_PREVIEW, "echo", {"env": {"T": "{{args.token}}"}}, TOKEN)
    declared = rollout(pre_promotion_analysis=analysis, hooks=(hook,))

    async def run() -> str:
        world = memory.World(declared)
        echo = Echo(how)
        full = evolve(memory.over(world), metrics={"echo": echo}, hooks=echo, secrets=Safe())
        async with Engine(declared, full) as engine:
            await engine.wait_for(Healthy)
            await engine.apply(declared.with_image("v2"))
            with pytest.raises(RolloutDegraded):
                await engine.wait_for(Healthy)
            stored = await full.records.load()
        assert stored.record is not None
        assert stored.rollout is not None
        assert {SECRET} & {one for query in echo.asked for one in [query.get("header"), query.get("env", {}).get("T")]}
        return codec.dump_record(stored.record) + codec.dump_rollout(stored.rollout) + repr(stored)

    written = virtual_time.run(run())
    assert "hunter2" not in written
    assert "***" in written
    assert "{{args.token}}" in written, "the query as it was sent, but for the secret"


def test_the_longest_secret_goes_first_and_an_empty_one_hides_nothing() -> None:
    secrets = {"args.a": "abc", "args.b": "abcdef\n", "args.c": ""}
    assert redacted(["abcdef", "abc", 7, None, {"abc": "x"}], secrets) == ["***", "***", 7, None, {"***": "x"}]
    assert redacted("abc", {}) == "abc"


ODD = "pa\"ss\\wört\n<it's> & /more\x1b!"


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"header": ODD}),
        json.dumps({"header": ODD}, ensure_ascii=False),
        json.dumps(json.dumps({"header": ODD})),
        json.dumps(ODD, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        repr({"header": ODD}),
        f"no JSON: {json.dumps(ODD)!r}",
        "https://localhost/?token=" + quote(ODD, safe=""),
    ],
)
def test_a_secret_is_found_as_it_is_quoted(said: str) -> None:
    """With quotes, a backslash, a line end and what is no ASCII in it, none of these has it as it is."""
    assert ODD not in said
    left = str(redacted({"said": said}, {"args.token": ODD}))
    assert "***" in left
    assert not [part for part in ("pa", "ss", "rt", "it", "more") if part in left.replace("https", "")]


@pytest.mark.parametrize(("secret", "word"), [("it's mine", r"it\'s mine"), ('the "one"', 'the "one"')])
def test_a_quote_that_is_escaped_only_beside_another_one_is_found(secret: str, word: str) -> None:
    said = repr(f"{secret} and 'these' \"others\"")
    assert word in said
    assert word not in str(redacted(said, {"args.token": secret}))


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "reader:", "longer name:"])
@pytest.mark.parametrize("after", ["", "!", "?>", "\r\n\r\n"])
@pytest.mark.parametrize("write", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_in_base64_wherever_it_begins(before: str, after: str, write: Any) -> None:
    """As the password of a user, say: what is left of it are at most the characters that it shares."""
    secret = "tok>?-SECRET-\xff\xfe123"
    said = write(f"{before}{secret}{after}".encode()).decode()
    left = str(redacted(f"Basic {said}", {"args.token": secret}))
    assert "***" in left
    most = len(write(before.encode())) + len(write(after.encode())) + 2
    assert len(left.removeprefix("Basic ").replace("***", "")) <= most
    assert base64.b64encode(b"SECRET")[:6].decode() not in left


def test_a_short_secret_is_not_searched_for_in_forms_that_are_everywhere() -> None:
    """In base64 `ab` is `YWI=`; without its end, and after another letter, it is what stands in many a word."""
    secrets = {"args.pin": "ab"}
    assert redacted("tab YWI=", secrets) == "t*** ***"
    assert redacted("YWIdth Find", secrets) == "YWIdth Find"


def test_a_number_that_is_a_secret_is_hidden_and_one_that_has_it_in_it_is_not() -> None:
    secrets = {"args.pin": "482913\n", "args.ratio": "0.25", "args.flag": "True"}
    assert redacted([482913, {"n": 482913.0}, 0.25], secrets) == ["***", {"n": "***"}, "***"]
    others = [4829130, 482913.5, 0.255, True, None, float("inf")]
    assert redacted(others, secrets) == others


def test_what_a_cut_leaves_of_a_secret_is_hidden_too() -> None:
    secrets = {
        "args.words": "correct horse battery staple",
        "args.key": "--- BEGIN ---\nMIIEvQIBADANBg\nAoIBAQC7VJTUt9",
    }
    assert redacted("battery staple, no table", secrets) == "***, no table"
    assert redacted("1: MIIEvQIBADANBg\n2: AoIBAQC7VJTUt9", secrets) == "1: ***\n2: ***"
    assert redacted("a staple", secrets) == "a staple", "a word is no secret"


@pytest.mark.parametrize("query", [{"header": "{{args.image}}"}, {"deep": [1, {"er": "a {{ args.image }}"}]}])
def test_what_still_has_something_to_fill_in_is_not_asked(query: dict[str, Any]) -> None:
    """An argument's place may be gone from the pod template; a selector without it would match everything."""
    echo = Echo()
    outcome = outcome_of(evolve(MEASURE, query=query), echo, safe=Safe())
    assert "{{args.image}} has no value now" in outcome.error
    assert not echo.asked


def test_a_secret_that_looks_like_something_to_fill_in_is_not() -> None:
    class Odd(Safe):
        async def read(self, name: str, key: str) -> str:
            return "{{ odd"

    echo = Echo("labels")
    assert not outcome_of(MEASURE, echo, safe=Odd()).error
    assert echo.asked == [{"header": "Bearer {{ odd"}]
