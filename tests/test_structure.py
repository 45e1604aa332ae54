"""The layers: which module may import, touch or print what.

Reads the source with `ast`; imports nothing of the package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "dodo_relkit"
LONGEST = 400
"""Lines of a file."""
TABLES = {"codes"}
"""Modules that are one long table, where length is no burden."""

LAYERS = {
    "diagnostics": 0,
    "codes": 0,
    "graphs": 0,
    "terms": 0,
    "formats": 1,
    "target": 1,
    "release": 2,
    "upgrade": 3,
    "artifacts": 4,
    "edge": 5,
    "systools": 5,
}
EDGE = 5
WORLD = {
    "asyncio",
    "builtins",
    "datetime",
    "fcntl",
    "fileinput",
    "getpass",
    "glob",
    "grp",
    "gzip",
    "importlib.resources",
    "io",
    "logging",
    "mmap",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "pwd",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "stat",
    "subprocess",
    "sys",
    "sysconfig",
    "tarfile",
    "tempfile",
    "threading",
    "time",
}
"""Modules of the standard library that reach disk, process, clock or terminal."""
PURE = {"io.BytesIO", "io.StringIO", "os.PathLike", "sys.intern"}
"""What of them touches nothing."""
PURE_STAT = {"stat"}
WORLD_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}
THIRD_PARTY = {
    "networkx": {"graphs"},
    "erlang": {"terms.etf"},
    "doit": {"edge", "edge.*"},
    "jinja2": None,
}
"""Who may import it; None: anybody, but inside functions only."""
LAZY = {"networkx", "jinja2", "erlang"}
"""Imported inside functions only (a no-op build must not pay for them)."""


class Import(NamedTuple):
    """One imported name."""

    module: str
    """Dotted, absolute; with the name of a `from` import as last part."""
    line: int
    at_load: bool
    """Whether importing the file runs it."""


class Source(NamedTuple):
    """One file of the package."""

    name: str
    """Dotted, without the package: `terms.text`; empty for the package itself."""
    path: Path
    tree: ast.Module
    lines: int

    @property
    def layer(self) -> int | None:
        return LAYERS.get(self.name.split(".")[0])


@cache
def sources() -> tuple[Source, ...]:
    """Return every Python file of the package."""
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = list(path.relative_to(ROOT / PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        text = path.read_text(encoding="utf-8")
        found.append(
            Source(
                name=".".join(parts),
                path=path.relative_to(ROOT),
                tree=ast.parse(text, str(path)),
                lines=len(text.splitlines()),
            )
        )
    return tuple(found)


def imports(source: Source) -> Iterator[Import]:
    """Yield the imports of the file, but for those only type checkers run."""
    yield from _imports_below(source.tree, source, at_load=True)


def _imports_below(node: ast.AST, source: Source, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=other):
                for each in other:
                    yield from _imports_below(each, source, at_load)
            case ast.Import(names=names):
                for name in names:
                    yield Import(name.name, child.lineno, at_load)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = _absolute(source, module, level)
                for name in names:
                    yield Import(f"{base}.{name.name}", child.lineno, at_load)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _imports_below(child, source, at_load=False)
            case _:
                yield from _imports_below(child, source, at_load)


def _absolute(source: Source, module: str | None, level: int) -> str:
    if level == 0:
        return module or ""
    parts = [PACKAGE, *source.name.split(".")] if source.name else [PACKAGE]
    keep = len(parts) - level + (1 if source.path.name == "__init__.py" else 0)
    return ".".join(parts[:keep] + ([module] if module else []))


@cache
def names() -> frozenset[str]:
    """Return the dotted names of the package's modules."""
    return frozenset(source.name for source in sources())


def ours(imported: str) -> str | None:
    """Return the module of the package that `imported` means, None if it is not ours.

    `dodo_relkit.terms.text.parse` means `terms.text`.
    """
    if imported != PACKAGE and not imported.startswith(PACKAGE + "."):
        return None
    parts = imported.split(".")[1:]
    while parts and ".".join(parts) not in names():
        parts.pop()
    return ".".join(parts)


def below(imported: str, module: str) -> bool:
    """Tell whether `imported` is `module` or something in it."""
    return imported == module or imported.startswith(module + ".")


