"""The planted bugs still fit the code, each rule that matters has one, and what shows who notices them does bite."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import __main__ as command
from tests.mutants import sandbox
from tests.mutants.bugs import Bug, Rotten, all_bugs, parsed
from tests.mutants.sandbox import ROOT, Unusable, Verdict, copy, examine, run

BUGS = all_bugs()
AREAS = {
    "decide": ("bluegreen/decide/",),
    "analysis": ("bluegreen/analysis/",),
    "engine": ("bluegreen/engine/",),
    "commands": ("bluegreen/commands.py",),
    "gates": ("bluegreen/gates.py",),
    "record": ("bluegreen/record.py", "bluegreen/codec.py"),
    "memory": ("bluegreen/backends/memory/",),
}
"""The parts of the library that have bugs planted in them, and the files of each."""
SAFETY_MODEL = {
    "no fence": "a traffic write that may still land is forgotten",
    "fences count when saved": "a write that ends another counts before it was seen",
    "intents replaced": "of several writes that may land only the last is remembered",
    "scale-downs not outstanding": "a scale-down that may still land is forgotten",
    "only the look before scaling is live": "what a cache shows moves traffic",
    "stale workloads": "replicas are read from a cache",
    "stale layers": "layers are read from a cache",
    "no cas on layers": "a layer takes a write on any token",
    "no cas on workloads": "a revision takes a scale-down on any token",
    "no cas on record": "a record is saved over another",
    "content hashes as tokens": "a token comes back with the content",
    "record read last": "a look reads the world before the record",
    "retry at any time": "an attempt starts while a write of the last may land",
    "act before save": "what is done is remembered afterwards",
}
"""Each rule without which the safety model comes to an outage, as it names it, and what is the case without it."""
ONE_OF_EACH = (
    "decide/a-revision-is-retired-without-a-whole-stable-one",
    "analysis/the-failure-limit-is-off-by-one",
    "engine/an-outcome-is-acknowledged-before-the-save",
    "commands/an-abort-when-healthy-keeps-the-bad-one-stable",
)
HARMLESS = """Nothing is wrong here.
first: tests/test_record.py

