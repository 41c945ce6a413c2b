"""Rules for hooks: what a step comes to, and how often it happens."""

from __future__ import annotations

import copy

from bluegreen.errors import PermanentBackendError
from bluegreen.snapshot import Outcome
from bluegreen.testing.conformance.calling import in_words, must
from bluegreen.testing.conformance.hooks.stage import On, key
from bluegreen.testing.conformance.violation import Violation
from bluegreen.values import encoded


async def success_has_a_value(on: On) -> None:
    """And no error; its hook is left as it was."""
    hook = on.stage.quick("well")
    given = copy.deepcopy(dict(hook))
    await on.start(key("well"), hook)
    outcome = await on.went_well(key("well"))
    must(outcome.value is not None and not outcome.no_data, f"a step that ended well has a value, and has {outcome!r}")
    try:
        encoded(outcome.value)
    except ValueError as error:
        raise Violation(f"the value of a step cannot be kept: {error}") from error
    await on.happened("well", "it ended well")
    must(hook == given, f"start changed the hook from {given!r} to {hook!r}")


async def failure_says_why(on: On) -> None:
    """It ran, so it is not run again."""
    for number, (words, hook) in enumerate(on.stage.failing.items()):
        await on.start(key("fails", number), hook)
        outcome = await on.ended(key("fails", number))
        must(bool(outcome.error), f"{words}: it fails, and its outcome has no error: {outcome!r:.300}")
        in_words(ValueError(outcome.error), words)
        must(not outcome.retry, f"{words}: it ran and failed, and its outcome says that it may be tried again")


async def what_may_pass_says_so(on: On) -> None:
    """By an error of `start`, or by an outcome."""
    for number, (words, hook) in enumerate(on.stage.passing.items()):
        failed = await on.calls.or_failed(on.adapter.start(key("later", number), hook), words)
        if failed is not None:
            must(not failed.permanent, f"{words}: it may pass, and {failed!r} is for good")
            continue
        outcome = await on.ended(key("later", number))
        must(bool(outcome.error), f"{words}: it did not happen, and its outcome has no error: {outcome!r:.300}")
        must(outcome.retry, f"{words}: it may pass, and its outcome says that trying again is of no use")


async def nonsense_is_refused(on: On) -> None:
    """For good: only a person can mend it."""
    for number, (words, hook) in enumerate(on.stage.wrong.items()):
        what = f"{words}, which makes no sense,"
        await on.calls.refused(on.adapter.start(key("wrong", number), hook), what, PermanentBackendError)


async def outcomes_stay(on: On) -> None:
    """None as long as it runs, and one outcome for ever after."""
    await on.start(key("endless"), on.stage.endless("endless"))
    await on.at_work("endless")
    for _ in range(3):
        found = await on.poll(key("endless"))
        must(found is None, f"a step that runs has no outcome, and this came: {found!r:.300}")
    await on.cancel(key("endless"))
    for name in ("quick", "endless"):
        if name == "quick":
            await on.start(key("quick"), on.stage.quick("quick"))
        first = await on.ended(key(name))
        for _ in range(3):
            again = await on.poll(key(name))
            must(again == first, f"an outcome stays, and {first!r:.300} has become {again!r:.300}")


async def unknown_is_an_error(on: On) -> None:
    """None would be waited for, for ever."""
    found = await on.calls.or_failed(on.adapter.poll(key("unknown")), "poll of an unknown key")
    must(found is not None, "nothing was started under a key, and poll says that it runs")
    if isinstance(found, Outcome):
        must(bool(found.error), f"nothing was started under a key, and poll gave {found!r:.300}")
