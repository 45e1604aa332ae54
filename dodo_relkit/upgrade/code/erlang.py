"""Erlang's abstract code as the values of `model.py`.

Source of the forms: "The Abstract Format" of the ERTS user's guide. A form that this
file does not know becomes `Other`.
"""

from __future__ import annotations

from collections.abc import Iterable

from dodo_relkit.terms.model import Atom, Term, list_items, string_text
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


def read_erlang(name: str, forms: Iterable[Term]) -> ModuleCode:
    """Return the code of module `name` from its forms."""
    functions: dict[tuple[str, int], Function] = {}
    records: dict[str, Record] = {}
    first = file = ""
    for form in forms:
        match form:
            case (Atom("attribute"), _, Atom("file"), (path, _)):
                file = string_text(path) or file
                first = first or file
            case (Atom("attribute"), anno, Atom("record"), (Atom(record), fields)):
                names = tuple(_field_name(each) for each in list_items(fields) or ())
                records[record] = Record(
                    name=record, fields=names, file=file, line=line_of(anno)
                )
            case (Atom("function"), anno, Atom(called), int(arity), clauses):
                functions[called, arity] = Function(
                    name=called,
                    arity=arity,
                    clauses=_clauses(clauses),
                    line=line_of(anno),
                )
    return ModuleCode(name=name, file=first, functions=functions, records=records)


def line_of(anno: Term) -> int:
    """Return the line of an annotation: a number, a pair, or a list of properties."""
    match anno:
        case int(line):
            return line
        case (int(line), int()) if type(anno) is tuple:
            return line
    for item in list_items(anno) or ():
        match item:
            case (Atom("location"), location):
                return line_of(location)
    return 0


def _field_name(form: Term) -> str:
    match form:
        case (Atom("typed_record_field"), inner, _):
            return _field_name(inner)
        case (Atom("record_field"), _, (Atom("atom"), _, Atom(name)), *_):
            return name
        case _:
            return "?"


def _clauses(forms: Term) -> tuple[Clause, ...]:
    found = []
    for form in list_items(forms) or ():
        match form:
            case (Atom("clause"), anno, patterns, guards, body):
                tests = [
                    test for guard in list_items(guards) or () for test in _all(guard)
                ]
                found.append(
                    Clause(_all(patterns), _all(body), tuple(tests), line_of(anno))
                )
    return tuple(found)


def _all(forms: Term) -> tuple[Expression, ...]:
    return tuple(_expression(form) for form in list_items(forms) or ())


def _expression(form: Term) -> Expression:  # noqa: C901, PLR0912 - a case a form
    """Return one expression or pattern."""
    match form:
        case (Atom("var"), _, Atom(name)):
            return Variable(name)
        case (Atom("atom" | "integer" | "float" | "char" | "string"), _, value):
            return Constant(value)
        case (Atom("tuple"), _, items):
            return TupleOf(_all(items))
        case (Atom("nil"), _):
            return ListOf(())
        case (Atom("cons"), _, head, tail):
            return _list(head, tail)
        case (Atom("match"), _, left, right):
            return Match(_expression(left), _expression(right))
        case (Atom("block"), _, body):
            return Sequence(_all(body))
        case (Atom("map"), _, pairs):
            return MapOf(_pairs(pairs))
        case (Atom("map"), _, base, pairs):
            return MapOf(_pairs(pairs), _expression(base), _exact(pairs))
        case (Atom("record"), anno, Atom(name), fields):
            return RecordOf(name, _fields(fields), line=line_of(anno))
        case (Atom("record"), anno, base, Atom(name), fields):
            start = _expression(base)
            return RecordOf(name, _fields(fields), start, line=line_of(anno))
        case (Atom("call"), anno, called, arguments):
            return _call(called, _all(arguments), line_of(anno))
        case _:
            return _compound(form)


