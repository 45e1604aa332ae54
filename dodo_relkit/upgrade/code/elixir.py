"""Elixir's debug information as the values of `model.py`.

The definitions in it are expanded: macros are gone, names are whole, each binding of a
variable has a number. Source: `Macro` (the forms of quoted expressions), and what the
compiler leaves in the chunk `Dbgi` under the backend `elixir_erl`.
"""

from __future__ import annotations

from dodo_relkit.terms.model import Atom, Map, Term, list_items
from dodo_relkit.upgrade.code.model import (
    Call,
    Choice,
    Clause,
    Constant,
    Expression,
    Function,
    FunName,
    FunOf,
    ListOf,
    MapOf,
    Match,
    ModuleCode,
    Other,
    Record,
    RecordOf,
    Sequence,
    TupleOf,
    Variable,
)


def read_elixir(name: str, module: Term) -> ModuleCode | None:
    """Return the code of module `name` from its map in the debug information.

    None when the map is of a form that is not known.
    """
    if not isinstance(module, Map):
        return None
    entries = {key.name: value for key, value in module.pairs if isinstance(key, Atom)}
    definitions = list_items(entries.get("definitions", 0))
    if definitions is None:
        return None
    file = _path(entries.get("file", b""))
    functions = {}
    for definition in definitions:
        function = _function(definition)
        if function is not None:
            functions[function.name, function.arity] = function
    return ModuleCode(
        name=name,
        file=file,
        functions=dict(sorted(functions.items(), key=lambda each: each[1].line)),
        struct=_struct(name, entries, file),
    )


def _path(term: Term) -> str:
    return term.decode("utf-8", "replace") if type(term) is bytes else ""


def _struct(name: str, entries: dict[str, Term], file: str) -> Record | None:
    """Return the fields of `defstruct`: Elixir lists them since 1.9, as maps."""
    given = entries.get("struct")
    if isinstance(given, Map):
        keys = [key.name for key, _ in given.pairs if isinstance(key, Atom)]
    else:
        keys = []
        for item in list_items(given if given is not None else 0) or ():
            if isinstance(item, Map):
                field = dict_of(item).get("field")
                keys += [field.name] if isinstance(field, Atom) else []
    if not keys and not isinstance(given, list):
        return None
    line = entries.get("line")
    return Record(
        name=name,
        fields=tuple(key for key in keys if key != "__struct__"),
        file=file,
        line=line if isinstance(line, int) else 0,
    )


def dict_of(term: Map) -> dict[str, Term]:
    """Return the values of a map by its keys that are atoms."""
    return {key.name: value for key, value in term.pairs if isinstance(key, Atom)}


def _function(definition: Term) -> Function | None:
    match definition:
        case ((Atom(name), int(arity)), Atom("def" | "defp"), meta, clauses):
            return Function(
                name=name,
                arity=arity,
                clauses=tuple(
                    _definition_clause(each) for each in list_items(clauses) or ()
                ),
                line=_line(meta),
            )
        case _:
            return None


def _definition_clause(clause: Term) -> Clause:
    match clause:
        case (meta, patterns, guards, body):
            return Clause(_all(patterns), (_expression(body),), _all(guards),
                          _line(meta))  # fmt: skip
        case _:
            return Clause((), ())


def _meta(meta: Term, key: str) -> Term | None:
    for item in list_items(meta) or ():
        match item:
            case (Atom(found), value) if found == key:
                return value
    return None


def _line(meta: Term) -> int:
    line = _meta(meta, "line")
    return line if isinstance(line, int) else 0


def _all(forms: Term) -> tuple[Expression, ...]:
    return tuple(_expression(form) for form in list_items(forms) or ())


def _expression(form: Term) -> Expression:  # noqa: C901, PLR0912 - a case a form
    """Return one expression or pattern."""
    if type(form) is str:  # a list of small numbers
        return Constant(form)
    if type(form) is list:
        return _list(form)
    match form:
        case (Atom("{}"), _, items):
            return TupleOf(_all(items))
        case (Atom("%{}"), _, pairs):
            return _map(list_items(pairs) or [])
        case (Atom("%"), meta, [Atom(name), (Atom("%{}"), _, pairs)]):
            return _as_struct(name, _map(list_items(pairs) or []), _line(meta))
        case (Atom("__block__"), _, items):
            return Sequence(_all(items))
        case (Atom("="), _, [left, right]):
            return Match(_expression(left), _expression(right))
        case (Atom("^"), _, [pinned]):
            return Other((_expression(pinned),))
        case (Atom("fn"), meta, clauses):
            return FunOf(_arrows(clauses), _line(meta))
        case (Atom("&"), meta, [captured]):
            return _capture(captured, _line(meta))
        case (Atom(word), _, blocks) if word in _BRANCHES and _is_list(blocks):
            return _branches(word, list_items(blocks) or [])
        case (Atom("<<>>" | "::" | "for" | "super" as word), _, parts):
            return Other(_all(parts)) if word != "::" else Other()
        case ((Atom("."), _, [module, Atom(name)]), meta, arguments):
            called = Constant(Atom(name))
            return Call(_expression(module), called, _all(arguments), _line(meta))
        case ((Atom("."), _, [called]), meta, arguments):
            return Call(None, _expression(called), _all(arguments), _line(meta))
        case (Atom(name), meta, Atom()):
            return Variable(_binding(name, meta))
        case (Atom(name), meta, arguments) if _is_list(arguments):
            called = Constant(Atom(name))
            return Call(None, called, _all(arguments), _line(meta))
        case (one, two) if type(form) is tuple:
            return TupleOf((_expression(one), _expression(two)))
        case _:
            return Constant(form)


