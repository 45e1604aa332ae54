"""Which modules of an application changed between two versions, and in what.

Compares what changes how a module behaves, chunk by chunk. Knows nothing of processes,
of instructions, or of where the object files lie.

    only in the new version    added
    in both                    changed, when one of these parts differs; else kept
    only in the old version    removed

| part                                       | compared                               |
|--------------------------------------------|----------------------------------------|
| Code, StrT, ImpT, ExpT, Meta, AtU8 (Atom)  | byte for byte                          |
| FunT                                       | but for a number that hashes the text  |
| LitT                                       | as terms; the packing does not count   |
| Attr                                       | as terms, without `vsn`                |

`Attr` counts because `module_info(attributes)` is asked at run time; `vsn` does not,
since the compiler makes it from the code, and one written by hand changes nothing that
the module does. `Meta` counts because the code server refuses a module whose language
features are not enabled. `Type` does not: it follows from the code of the same module,
and only says what the code may leave out. `Dbgi`, `Abst`, `Docs`, `ExCk`, `Line`,
`LocT` and `CInf` (paths, options, time) never count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Map, Term, make_list, same

_PLAIN = ("Code", "StrT", "ImpT", "ExpT", "Meta")
PARTS = (*_PLAIN, "Atoms", "FunT", "LitT", "Attr")
"""What is compared, in the order in which differences are told."""


class Change(Enum):
    """What became of a module."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleChange:
    """What became of one module."""

    name: str
    change: Change
    parts: tuple[str, ...] = ()
    """Of a changed module: which of `PARTS` differ."""
    uncompared: tuple[str, ...] = ()
    """Of `PARTS`, what only one of the versions has since the other was stripped."""


def compare_modules(
    old: Mapping[str, beam.Chunks], new: Mapping[str, beam.Chunks]
) -> tuple[ModuleChange, ...]:
    """Return what became of each module, sorted by name.

    Takes the chunks (`formats.beam.read_chunks`) of each module by its name. Raises
    Trouble for chunks that cannot be read: BEAM_CHUNK_MISSING, BEAM_CHUNK_FAULTY.
    """
    return tuple(
        _compare(name, old.get(name), new.get(name)) for name in sorted({*old, *new})
    )


def names_with(changes: tuple[ModuleChange, ...], *kinds: Change) -> tuple[str, ...]:
    """Return the names of the modules with one of these changes, in their order."""
    return tuple(each.name for each in changes if each.change in kinds)


def differing_parts(
    old: beam.Chunks, new: beam.Chunks, *, file: str = ""
) -> tuple[str, ...]:
    """Return which of `PARTS` differ; what a stripped version lacks is not compared."""
    left, right = _parts(old, file), _parts(new, file)
    skipped = _uncompared(old, new)
    return tuple(
        part
        for part in PARTS
        if part not in skipped and not _equal(left[part], right[part])
    )


def is_stripped(chunks: beam.Chunks) -> bool:
    """Return whether `beam_lib:strip` took from the module what the compiler puts in.

    Every compiler writes the attribute `vsn`, so a module has `Attr` until stripped.
    """
    return "Attr" not in chunks


def _compare(
    name: str, old: beam.Chunks | None, new: beam.Chunks | None
) -> ModuleChange:
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
        return ModuleChange(name=name, change=change)
    parts = differing_parts(old, new, file=name)
    return ModuleChange(
        name=name,
        change=Change.CHANGED if parts else Change.KEPT,
        parts=parts,
        uncompared=_uncompared(old, new),
    )


def _uncompared(old: beam.Chunks, new: beam.Chunks) -> tuple[str, ...]:
    return ("Attr",) if is_stripped(old) != is_stripped(new) else ()


def _parts(chunks: beam.Chunks, file: str) -> dict[str, Term]:
    kept = beam.attributes(chunks, file=file)
    kept.pop("vsn", None)
    found: dict[str, Term] = {name: chunks.get(name, b"") for name in _PLAIN}
    found["Atoms"] = chunks.get("AtU8", chunks.get("Atom", b""))
    found["FunT"] = beam.funs_without_hash(chunks)
    found["LitT"] = make_list(beam.literals(chunks, file=file))
    found["Attr"] = Map(tuple((name.encode(), kept[name]) for name in kept))
    return found


def _equal(one: Term, other: Term) -> bool:
    if one == other and type(one) is bytes:
        return True
    if type(one) is list and type(other) is list:
        return len(one) == len(other) and all(map(_same_literal, one, other))
    return same(one, other)


def _same_literal(one: Term, other: Term) -> bool:
    """Return whether two literals, in external format, are the same term.

    The pairs of a map may stand in another order; how a term is written depends on
    the OTP that wrote it.
    """
    if one == other:
        return True
    if type(one) is not bytes or type(other) is not bytes:
        return False
    from dodo_relkit.diagnostics import Trouble
    from dodo_relkit.terms.etf import decode

    try:
        return same(decode(one), decode(other))
    except Trouble:
        return False