def _compound(form: Term) -> Expression:  # noqa: C901, PLR0912 - as above
    """Return an expression with clauses, or one of which only the parts are kept."""
    match form:
        case (Atom("case" | "maybe"), _, subject, clauses):
            return Choice((_expression(subject),), _clauses(clauses))
        case (Atom("if"), _, clauses):
            return Choice((), _clauses(clauses), "if")
        case (Atom("receive"), _, clauses):
            return Choice((), _clauses(clauses), "receive")
        case (Atom("receive"), _, clauses, after, body):
            last = Clause((), _all(body))
            subjects = (_expression(after),)
            return Choice(subjects, (*_clauses(clauses), last), "receive")
        case (Atom("try"), _, body, clauses, handlers, after):
            tried = _all(body)
            arms = _clauses(clauses) or (Clause((), tried),)
            every = (*arms, *_clauses(handlers))
            return Choice((*tried, *_all(after)), every, "try")
        case (Atom("fun"), anno, (Atom("clauses"), clauses)):
            return FunOf(_clauses(clauses), line_of(anno))
        case (Atom("named_fun"), anno, _, clauses):
            return FunOf(_clauses(clauses), line_of(anno))
        case (Atom("fun"), anno, (Atom("function"), *named)):
            return _fun_name(named, line_of(anno))
        case (Atom("catch"), _, inner):
            return Choice((), (Clause((), (_expression(inner),)),), "catch")
        case (Atom("record_index"), *_):
            return Other()
        case (Atom("record_field"), _, record, Atom(name), (Atom("atom"), _, wanted)):
            return Other((RecordOf(name, ((_text(wanted), Variable("_")),),
                                   _expression(record)),))  # fmt: skip
        case (Atom("op"), anno, Atom() as name, *operands):
            arguments = tuple(_expression(each) for each in operands)
            erlang = Constant(Atom("erlang"))
            return Call(erlang, Constant(name), arguments, line_of(anno))
        case (Atom(), _, *rest) if type(form) is tuple:
            return Other(tuple(_loose(rest)))
        case _:
            return Other()


def _loose(rest: Iterable[Term]) -> Iterable[Expression]:
    """Yield what looks like an expression in a form that is not known in detail."""
    for each in rest:
        match each:
            case (Atom(), _, *_) if type(each) is tuple:
                yield _expression(each)
            case [*items] if type(each) is list:
                yield from _loose(items)


def _list(head: Term, tail: Term) -> Expression:
    items = [_expression(head)]
    while True:
        match tail:
            case (Atom("cons"), _, next_head, next_tail):
                items.append(_expression(next_head))
                tail = next_tail
            case (Atom("nil"), _):
                return ListOf(tuple(items))
            case _:
                return ListOf(tuple(items), _expression(tail))


def _pairs(forms: Term) -> tuple[tuple[Expression, Expression], ...]:
    found = []
    for form in list_items(forms) or ():
        match form:
            case (Atom("map_field_assoc" | "map_field_exact"), _, key, value):
                found.append((_expression(key), _expression(value)))
    return tuple(found)


def _exact(forms: Term) -> tuple[Expression, ...]:
    """Return the keys that are written with `:=`."""
    return tuple(
        _expression(form[2])
        for form in list_items(forms) or ()
        if type(form) is tuple and form[:1] == (Atom("map_field_exact"),)
    )


def _fields(forms: Term) -> tuple[tuple[str, Expression], ...]:
    found = []
    for form in list_items(forms) or ():
        match form:
            case (Atom("record_field"), _, (Atom("atom" | "var"), _, name), value):
                found.append((_text(name), _expression(value)))
    return tuple(found)


def _call(called: Term, arguments: tuple[Expression, ...], line: int) -> Expression:
    match called:
        case (Atom("remote"), _, module, function):
            return Call(_expression(module), _expression(function), arguments, line)
        case _:
            return Call(None, _expression(called), arguments, line)


def _fun_name(named: list[Term], line: int) -> Expression:
    match named:
        case [Atom(name), int(arity)]:
            return FunName(None, name, arity, line)
        case [
            (Atom("atom"), _, Atom(module)),
            (Atom("atom"), _, Atom(name)),
            (Atom("integer"), _, int(arity)),
        ]:
            return FunName(module, name, arity, line)
        case _:
            return Other(tuple(_loose(named)))


def _text(name: Term) -> str:
    return name.name if isinstance(name, Atom) else "?"
