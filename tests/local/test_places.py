"""Folders and the driver's lock."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bluegreen.backends.local import DriverBusy, DriverLock, LocalRecords, default_state_dir, list_rollouts, place


def test_the_state_directory_follows_the_users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/x")
    assert default_state_dir() == Path("/var/x/bluegreen")
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    assert default_state_dir() == Path.home() / ".local/state/bluegreen"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_state_dir() == Path.home() / ".local/state/bluegreen"


def test_rollouts_are_listed_by_the_names_they_were_given(tmp_path: Path) -> None:
    names = [("default", "shop.v1"), ("default", "a/../b"), ("team.x", "shop")]
    for namespace, name in names:
        where = place(tmp_path, name, namespace)
        where.create()
        LocalRecords(where).close()
        assert where.folder.parent == tmp_path
    (tmp_path / "something else").mkdir()
    assert {(one.namespace, one.name) for one in list_rollouts(tmp_path)} == set(names)
    assert list_rollouts(tmp_path / "nowhere") == []


def test_a_second_driver_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    where = place(tmp_path, "shop")
    where.create()
    assert DriverLock(where).holder() is None
    script = (
        "import sys; from bluegreen.backends.local import DriverLock, place\n"
        "lock = DriverLock(place(sys.argv[1], 'shop')); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert DriverLock(where).holder() == holder.pid
        with pytest.raises(DriverBusy, match=f"driven by process {holder.pid}") as refused:
            DriverLock(where).acquire()
        assert refused.value.pid == holder.pid
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert DriverLock(where).holder() is None
    with DriverLock(where), pytest.raises(DriverBusy):
        DriverLock(where).acquire()
    DriverLock(where).acquire()
