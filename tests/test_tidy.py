"""The code's own style, under test: what a linter cannot see, each check proven able to bite."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = {
    "errors",
    "spec",
    "values",
    "placeholders",
    "snapshot",
    "runs",
    "record",
    "codec",
    "actions",
    "gates",
    "conditions",
    "analysis",
    "commands",
    "decide",
}
IMPURE_MODULES = {
    "aiohttp",
    "asyncio",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "selectors",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
# hash() of a string differs from one process to the next, id() from one object to the next.
IMPURE_CALLS = {"open", "print", "input", "hash", "id"}
CLOCK_METHODS = {"now", "utcnow", "today"}
FORBIDDEN_WORDS = re.compile(
    r"(?i:/work/|\bissue #|\bissue \d)|\b(?:TODO|FIXME|XXX)\b"
    # Split, so that this file does not hold what it forbids.
    r"|pypi\.(?#)org|python(?#)hosted\.org|registry\.npm(?#)js|proxy\.gol(?#)ang"
)
TEXT_SUFFIXES = {"", ".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json", ".lock", ".service", ".sh"}


def too_long_a_file(source: str, limit: int) -> Iterator[str]:
    """Complain when the source has more lines than the limit."""
    if (length := len(source.splitlines())) > limit:
        yield f"1: {length} lines, and {limit} are allowed: a folder with a name is usually the answer"


def too_long_functions(source: str, limit: int = 60) -> Iterator[str]:
    """Complain of each function, its docstring included, that does not fit a screen."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if (length := node.end_lineno - node.lineno + 1) > limit:
                yield f"{node.lineno}: {node.name} has {length} lines, and {limit} are allowed"


def impurities(source: str) -> Iterator[str]:
    """Complain of each clock, each random number, each I/O and each per-process value in a module of the core."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (f"{node.lineno}: imports {n.name}" for n in names if n.name.split(".")[0] in IMPURE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in IMPURE_MODULES:
                yield f"{node.lineno}: imports {module}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{node.lineno}: calls {name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_METHODS:
                yield f"{node.lineno}: calls .{name}(): the time is an argument here"
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name) if name in CLOCK_METHODS:
                yield f"{node.lineno}: refers to .{name}: the time is an argument here"
            case _:
                pass


def missing_docstrings(source: str, promised: frozenset[str] = frozenset()) -> Iterator[str]:
    """Complain of the module and each public class, function and method without a docstring.

    `promised` are the methods whose promise a Protocol states already.
    """
    tree = ast.parse(source)
    if tree.body and ast.get_docstring(tree) is None:
        yield "1: the module has no docstring"
    yield from _undocumented(tree, promised, "")


def _undocumented(parent: ast.Module | ast.ClassDef, promised: frozenset[str], prefix: str) -> Iterator[str]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        decorators = {ast.unparse(d).split(".")[-1] for d in node.decorator_list}
        excused = decorators & {"overload", "override", "setter"} or (prefix and node.name in promised)
        if ast.get_docstring(node) is None and not excused:
            yield f"{node.lineno}: {prefix}{node.name} has no docstring"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node, promised, f"{prefix}{node.name}.")


def protocol_promises(source: str) -> Iterator[str]:
    """Name each method that a Protocol in the source documents, and each property, which its class's docstring does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    is_property = any(ast.unparse(decorator) == "property" for decorator in method.decorator_list)
                    if ast.get_docstring(method if not is_property else node):
                        yield method.name


def colours_as_roles(source: str) -> Iterator[str]:
    """Complain of each name that makes a role of a colour; colours swap, roles do not."""
    for node in ast.walk(ast.parse(source)):
        for name in (getattr(node, field, None) for field in ("id", "attr", "arg", "name")):
            words = name.lower().replace("blue_green", "").split("_") if isinstance(name, str) else []
            if "blue" in words or "green" in words:
                yield f"{getattr(node, 'lineno', 1)}: {name}: say active, preview or stable"


