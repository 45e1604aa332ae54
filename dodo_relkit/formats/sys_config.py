"""What a `sys.config` says, how two are merged, and how one is written.

Source of the rules: config(4) and application_controller, which decides with what
a node starts. Included files are only named here, never read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.config_text import reasons_not_erlang
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    list_items,
)
from dodo_relkit.terms.pretty import format_compact, format_term
from dodo_relkit.terms.spelling import Printable
from dodo_relkit.terms.text import consult

HEADER = "%% coding: utf-8\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SysConfig:
    """A configuration: parameters by application, and files to include."""

    apps: Mapping[str, Mapping[str, Term]] = field(default_factory=dict)
    """Application, key, value; both levels in the order of the file."""
    before: tuple[str, ...] = ()
    """Names of files the node reads before `apps`, which wins over them."""
    after: tuple[str, ...] = ()
    """Names of files the node reads after `apps`; they win over it."""


def load_sys_config(
    data: bytes, file: str = "sys.config"
) -> tuple[SysConfig, tuple[Diagnostic, ...]]:
    """Return the configuration a `sys.config` holds, and warnings.

    An application named twice is merged as the node does it: key by key, the last
    value counts. Raises Trouble with all errors: not one list, entries that are
    neither `{App, Parameters}` nor a string, parameters that are no `{Key, Value}`,
    a key given twice (the node would not start); text that is no Erlang term, with
    each unquoted `${VAR}` and each pid, port, reference or fun in it named.
    """
    entries = list_items(_read_term(data, file))
    if entries is None:
        raise Trouble([_not_a_list("another term", file)])
    return _config_of(entries, file)


def merge_sys_configs(base: SysConfig, over: SysConfig) -> SysConfig:
    """Return `base` with `over` laid on it, as Elixir's `Config.Reader.merge/2` does.

    Applications, then keys, then values that are keyword lists on both sides (lists
    of `{atom, term}`, also the empty one) are merged, at every depth; of any other
    two values that of `over` counts. Where a keyword list has a key several times,
    the first of `base` meets the first of `over`, and so on; a key that `over` has
    keeps no more entries than `over` has. What `over` does not name comes first, in
    the order of `base`; then all that `over` names, in its order.

    So an empty one changes nothing on either side, merging a configuration with itself
    changes nothing, and the order of two merges does not matter as long as a
    keyword list never meets another kind of value.
    """
    apps = {name: env for name, env in base.apps.items() if name not in over.apps}
    for name, env in over.apps.items():
        apps[name] = _merge_envs(base.apps.get(name, {}), env)
    return SysConfig(
        apps=apps,
        before=_without_repeats(base.before + over.before),
        after=_without_repeats(base.after + over.after),
    )


def dump_sys_config(config: SysConfig) -> bytes:
    """Return the text of `config`: UTF-8, one application a line or more.

    The order is that of `config`, so equal inputs give equal bytes. Raises Trouble
    for every value that has no text form, with its application and key.
    """
    troubles = [
        diagnostic(
            Code.CONFIG_NO_TEXT_FORM,
            Place(file="sys.config", key=f"{name}.{key}"),
            value=found,
        )
        for name, env in config.apps.items()
        for key, value in env.items()
        for found in _without_text_form(value)
    ]
    if troubles:
        raise Trouble(troubles)
    terms: list[Term] = [*config.before]
    for name, env in config.apps.items():
        pairs: list[Term] = [(Atom(key), value) for key, value in env.items()]
        terms.append((Atom(name), pairs))
    terms.extend(config.after)
    # One more column for the bracket; no line of a printed term begins in a string.
    texts = (format_term(each, printable=Printable.UNICODE) for each in terms)
    lines = [each.replace("\n", "\n ") for each in texts]
    listed = ",\n ".join(lines)
    return f"{HEADER}[{listed}].\n".encode()


def _read_term(data: bytes, file: str) -> Term:
    try:
        terms = consult(data, file)
    except Trouble as trouble:
        raise Trouble(reasons_not_erlang(data, file) or trouble.diagnostics) from None
    if len(terms) != 1:
        found = "nothing" if not terms else f"{len(terms)} terms"
        raise Trouble([_not_a_list(found, file)])
    return terms[0]


def _not_a_list(found: str, file: str) -> Diagnostic:
    return diagnostic(Code.CONFIG_NOT_A_LIST, Place(file=file), found=found)


def _config_of(
    entries: list[Term], file: str
) -> tuple[SysConfig, tuple[Diagnostic, ...]]:
    found: list[Diagnostic] = []
    apps: dict[str, dict[str, Term]] = {}
    before: list[str] = []
    after: list[tuple[str, int]] = []
    for number, entry in enumerate(entries):
        match entry:
            case str() if not apps:
                before.append(entry)
            case str():
                after.append((entry, len(apps)))
            case tuple((Atom(name), parameters)) if list_items(parameters) is not None:
                env = _env_of(name, list_items(parameters) or [], file, found)
                if name in apps:
                    place = Place(file=file, key=name)
                    found.append(diagnostic(Code.CONFIG_APP_TWICE, place, app=name))
                apps[name] = {**apps.get(name, {}), **env}
            case _:
                place = Place(file=file, key=f"[{number}]")
                text = _shortened(entry)
                found.append(diagnostic(Code.CONFIG_BAD_ENTRY, place, entry=text))
    found.extend(
        diagnostic(Code.CONFIG_INCLUDE_MOVED, Place(file=file), include=name)
        for name, seen in after
        if seen < len(apps)
    )
    if any(each.is_error for each in found):
        raise Trouble(found)
    config = SysConfig(
        apps=apps, before=tuple(before), after=tuple(name for name, _ in after)
    )
    return config, tuple(found)


def _env_of(
    app: str, parameters: list[Term], file: str, found: list[Diagnostic]
) -> dict[str, Term]:
    env: dict[str, Term] = {}
    for parameter in parameters:
        match parameter:
            case tuple((Atom(key), _)) if key in env:
                place = Place(file=file, key=f"{app}.{key}")
                found.append(diagnostic(Code.CONFIG_KEY_TWICE, place, app=app, key=key))
            case tuple((Atom(key), value)):
                env[key] = value
            case _:
                place = Place(file=file, key=app)
                text = _shortened(parameter)
                found.append(
                    diagnostic(Code.CONFIG_BAD_PARAMETER, place, parameter=text)
                )
    return env


def _merge_envs(
    base: Mapping[str, Term], over: Mapping[str, Term]
) -> Mapping[str, Term]:
    env = {key: value for key, value in base.items() if key not in over}
    for key, value in over.items():
        env[key] = _merge_values(base[key], value) if key in base else value
    return env


def _merge_values(base: Term, over: Term) -> Term:
    ours, theirs = _keywords(base), _keywords(over)
    if ours is None or theirs is None:
        return over
    waiting: dict[str, list[Term]] = {}
    for key, value in ours:
        waiting.setdefault(key.name, []).append(value)
    named = {key for key, _ in theirs}
    merged: list[Term] = [pair for pair in ours if pair[0] not in named]
    for key, value in theirs:
        met = waiting.get(key.name)
        merged.append((key, _merge_values(met.pop(0), value) if met else value))
    return merged


def _keywords(term: Term) -> list[tuple[Atom, Term]] | None:
    """Return the pairs of a list of `{atom, term}`, None for any other term."""
    if type(term) is not list:
        return None
    pairs: list[tuple[Atom, Term]] = []
    for each in term:
        match each:
            case tuple((Atom() as key, value)):
                pairs.append((key, value))
            case _:
                return None
    return pairs


def _without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names, each at its last place: what is read last counts."""
    return tuple(reversed(dict.fromkeys(reversed(names))))


def _without_text_form(value: object) -> list[str]:
    """Return what in `value` is no term of ours, described."""
    match value:
        case bool() | None:
            return [repr(value)]
        case float() if not math.isfinite(value):
            return [repr(value)]
        case int() | float() | str() | bytes() | Atom() | BitString() | ExternalFun():
            return []
        case tuple() | list():
            return [each for item in value for each in _without_text_form(item)]
        case Improper(items, tail):
            return _without_text_form([*items, tail])
        case Map(pairs):
            return _without_text_form(pairs)
        case _:
            return [f"a value of the Python type {type(value).__name__}"]


def _shortened(term: Term) -> str:
    text = format_compact(term)
    return text if len(text) <= 60 else f"{text[:57]}..."
