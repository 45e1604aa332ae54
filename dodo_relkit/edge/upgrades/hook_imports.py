"""Which files of the project the Python functions of a configuration are made of.

Follows the `import` statements of the modules that hold them, wherever in the module
they stand, through modules of the project; those that are installed do not count.
Reads the modules; runs none that is not imported already.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from dodo_relkit.edge.upgrades.python_hooks import file_of


def imported_files(hooks: Iterable[str]) -> list[str]:
    """Return the files below the project's root, sorted.

    `hooks` are `module:function`, whose modules have been imported before.
    """
    waiting = list(dict.fromkeys(hook.partition(":")[0] for hook in hooks))
    known: set[str] = set()
    files: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        file = _source_of(name)
        if not _is_of_the_project(file):
            continue
        files.add(file)
        waiting += _imports(name, file)
    return sorted(files)


def _imports(name: str, file: str) -> Iterator[str]:
    """Yield what a module imports, or may import, and the packages all that is in."""
    yield from _packages(name)
    try:
        tree = ast.parse(Path(file).read_bytes(), file)
    except (SyntaxError, ValueError):  # imported by none of the functions yet
        return
    for node in ast.walk(tree):
        for each in _named(node, name, is_package=file.endswith("__init__.py")):
            yield each
            yield from _packages(each)


def _named(node: ast.AST, name: str, *, is_package: bool) -> Iterator[str]:
    """Yield the modules that a statement names; `from a import b` may mean `a.b`."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    if not isinstance(node, ast.ImportFrom):
        return
    module = node.module or ""
    if node.level:
        parts = name.split(".") if is_package else name.split(".")[:-1]
        kept = parts[: len(parts) - node.level + 1]
        module = ".".join([*kept, *([module] if module else [])])
    yield module
    yield from (f"{module}.{each.name}" for each in node.names)


def _packages(name: str) -> Iterator[str]:
    """Yield the packages that a module is in: they are imported before it."""
    while name := name.rpartition(".")[0]:
        yield name


def _source_of(name: str) -> str:
    """Return the source of a module; '' when it has none, or there is none."""
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__file__", None) or ""
    return file_of(name)


def _is_of_the_project(file: str) -> bool:
    if not file.endswith(".py"):
        return False
    place = Path(file).resolve()
    installed = {sysconfig.get_path(each) for each in ("purelib", "platlib", "stdlib")}
    return place.is_relative_to(Path.cwd().resolve()) and not any(
        place.is_relative_to(Path(each).resolve()) for each in installed
    )