def forbidden_words(text: str) -> Iterator[str]:
    """Complain of each line that speaks of something other than the project, or leaves work unfinished."""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := FORBIDDEN_WORDS.search(line):
            yield f"{number}: {found.group()!r}"


def unknown_make_targets(text: str, makefile: str) -> Iterator[str]:
    """Complain of each `make` command, in backquotes or at the start of a line, that the Makefile cannot run."""
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for target in re.findall(r"(?:`|^\$? *)make ([a-z]+)", text, re.MULTILINE):
        if target not in targets:
            yield f"make {target}: no such target"


def unlocked(pyproject: str, lock: str) -> Iterator[str]:
    """Complain of each dependency that the lock should pin and does not."""
    parsed = tomllib.loads(pyproject)
    extras = parsed["project"]["optional-dependencies"]
    wanted = [
        *parsed["project"]["dependencies"],
        *(extras["local"] + extras["cli"] + extras["testing"]),
        *parsed["dependency-groups"]["dev"],
    ]
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    for requirement in wanted:
        name = re.split(r"[\[<>=~! ]", requirement)[0].lower().replace("_", "-")
        if name not in locked:
            yield f"{name} is not in requirements.lock: run make lock"


def package_files() -> list[Path]:
    """List the package's own modules."""
    return sorted((ROOT / "bluegreen").rglob("*.py"))