def test_there_is_something_to_look_at() -> None:
    assert len(sources()) > 15
    assert sum(1 for source in sources() for _ in imports(source)) > 50


def test_every_file_has_a_layer() -> None:
    homeless = [s.name for s in sources() if s.name and s.layer is None]
    assert homeless == []


def test_no_upward_import() -> None:
    upward = []
    for source in sources():
        if not source.name:
            continue
        for each in imports(source):
            target = ours(each.module)
            if not target:  # the package itself has only the version and the API
                if target == "" and source.layer != EDGE:
                    upward.append(f"{source.path}:{each.line}: the package itself")
                continue
            layer = LAYERS[target.split(".")[0]]
            assert source.layer is not None
            if layer > source.layer:
                upward.append(f"{source.path}:{each.line}: {each.module}")
    assert upward == []


def test_no_import_cycle() -> None:
    graph = {
        source.name: {
            target
            for each in imports(source)
            if (target := ours(each.module)) and target != source.name
        }
        for source in sources()
        if source.name
    }
    assert _cycle(graph) == []


def _cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return one cycle as a path, empty when there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for follower in sorted(graph.get(name, ())):
            if cycle := walk(follower, [*path, name]):
                return cycle
        done.add(name)
        return []

    for name in sorted(graph):
        if cycle := walk(name, []):
            return cycle
    return []


def test_cycles_are_found() -> None:
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_only_the_edge_touches_the_world() -> None:
    touching = [
        f"{source.path}:{line}: {what}"
        for source in sources()
        if source.name and source.layer != EDGE
        for line, what in _touches(source)
    ]
    assert touching == []


def _touches(source: Source) -> Iterator[tuple[int, str]]:
    for each in imports(source):
        if each.module in PURE:
            continue
        if any(below(each.module, module) for module in WORLD - PURE_STAT):
            yield each.line, f"import {each.module}"
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in WORLD_CALLS:
                yield node.lineno, f"{name}()"
            case ast.Call(func=ast.Attribute(attr="now" | "today" | "utcnow")):
                yield node.lineno, "the clock"


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "import os.path",
        "from pathlib import Path",
        "def f():\n    import subprocess",
        "def f():\n    print(1)",
        "x = open('a')",
        "from . import x\nimport time",
        "class A:\n    def f(self):\n        from shutil import rmtree",
    ],
)
def test_touching_the_world_is_seen(text: str) -> None:
    assert list(_touches(_pretend("release.catalog", text)))


def _pretend(name: str, text: str) -> Source:
    return Source(name, Path(PACKAGE) / "pretended.py", ast.parse(text), 1)


def test_third_party_packages_have_one_door() -> None:
    wrong = []
    for source in sources():
        for each in imports(source):
            package = each.module.split(".")[0]
            doors = THIRD_PARTY.get(package)
            if doors and not any(_matches(source.name, door) for door in doors):
                wrong.append(f"{source.path}:{each.line}: {each.module}")
    assert wrong == []


def _matches(name: str, door: str) -> bool:
    if door.endswith(".*"):
        return name.startswith(door[:-1])
    return name == door


def test_heavy_packages_are_imported_inside_functions() -> None:
    early = [
        f"{source.path}:{each.line}: {each.module}"
        for source in sources()
        for each in imports(source)
        if each.module.split(".")[0] in LAZY and each.at_load
        # erlang-py is light and has one door, which is itself imported late
        if not (each.module.split(".")[0] == "erlang" and source.name == "terms.etf")
    ]
    assert early == []


def test_relative_imports_are_understood() -> None:
    source = _pretend("release.catalog", "from ..terms import text\nfrom . import spec")
    assert [each.module for each in imports(source)] == [
        "dodo_relkit.terms.text",
        "dodo_relkit.release.spec",
    ]


def test_files_are_short() -> None:
    long = {
        str(source.path): source.lines
        for source in sources()
        if source.lines > LONGEST and source.name not in TABLES
    }
    assert long == {}


def test_no_drawers() -> None:
    drawers = {"utils", "util", "common", "helpers", "base", "misc", "lib"}
    assert [s.name for s in sources() if s.name.split(".")[-1] in drawers] == []


def test_every_module_says_what_it_answers() -> None:
    silent = [str(s.path) for s in sources() if not ast.get_docstring(s.tree)]
    assert silent == []
