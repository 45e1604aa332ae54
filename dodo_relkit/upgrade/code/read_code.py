"""What the debug information of a beam says of its source, if it has any.

Erlang's (`erl_abstract_code`, and the chunk `Abst` of old compilers) and Elixir's
(`elixir_erl`). Takes chunks; runs no backend's code.
"""

from __future__ import annotations

from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.code.elixir import read_elixir
from dodo_relkit.upgrade.code.erlang import read_erlang
from dodo_relkit.upgrade.code.model import ModuleCode


def read_code(chunks: beam.Chunks, *, file: str = "") -> ModuleCode | None:
    """Return the code of a module, None when its debug information does not tell it.

    That is so when it was stripped, encrypted, compiled without `debug_info`, or
    written by a compiler of another language.
    """
    found = beam.debug_info(chunks)
    if found is None or found[1][:1] == b"\0":
        return None
    from dodo_relkit.terms.etf import decode

    try:
        name = beam.module_name(chunks, file=file)
        return _read(name, decode(found[1]))
    except Trouble:
        return None


def _read(name: str, term: Term) -> ModuleCode | None:
    match term:
        case (Atom("debug_info_v1"), Atom("erl_abstract_code"), (forms, _)):
            pass
        case (Atom("raw_abstract_v1"), forms):
            pass
        case (
            Atom("debug_info_v1"),
            Atom("elixir_erl"),
            (Atom("elixir_v1"), module, *_),
        ):
            return read_elixir(name, module)
        case _:
            return None
    items = list_items(forms)
    return None if items is None else read_erlang(name, items)