_BRANCHES = frozenset({"case", "cond", "receive", "try", "with"})


def _is_list(term: Term) -> bool:
    return list_items(term) is not None


def _binding(name: str, meta: Term) -> str:
    if name == "_":
        return name
    version = _meta(meta, "version")
    return f"{name}@{version}" if isinstance(version, int) else name


def _list(items: list[Term]) -> Expression:
    if items:
        match items[-1]:
            case (Atom("|"), _, [last, tail]):
                head = tuple(_expression(each) for each in items[:-1])
                return ListOf((*head, _expression(last)), _expression(tail))
    return ListOf(tuple(_expression(each) for each in items))


def _map(items: list[Term]) -> MapOf:
    match items:
        case [(Atom("|"), _, [base, pairs])]:
            written = _pairs(list_items(pairs) or [])
            needs = tuple(key for key, _ in written)
            return MapOf(written, _expression(base), needs)
        case _:
            return MapOf(_pairs(items))


def _pairs(items: list[Term]) -> tuple[tuple[Expression, Expression], ...]:
    return tuple(
        (_expression(item[0]), _expression(item[1]))
        for item in items
        if type(item) is tuple and len(item) == 2
    )


def _as_struct(name: str, given: MapOf, line: int) -> RecordOf:
    fields = tuple(
        (key.term.name, value)
        for key, value in given.pairs
        if isinstance(key, Constant) and isinstance(key.term, Atom)
    )
    return RecordOf(name, fields, given.base, is_struct=True, line=line)


def _arrows(forms: Term) -> tuple[Clause, ...]:
    found = []
    for form in list_items(forms) or ():
        match form:
            case (Atom("->"), meta, [patterns, body]):
                heads, guards = _heads(list_items(patterns) or [])
                found.append(Clause(heads, (_expression(body),), guards, _line(meta)))
    return tuple(found)


def _heads(
    patterns: list[Term],
) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    match patterns:
        case [(Atom("when"), _, [*heads, guard])]:
            return tuple(map(_expression, heads)), (_expression(guard),)
        case _:
            return tuple(map(_expression, patterns)), ()


def _branches(word: str, arguments: list[Term]) -> Expression:
    """Return case, cond, receive, try or with: subjects, then `[do: …, else: …]`."""
    *subjects, blocks = arguments or [[]]
    clauses: list[Clause] = []
    parts = [_arrow_step(each) for each in subjects]
    for block in list_items(blocks) or ():
        match block:
            case (Atom("after"), body) if word == "try":
                parts.append(_expression(body))
            case (Atom(), body) if _arrows(body):
                clauses += _arrows(body)
            case (Atom(), body):
                clauses.append(Clause((), (_expression(body),)))
    if word == "cond":  # what stands before an arrow is no pattern
        clauses = [Clause((), each.body, each.patterns, each.line) for each in clauses]
    return Choice(tuple(parts), tuple(clauses), word)


def _arrow_step(form: Term) -> Expression:
    """Return `pattern <- value` of `with` as a match."""
    match form:
        case (Atom("<-"), _, [(Atom("when"), _, [left, _]), right]):
            return Match(_expression(left), _expression(right))
        case (Atom("<-"), _, [left, right]):
            return Match(_expression(left), _expression(right))
        case _:
            return _expression(form)


def _capture(captured: Term, line: int) -> Expression:
    match captured:
        case (Atom("/"), _, [((Atom("."), _, [Atom(module), Atom(name)]), _, _),
                             int(arity)]):  # fmt: skip
            return FunName(module, name, arity, line)
        case (Atom("/"), _, [(Atom(name), _, _), int(arity)]):
            return FunName(None, name, arity, line)
        case _:
            return Other()
