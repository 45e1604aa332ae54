"""Which instructions the boot script of a release holds (script(4)).

Decides no order and checks nothing: the release is complete and sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dodo_relkit.formats.app import app_term
from dodo_relkit.formats.erlang_paths import absolute, join, split
from dodo_relkit.formats.rel import MANDATORY, RelApp
from dodo_relkit.formats.script import BootScript
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.needs import Needs, for_target, needs_of
from dodo_relkit.release.order import start_order
from dodo_relkit.target import FramePart, KernelProcess, Slot, Target
from dodo_relkit.terms.model import Atom, Term, make_string

STARTED_WHEN_CLEAN = ("kernel", "stdlib", "elixir")
"""What a clean boot starts, with all that these use, as far as it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootOptions:
    """What systools:make_script lets one choose about the script itself."""

    local: str = ""
    """When set, the script names the directories where the applications were found;
    relative ones lie below this directory. Otherwise `$ROOT/lib/Name-Vsn/ebin`."""
    variables: tuple[tuple[str, str], ...] = ()
    """Pairs of a boot variable and the prefix of the directories it stands for."""
    no_dot_erlang: bool = False
    """Whether the script leaves the user's `.erlang` alone."""


DEFAULT_OPTIONS = BootOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Boot:
    """What a boot script is made from."""

    release: Release
    """As the target reads it."""
    target: Target
    options: BootOptions
    needs: Mapping[str, Needs]
    started: tuple[RelApp, ...]
    """All entries in start order, also those that are only loaded."""


def make_boot(
    release: Release, target: Target, options: BootOptions = DEFAULT_OPTIONS
) -> BootScript:
    """Return the boot script of a sound release, as the target's systools makes it."""
    seen_by_target = for_target(release, target)
    needs = needs_of(seen_by_target)
    entries = {entry.name: entry for entry in release.rel.apps}
    boot = _Boot(
        release=seen_by_target,
        target=target,
        options=options,
        needs=needs,
        started=tuple(entries[name] for name in start_order(needs)),
    )
    instructions = [each for part in target.frame for each in _fill(part, boot)]
    return BootScript(
        name=release.rel.name, vsn=release.rel.vsn, instructions=tuple(instructions)
    )


def clean_release(release: Release) -> Release:
    """Return the release that starts only what a shell needs; the rest is loaded.

    It is what `start_clean` of a release boots, for `eval` and for configuration:
    kernel, stdlib and, where Elixir is in the release, Elixir and what it uses.
    Applications of type `none` stay so.
    """
    kept = _closure(STARTED_WHEN_CLEAN, release.apps)
    apps = tuple(
        replace(entry, start_type=_clean_type(entry, kept), typed=True)
        for entry in release.rel.apps
    )
    return replace(release, rel=replace(release.rel, apps=apps))


def _clean_type(entry: RelApp, kept: frozenset[str]) -> str:
    if entry.name in kept:
        return "permanent"
    return "none" if entry.start_type == "none" else "load"


def _closure(names: tuple[str, ...], apps: Mapping[str, App]) -> frozenset[str]:
    found: set[str] = set()
    left = [name for name in names if name in apps]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [use for use in apps[name].spec.applications if use in apps]
    return frozenset(found)


def _fill(part: FramePart, boot: _Boot) -> Iterable[Term]:
    """Return the instructions that stand at one place of the script."""
    if isinstance(part, Slot):
        return _FILLERS[part](boot)
    if isinstance(part, KernelProcess):
        start = (Atom(part.module), Atom(part.function), [_spec_term("kernel", boot)])
        return [(Atom("kernelProcess"), Atom(part.name), start)]
    return [part]


def _mandatory_path(boot: _Boot) -> Iterable[Term]:
    return [_path([each for each in boot.started if each.name in MANDATORY], boot)]


def _modules(boot: _Boot) -> Iterator[Term]:
    loaded = frozenset((*boot.target.preloaded, *boot.target.mandatory))
    for entry in boot.started:
        modules = boot.release.apps[entry.name].spec.modules
        yield _path([entry], boot)
        names = sorted(name for name in modules if name not in loaded)
        yield (Atom("primLoad"), [Atom(name) for name in names])


def _all_paths(boot: _Boot) -> Iterable[Term]:
    return [_path(boot.started, boot)]


def _load(boot: _Boot) -> Iterator[Term]:
    for entry in boot.started:
        if entry.name != "kernel" and entry.start_type != "none":
            yield _apply("application", "load", [_spec_term(entry.name, boot)])


def _start(boot: _Boot) -> Iterator[Term]:
    release = boot.release
    included = {name for entry in boot.started for name in release.includes(entry)}
    for entry in boot.started:
        if entry.name not in included and entry.start_type not in ("load", "none"):
            arguments: list[Term] = [Atom(entry.name), Atom(entry.start_type)]
            yield _apply("application", "start_boot", arguments)


def _dot_erlang(boot: _Boot) -> Iterable[Term]:
    return [] if boot.options.no_dot_erlang else [_apply("c", "erlangrc", [])]


_FILLERS: Mapping[Slot, Callable[[_Boot], Iterable[Term]]] = {
    Slot.MANDATORY_PATH: _mandatory_path,
    Slot.MODULES: _modules,
    Slot.PATH: _all_paths,
    Slot.LOAD: _load,
    Slot.START: _start,
    Slot.DOT_ERLANG: _dot_erlang,
}


def _spec_term(name: str, boot: _Boot) -> Term:
    """Return `{application, Name, Properties}` with the needs as they order."""
    spec = replace(
        boot.release.apps[name].spec,
        applications=boot.needs[name].uses,
        included_applications=boot.needs[name].includes,
    )
    return app_term(spec, boot.target.spec_keys)


def _apply(module: str, function: str, arguments: list[Term]) -> Term:
    return (Atom("apply"), (Atom(module), Atom(function), arguments))


def _path(entries: Iterable[RelApp], boot: _Boot) -> Term:
    apps = boot.release.apps
    paths = [code_path(each, apps[each.name], boot.options) for each in entries]
    return (Atom("path"), [make_string(path) for path in dict.fromkeys(paths)])


def code_path(entry: RelApp, app: App, options: BootOptions) -> str:
    """Return the code path of an application as the boot script names it."""
    if options.local:
        return absolute(app.ebin, options.local)
    folder = f"{entry.name}-{entry.vsn}"
    for variable, prefix in options.variables:
        cut = prefix.rstrip("/")
        if app.ebin.startswith(cut):
            below = split(app.ebin)[len(split(cut)) :]
            if below[-2:] in ([entry.name, "ebin"], [folder, "ebin"]):
                below = below[:-2]
            return join(f"${variable}", *below, folder, "ebin")
    return join("$ROOT", "lib", folder, "ebin")