@@ bluegreen/record.py
-    return max(now - since, timedelta(0))
+    return max(timedelta(0), now - since)
"""


def named(name: str) -> Bug:
    """The planted bug of this area and name."""
    return next(bug for bug in BUGS if f"{bug.area}/{bug.name}" == name)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_still_fits_the_code_and_what_comes_of_it_is_python(bug: Bug) -> None:
    for file, text in bug.changed(ROOT).items():
        compile(text, file, "exec")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_says_what_goes_wrong_and_who_should_notice(bug: Bug) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+){2,}", bug.name), "the name is a few words"
    assert len(bug.why.split()) >= 12, "the sentence says what the bug is, and which outage follows"
    for test in bug.first:
        path, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / path).read_text(), test
    assert bug.hunks[0].file.startswith(AREAS[bug.area])
    assert set(bug.rules) <= set(SAFETY_MODEL)


def test_there_are_enough_of_them_everywhere() -> None:
    count = Counter(bug.area for bug in BUGS)
    assert len(BUGS) >= 40
    assert count["decide"] >= 20
    assert count["analysis"] >= 10
    assert count["engine"] >= 10
    assert count["commands"] >= 5
    assert set(count) == set(AREAS)


def test_every_file_of_the_rules_has_one() -> None:
    planted = {file for bug in BUGS for file in bug.files()}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "bluegreen" / "decide").glob("*.py")}
    assert files <= planted


def test_every_rule_of_the_safety_model_has_one() -> None:
    assert {rule for bug in BUGS for rule in bug.rules} == set(SAFETY_MODEL)


def test_no_two_are_the_same() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert len({bug.hunks for bug in BUGS}) == len(BUGS)


# What notices them.


@pytest.mark.property
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_one_of_each_kind_is_really_noticed(name: str) -> None:
    bug = named(name)
    with copy() as root:
        bug.plant(root)
        noticed = run(root, bug.first[:1])
    assert noticed is not None
    assert noticed.startswith(bug.first[0])


def test_a_change_that_is_no_bug_survives() -> None:
    with copy() as root:
        bug = parsed("record", "nothing-is-wrong", HARMLESS)
        bug.plant(root)
        assert run(root, bug.first) is None


def test_the_copy_is_what_is_tested() -> None:
    """With no bluegreen in it, the installed one would be; that is refused, and no bug counts as noticed by it."""
    with copy() as root:
        (root / "bluegreen").rename(root / "elsewhere")
        with pytest.raises(Unusable, match=r"this is not the copy|No module named .bluegreen"):
            run(root, ["tests/test_record.py"])


def test_tests_that_are_not_there_notice_nothing() -> None:
    with copy() as root, pytest.raises(Unusable, match="no tests called"):
        run(root, ["tests/test_nowhere.py"])


def test_tests_that_never_end_are_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "LIMIT_S", 0.05)
    with copy() as root:
        noticed = run(root, ["tests/test_record.py"])
    assert noticed is not None
    assert "hangs" in noticed


def test_the_project_itself_is_left_alone() -> None:
    before = (ROOT / "bluegreen" / "record.py").read_text()
    with copy() as root:
        parsed("record", "nothing-is-wrong", HARMLESS).plant(root)
        assert (root / "bluegreen" / "record.py").read_text() != before
    assert (ROOT / "bluegreen" / "record.py").read_text() == before
    assert not root.exists()


# What a file of one may say.


def test_a_bug_replaces_what_is_there_exactly_once(tmp_path: Path) -> None:
    bug = parsed("record", "x-y-z", "Why.\nfirst: tests\n\n@@ code.py\n one\n-two\n+three\n\n@@ code.py\n-four\n")
    (tmp_path / "code.py").write_text("one\ntwo\n\nfour\n")
    bug.plant(tmp_path)
    assert (tmp_path / "code.py").read_text() == "one\nthree\n\n"


@pytest.mark.parametrize("text", ["one\n", "one\ntwo\none\ntwo\n", "    one\ntwo\n"], ids=["gone", "twice", "indented"])
def test_a_bug_that_no_longer_fits_is_rotten_and_changes_nothing(tmp_path: Path, text: str) -> None:
    bug = parsed("record", "x-y-z", "Why.\nfirst: tests\n\n@@ code.py\n one\n-two\n+three\n")
    (tmp_path / "code.py").write_text(text)
    with pytest.raises(Rotten, match=r"times in code\.py"):
        bug.plant(tmp_path)
    assert (tmp_path / "code.py").read_text() == text


def test_a_bug_in_a_file_that_is_gone_is_rotten(tmp_path: Path) -> None:
    bug = parsed("record", "x-y-z", "Why.\nfirst: tests\n\n@@ code.py\n-two\n+three\n")
    with pytest.raises(Rotten, match=r"no code\.py any more"):
        bug.plant(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "first: tests\n\n@@ code.py\n-two\n+three\n",
        "Why.\n\n@@ code.py\n-two\n+three\n",
        "Why.\nfirst: tests\n",
        "Why.\nfirst: tests\n\n@@ code.py\n two\n",
        "Why.\nfirst: tests\n\n@@ code.py\n+two\n",
        "Why.\nfirst: tests\n\n@@ code.py\ntwo\n",
    ],
    ids=["no sentence", "no tests", "no change", "a change of nothing", "a change nowhere", "no diff"],
)
def test_a_file_that_says_too_little_is_rotten(text: str) -> None:
    with pytest.raises(Rotten):
        parsed("record", "x-y-z", text)


# What is printed.


def shown(monkeypatch: pytest.MonkeyPatch, surviving: str = "", failing: str | None = None) -> None:
    """Lets every bug but one be noticed, with no test run at all."""

    def examine(bug: Bug | None) -> Verdict:
        test = failing if bug is None else None if bug.name == surviving else "tests/test_x.py::test_that_it_is_so"
        return Verdict(bug, test, 1.5)

    monkeypatch.setattr(command, "examine", examine)


def test_when_all_are_noticed_it_ends_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown(monkeypatch)
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{len(BUGS)} of {len(BUGS)} planted bugs noticed" in lines[-1]
    assert any(
        re.search(r"^a-faint-counts-as-death +decide/phases.py +test_x.py::test_that_\w+ +1.5$", x) for x in lines
    )


def test_a_survivor_is_shown_last_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(monkeypatch, surviving="a-faint-counts-as-death")
    assert command.main(["--jobs", "2", "decide/"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"a-faint-counts-as-death +decide/phases.py +SURVIVES", lines[-3])


def test_tests_that_fail_without_a_bug_say_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(monkeypatch, failing="tests/test_x.py::test_it")
    assert command.main([]) == 1
    assert "the tests fail with no bug planted" in capsys.readouterr().out


def test_a_name_that_no_bug_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["no-such-bug"])
    assert "no planted bug is called no-such-bug" in capsys.readouterr().err


def test_a_bug_is_tried_on_its_own_tests_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def running(_root: Path, tests: tuple[str, ...], **_limit: int) -> str | None:
        asked.append(tests)
        return "tests/x.py::test_y" if len(asked) == 2 else None

    monkeypatch.setattr(sandbox, "run", running)
    bug = parsed("record", "nothing-is-wrong", HARMLESS)
    assert examine(bug).test == "tests/x.py::test_y"
    assert asked == [bug.first, sandbox.TESTS]
