"""Which functions the modules of a release call that nobody defines.

What systools' option `exref` asks xref in its mode `modules`: the import tables of the
object files against the export tables of the release and of all that is on the path.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.edge.systools.path import SearchPath, place
from dodo_relkit.formats.beam import exports, imports, read_chunks
from dodo_relkit.formats.erlang_paths import basename, join
from dodo_relkit.release.model import Release

Function = tuple[str, str, int]
"""Module, function, arity."""

PREDEFINED = frozenset({("module_info", 0), ("module_info", 1)})
"""Functions that every module has."""


def check_calls(
    release: Release, path: SearchPath, only: Collection[str] | None
) -> list[Diagnostic]:
    """Return RK345 for each function that is called and nowhere defined.

    The calls of the applications named in `only` count, of all when None. In the
    order of modules, functions and arities. An object file that cannot be read gives
    RK351 and nothing else.
    """
    called: dict[Function, list[str]] = {}
    defined: dict[str, frozenset[tuple[str, int]]] = {}
    for entry in release.rel.apps:
        if only is not None and entry.name not in only:
            continue
        ebin = release.apps[entry.name].ebin
        try:
            _add_calls(place(path.cwd, ebin), called, defined)
        except Trouble as trouble:
            beam = join(ebin, basename(trouble.diagnostics[0].place.file))
            reason = str(trouble).partition(": ")[2].partition("\n")[0]
            broken = Code.OBJECT_UNREADABLE
            return [diagnostic(broken, app=entry.name, file=beam, reason=reason)]
    found = []
    missing = [each for each in called if not _is_defined(each, defined, path)]
    for module, function, arity in sorted(missing):
        callers = tuple(sorted(set(called[module, function, arity])))
        found.append(
            diagnostic(
                Code.UNDEFINED_FUNCTION,
                module=module,
                function=function,
                arity=arity,
                callers=callers,
            )
        )
    return found


def _add_calls(
    directory: str,
    called: dict[Function, list[str]],
    defined: dict[str, frozenset[tuple[str, int]]],
) -> None:
    for beam in sorted(Path(directory).glob("*.beam")):
        chunks = read_chunks(beam.read_bytes(), file=str(beam))
        module = beam.name.removesuffix(".beam")
        defined[module] = frozenset(exports(chunks, file=str(beam)))
        for function in imports(chunks, file=str(beam)):
            called.setdefault(function, []).append(module)


def _is_defined(
    function: Function,
    defined: dict[str, frozenset[tuple[str, int]]],
    path: SearchPath,
) -> bool:
    module, name, arity = function
    if module not in defined:
        defined[module] = _exports_on_path(module, path)
    return (name, arity) in defined[module] or (
        bool(defined[module]) and (name, arity) in PREDEFINED
    )


def _exports_on_path(module: str, path: SearchPath) -> frozenset[tuple[str, int]]:
    for directory in path.directories:
        beam = Path(place(path.cwd, join(directory, f"{module}.beam")))
        if beam.is_file():
            try:
                return frozenset(exports(read_chunks(beam.read_bytes())))
            except Trouble:
                return frozenset()
    return frozenset()
