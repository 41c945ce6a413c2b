"""Where the local backend keeps a rollout: one private folder each, below one state directory."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote

from attrs import frozen


def default_state_dir() -> Path:
    """`$XDG_STATE_HOME/bluegreen`, else `~/.local/state/bluegreen`."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state") / "bluegreen"


@frozen
class Place:
    """The folder of one rollout: its database, its sockets, its logs. Only its owner may enter."""

    state_dir: Path
    namespace: str
    name: str

    @property
    def folder(self) -> Path:
        """`STATE_DIR/NAMESPACE.NAME`; letters that a file name cannot have are percent-encoded."""
        namespace = quote(self.namespace, safe="").replace(".", "%2E")
        return self.state_dir / f"{namespace}.{quote(self.name, safe='')}"

    @property
    def database(self) -> Path:
        """The SQLite file with the record and the replicas."""
        return self.folder / "state.db"

    @property
    def logs(self) -> Path:
        """The folder of what the replicas wrote."""
        return self.folder / "logs"

    def create(self) -> None:
        """Makes the folders, for their owner alone."""
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)


def place(state_dir: Path | str | None, name: str, namespace: str = "default") -> Place:
    """The place of a rollout; `state_dir` None is the default one. Creates nothing."""
    where = Path(state_dir) if state_dir is not None else default_state_dir()
    return Place(where.absolute(), namespace, name)


def list_rollouts(state_dir: Path | str | None = None) -> list[Place]:
    """Every rollout that the state directory knows, by namespace and name."""
    where = (Path(state_dir) if state_dir is not None else default_state_dir()).absolute()
    found: list[Place] = []
    for database in where.glob("*/state.db"):
        namespace, dot, name = database.parent.name.partition(".")
        if dot:
            found.append(Place(where, unquote(namespace), unquote(name)))
    return sorted(found, key=lambda one: (one.namespace, one.name))