def python_files() -> list[Path]:
    """List every Python file of the project."""
    folders = ("bluegreen", "tests", "examples", "benchmarks")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def text_files() -> Iterator[Path]:
    """Find every file of the project that people read."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith("."))
    for folder in ("bluegreen", "tests", "examples", "benchmarks", "docs", ".ci"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file())


def complaints(paths: list[Path], check: Callable[[str], Iterator[str]]) -> list[str]:
    """Run a check over files, and say where each complaint is."""
    return [f"{path.relative_to(ROOT)}:{said}" for path in paths for said in check(path.read_text())]


def test_every_file_fits_a_reader() -> None:
    for path in python_files():
        limit = 400 if path.is_relative_to(ROOT / "tests") else 300
        assert list(too_long_a_file(path.read_text(), limit)) == [], path


def test_every_function_fits_a_screen() -> None:
    assert complaints(python_files(), too_long_functions) == []


def test_the_core_has_no_clock_no_chance_and_no_io() -> None:
    core = [path for path in package_files() if path.relative_to(ROOT / "bluegreen").with_suffix("").parts[0] in CORE]
    assert complaints(core, impurities) == []


def test_everything_public_makes_a_promise() -> None:
    promised = frozenset(name for path in package_files() for name in protocol_promises(path.read_text()))
    assert complaints(package_files(), lambda source: missing_docstrings(source, promised)) == []


def test_no_colour_is_a_role() -> None:
    assert complaints(package_files(), colours_as_roles) == []


def test_the_project_speaks_of_itself_alone() -> None:
    this = Path(__file__)
    readable = [path for path in text_files() if path.suffix in TEXT_SUFFIXES and path != this]
    assert this.name in {path.name for path in text_files()}, "the search finds nothing"
    assert complaints(readable, forbidden_words) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md"])
def test_every_make_command_in_the_docs_exists(page: str) -> None:
    assert list(unknown_make_targets((ROOT / page).read_text(), (ROOT / "Makefile").read_text())) == []


def test_the_readme_teaches_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_the_lock_pins_every_dependency() -> None:
    assert list(unlocked((ROOT / "pyproject.toml").read_text(), (ROOT / "requirements.lock").read_text())) == []


@pytest.mark.parametrize(
    ("check", "planted"),
    [
        (impurities, "import time"),
        (impurities, "import os.path"),
        (impurities, "def f():\n    from random import choice"),
        (impurities, "import asyncio as aio"),
        (impurities, "from datetime import datetime as dt\nx = dt.now()"),
        (impurities, "import datetime\nx = datetime.datetime.now(datetime.UTC)"),
        (impurities, "from datetime import date\nx = date.today()"),
        (impurities, "from datetime import datetime\nx = field(factory=datetime.utcnow)"),
        (impurities, "x = open('/etc/hosts')"),
        (impurities, "x = hash('a')"),
        (missing_docstrings, "x = 1"),
        (missing_docstrings, '"""M."""\ndef f(): ...'),
        (missing_docstrings, '"""M."""\nasync def f(): ...'),
        (missing_docstrings, '"""M."""\nclass C: ...'),
        (missing_docstrings, '"""M."""\nclass C:\n    """C."""\n    def f(self): ...'),
        (colours_as_roles, "blue = 1"),
        (colours_as_roles, "def start_green(): ..."),
        (colours_as_roles, "def f(blue_pods): ..."),
        (colours_as_roles, "x.green_service"),
        (forbidden_words, "cd /work/tree"),
        (forbidden_words, "see issue #7"),
        (forbidden_words, "see Issue 7"),
        (forbidden_words, "# TO" + "DO: later"),
        (forbidden_words, "https://pypi." + "org/simple"),
        (too_long_functions, "async def f():\n" + "    x = 1\n" * 60),
        (too_long_functions, "class C:\n  def f(self):\n" + "    x = 1\n" * 60),
    ],
)
def test_a_planted_fault_is_found(check: Callable[[str], Iterator[str]], planted: str) -> None:
    assert len(list(check(planted))) >= 1


@pytest.mark.parametrize(
    ("check", "fine"),
    [
        (impurities, "from datetime import datetime, time\ndef f(now: datetime): return now.timestamp()"),
        (impurities, "def f(release, now): return release.open(now)"),
        (missing_docstrings, ""),
        (missing_docstrings, '"""M."""\ndef _f(): ...\nclass C:\n    """C."""\n    def __len__(self): ...'),
        (missing_docstrings, '"""M."""\nclass C:\n    """C."""\n    @overload\n    def f(self): ...'),
        (colours_as_roles, "strategy.blue_green = BlueGreen(); import bluegreen; style = 'green'"),
        (forbidden_words, "the issue at work/hand"),
        (too_long_functions, "def f():\n" + "    x = 1\n" * 59),
    ],
)
def test_what_is_fine_is_left_alone(check: Callable[[str], Iterator[str]], fine: str) -> None:
    assert list(check(fine)) == []


def test_a_file_one_line_too_long_is_found() -> None:
    assert list(too_long_a_file("x\n" * 300, 300)) == []
    assert len(list(too_long_a_file("x\n" * 301, 300))) == 1


def test_a_promise_made_by_a_protocol_need_not_be_repeated() -> None:
    port = (
        '"""M."""\nclass Router(Protocol):\n    """Has a name."""\n    @property\n    def name(self): ...\n'
        '    def observe(self):\n        """Look."""\n    def point(self): ...'
    )
    promised = frozenset(protocol_promises(port))
    adapter = (
        '"""M."""\nclass R:\n    """R."""\n    def observe(self): ...\n    def point(self): ...\ndef observe(): ...'
    )
    assert promised == {"name", "observe"}
    assert list(missing_docstrings(port, promised)) == ["8: Router.point has no docstring"]
    assert list(missing_docstrings(adapter, promised)) == [
        "5: R.point has no docstring",
        "6: observe has no docstring",
    ]


def test_a_make_command_that_is_not_there_is_found() -> None:
    makefile = "test: lint ## check\n"
    assert list(unknown_make_targets("type `make test`\n    make test", makefile)) == []
    assert list(unknown_make_targets("type `make tset`", makefile)) == ["make tset: no such target"]


def test_a_dependency_missing_from_the_lock_is_found() -> None:
    pyproject = (
        '[project]\ndependencies = ["PyYAML>=6"]\n[dependency-groups]\ndev = ["pyright[nodejs]>=1"]\n'
        "[project.optional-dependencies]\nlocal = []\ncli = []\ntesting = []\n"
    )
    assert list(unlocked(pyproject, "pyyaml==6 \\\npyright==1 \\\n")) == []
    assert list(unlocked(pyproject, "pyyaml==6 \\\n")) == ["pyright is not in requirements.lock: run make lock"]
