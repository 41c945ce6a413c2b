"""What `import bluegreen` gives, and what it does not cost."""

import json
import subprocess
import sys

import pytest

import bluegreen

NAMES = {
    "Rollout",
    "Engine",
    "Backend",
    "load",
    "load_all",
    "decide",
    "Decision",
    "Record",
    "Snapshot",
    "Phase",
    "Progressing",
    "Paused",
    "Promoting",
    "Healthy",
    "Degraded",
    "Gate",
    "Router",
    "RouterState",
    "Target",
    "Slot",
    "RevisionId",
    "Workloads",
    "Records",
}
HEAVY = ("aiohttp", "celpy", "cattrs", "yaml", "click", "rich", "hypothesis", "kubernetes_asyncio", "sqlite3")


def fresh(program: str) -> dict[str, list[str]]:
    """What a new interpreter prints, as JSON."""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    answer: dict[str, list[str]] = json.loads(run.stdout)
    return answer


def test_the_public_names_are_those_that_are_promised() -> None:
    assert set(bluegreen.__all__) == NAMES
    assert bluegreen.__all__ == sorted(bluegreen.__all__)
    for name in NAMES:
        assert getattr(bluegreen, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'bluegreen' has no attribute 'Canary'"):
        _ = bluegreen.Canary


def test_importing_it_loads_no_adapter_and_nothing_heavy() -> None:
    program = "import json, sys, bluegreen; print(json.dumps({'loaded': sorted(sys.modules)}))"
    loaded = fresh(program)["loaded"]
    assert "bluegreen.decide" in loaded, "the list is that of the new interpreter"
    assert [one for one in loaded if one.split(".")[0] in HEAVY] == []
    parts = ("backends", "metrics", "controller", "cli", "testing", "manifests", "engine")
    assert [one for one in loaded if one.startswith(tuple(f"bluegreen.{part}" for part in parts))] == []


def test_the_engine_on_the_memory_backend_needs_nothing_heavy_either() -> None:
    program = (
        "import json, sys; from bluegreen import Engine; from bluegreen.backends import memory; "
        "print(json.dumps({'loaded': sorted(sys.modules)}))"
    )
    loaded = fresh(program)["loaded"]
    assert "bluegreen.engine.engine" in loaded
    assert [one for one in loaded if one.split(".")[0] in HEAVY] == []


def test_importing_it_takes_no_time_worth_mentioning() -> None:
    """A tenth of a second is the aim, on a machine with nothing else to do; the best of three has some room here."""
    program = (
        "import time; began = time.process_time(); import bluegreen; "
        "print('{\"took\": [\"' + str(time.process_time() - began) + '\"]}')"
    )
    assert min(float(fresh(program)["took"][0]) for _ in range(3)) < 0.5
