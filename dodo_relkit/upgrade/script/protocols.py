"""How consolidated protocols of Elixir change on a running node (PC-03).

They lie in `releases/<vsn>/consolidated`, outside all applications, so no appup and no
`load_object_code` can name them. What a relup does instead, after the code of all
applications: put the new directory on the code path, before all others, in place of the
old one, and load what changed from the file the path then leads to.

    old path: releases/0.1.0/consolidated, lib/…     P1 P2 loaded from there
    new path: releases/0.2.0/consolidated, lib/…     P1 changed, P2 kept, P3 added

The directories are told relative to the root of the release, which only the node knows:
the first instruction asks for it (`code:root_dir/0`) by `erl_eval`, a module of stdlib.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Term, make_list, make_string
from dodo_relkit.upgrade.modules import Change, compare_modules, names_with
from dodo_relkit.upgrade.script.checks import RESTART, RESTART_NEW
from dodo_relkit.upgrade.script.draft import Script
from dodo_relkit.upgrade.script.instructions import arguments, instruction_name

Beams = Mapping[str, beam.Chunks]
"""Chunks by the names of modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolChanges:
    """The consolidated protocols of two releases, compared."""

    old_directory: str
    """Relative to the root of the release; empty when it had none."""
    new_directory: str
    load: tuple[str, ...]
    """Changed or added."""
    unload: tuple[str, ...]
    """Gone."""


def compare_protocols(
    old: Beams,
    new: Beams,
    *,
    old_directory: str,
    new_directory: str,
) -> ProtocolChanges:
    """Return what changed among the consolidated protocols, by module name."""
    changes = compare_modules(old, new)
    return ProtocolChanges(
        old_directory=old_directory if old else "",
        new_directory=new_directory if new else "",
        load=names_with(changes, Change.CHANGED, Change.ADDED),
        unload=names_with(changes, Change.REMOVED),
    )


def with_protocols(script: Script, changes: ProtocolChanges, new: Beams) -> Script:
    """Return the script of a relup with the instructions for protocols behind it.

    What the script loads from an application is loaded again when it is a protocol,
    `new` has it consolidated: an application has the unconsolidated one. A script that
    restarts the emulator stays, since a start finds the protocols by itself.
    """
    if RESTART in script or RESTART_NEW in script:
        return script
    loaded = {arguments(each)[0] for each in script if instruction_name(each) == "load"}
    again = {name for name in new if Atom(name) in loaded}
    load = tuple(sorted({*changes.load, *again}))
    return (*script, *protocol_instructions(replace(changes, load=load)))


def protocol_instructions(changes: ProtocolChanges) -> tuple[Term, ...]:
    """Return the low-level instructions, to follow those of all applications.

    The path changes also when no protocol did: the directory of the old release goes
    when that release is removed.
    """
    script: list[Term] = []
    if changes.new_directory:
        script.append(_on_path("add_patha", changes.new_directory))
    if changes.old_directory:
        script.append(_on_path("del_path", changes.old_directory))
    for name in changes.load:
        script += [_code("purge", name), _code("load_file", name)]
    for name in changes.unload:
        script += [_code("purge", name), _code("delete", name), _code("purge", name)]
    return tuple(script)


def _code(function: str, module: str) -> Term:
    return (Atom("apply"), (Atom("code"), Atom(function), [Atom(module)]))


def _on_path(function: str, directory: str) -> Term:
    """Return the call `code:Function(filename:join(code:root_dir(), Directory))`."""
    root = _call("code", "root_dir")
    where: Term = (Atom("string"), 1, make_string(directory))
    asked = _call("code", function, _call("filename", "join", root, where))
    return (Atom("apply"), (Atom("erl_eval"), Atom("expr"), [asked, []]))


def _call(module: str, function: str, *arguments: Term) -> Term:
    named = (Atom("atom"), 1, Atom(module)), (Atom("atom"), 1, Atom(function))
    return (Atom("call"), 1, (Atom("remote"), 1, *named), make_list(arguments))
