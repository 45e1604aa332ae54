"""Random applications in two versions, as tables of modules.

The Erlang of a table is in `random_sources.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from hypothesis import strategies as st

WORKERS = ("a", "b", "c", "d", "e")
PLAIN = ("p", "q")
KINDS = ("server", "statem")
SHUTDOWNS = ("5000", "brutal_kill", "1000")


@dataclass(frozen=True, repr=False)
class Kid:
    """A child specification."""

    id: str
    module: str
    restart: str = "permanent"
    shutdown: str = "5000"

    def __repr__(self) -> str:
        return shown(self)


@dataclass(frozen=True, repr=False)
class Mod:
    """One module in one version."""

    kind: str
    tag: int = 1
    """What its answers say of it."""
    shape: int = 1
    proto: int = 1
    calls: tuple[tuple[str, str], ...] = ()
    """Modules, each with `import` or `name`."""
    keeps: bool = False
    """Whether it has a code_change that keeps the state."""
    mode: str = "state_functions"
    kids: tuple[Kid, ...] = ()

    def __repr__(self) -> str:
        return shown(self)


def shown(value: Kid | Mod) -> str:
    """Return how a case is written: only what is not the default."""
    said = [
        f"{each.name}={getattr(value, each.name)!r}"
        for each in fields(value)
        if getattr(value, each.name) != each.default
    ]
    return f"{type(value).__name__}({', '.join(said)})"


Version = dict[str, Mod]


def parents(version: Version) -> dict[str, str]:
    """Return by module the supervisor that it is below."""
    return {kid.module: name for name, mod in version.items() for kid in mod.kids} | (
        {"conn": "dyn"} if "dyn" in version else {}
    )


@st.composite
def first_versions(draw: st.DrawFn) -> Version:
    found: Version = {"sup": Mod("sup")}
    for name in draw(st.sets(st.sampled_from(PLAIN))):
        found[name] = Mod("plain")
    if draw(st.booleans()):
        put(found, "sup", Kid("in", "in"), Mod("sup"))
    if draw(st.booleans()):
        put(found, "sup", Kid("dyn", "dyn"), Mod("dyn"))
        found["conn"] = Mod("server", keeps=draw(st.booleans()))
        put(found, "sup", Kid("door", "door"), Mod("server"))
    if draw(st.booleans()):
        put(found, "sup", Kid("ev", "ev"), Mod("event"))
    names = draw(
        st.lists(st.sampled_from(WORKERS), min_size=1, max_size=4, unique=True)
    )
    for name in names:
        home = draw(st.sampled_from(supervisors(found)))
        put(found, home, Kid(name, name), draw(workers()))
    for name in [*names, *({"conn", "door"} & found.keys())]:
        found[name] = replace(found[name], calls=draw(calls(found, name)))
    return found


def workers() -> st.SearchStrategy[Mod]:
    return st.builds(
        Mod, kind=st.sampled_from(KINDS), keeps=st.booleans(), mode=st.just(MODES[0])
    )


MODES = ("state_functions", "handle_event_function")


def supervisors(version: Version) -> list[str]:
    return [name for name, mod in version.items() if mod.kind == "sup"]


def put(version: Version, home: str, kid: Kid, mod: Mod) -> None:
    while any(each.id == kid.id for each in version[home].kids):
        kid = replace(kid, id=f"{kid.id}_x")
    version[kid.module] = mod
    version[home] = replace(version[home], kids=(*version[home].kids, kid))


def take(version: Version, module: str) -> tuple[str, Kid]:
    """Take the child away; return where it was."""
    home = parents(version)[module]
    kid = next(each for each in version[home].kids if each.module == module)
    rest = tuple(each for each in version[home].kids if each is not kid)
    version[home] = replace(version[home], kids=rest)
    return home, kid


def calls(
    version: Version, name: str
) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    below = sorted(
        each
        for each, mod in version.items()
        if mod.kind in (*KINDS, "plain")
        and each > name
        and each not in ("conn", "door")
    )
    if not below:
        return st.just(())
    one = st.tuples(st.sampled_from(below), st.sampled_from(("import", "name")))
    return st.lists(one, max_size=2, unique_by=lambda each: each[0]).map(tuple)


def processes(version: Version) -> list[str]:
    """Return the workers that are registered and answer `poke`, sorted."""
    return sorted(
        name
        for name, mod in version.items()
        if mod.kind in KINDS and name in parents(version) and name != "conn"
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Version, Version]:
    """Return two versions; the second has the first's modules with some changes."""
    old = draw(first_versions())
    new = dict(old)
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4)):
        change(draw, new)
        for name, mod in new.items():
            there = tuple(each for each in mod.calls if each[0] in new)
            new[name] = replace(mod, calls=there)
    return (new, old) if draw(st.booleans()) else (old, new)


Change = Callable[[st.DrawFn, Version], None]


def some(draw: st.DrawFn, version: Version, kinds: tuple[str, ...]) -> str:
    names = sorted(name for name, mod in version.items() if mod.kind in kinds)
    return draw(st.sampled_from(names)) if names else ""


def code(draw, version):
    if name := some(draw, version, (*KINDS, "event", "plain")):
        version[name] = replace(version[name], tag=version[name].tag + 1)


def shape(draw, version):
    name = some(draw, version, (*KINDS, "event"))
    if name and version[name].mode == MODES[0]:
        version[name] = replace(version[name], shape=2)


def proto(draw, version):
    if name := some(draw, version, (*KINDS, "plain")):
        version[name] = replace(version[name], proto=2)


def gain(draw, version):
    name = draw(st.sampled_from(WORKERS))
    if name not in version:
        home = draw(st.sampled_from(supervisors(version)))
        put(version, home, Kid(name, name), draw(workers()))
        version[name] = replace(version[name], calls=draw(calls(version, name)))
        user = draw(st.sampled_from(WORKERS))
        if user < name and user in version:
            more = ((name, draw(st.sampled_from(("import", "name")))),)
            mod = version[user]
            version[user] = replace(mod, calls=mod.calls + more)


def lose(draw, version):
    names = [name for name in processes(version) if name in WORKERS]
    if names:
        name = draw(st.sampled_from(names))
        take(version, name)
        del version[name]


def move(draw, version):
    names = [name for name in processes(version) if name in WORKERS]
    if names:
        name = draw(st.sampled_from(names))
        _, kid = take(version, name)
        home = draw(st.sampled_from(supervisors(version)))
        put(version, home, kid, version[name])


def rename(draw, version):
    """Give a child another id, or the same child another module."""
    names = [name for name in processes(version) if name in WORKERS]
    if not names:
        return
    name = draw(st.sampled_from(names))
    home, kid = take(version, name)
    other = draw(st.sampled_from(WORKERS))
    if other in version:
        put(version, home, replace(kid, id=kid.id + "_x"), version[name])
    else:
        mod = version.pop(name)
        right = tuple(each for each in mod.calls if each[0] > other)
        put(version, home, replace(kid, module=other), replace(mod, calls=right))


def spec(draw, version):
    home = draw(st.sampled_from(supervisors(version)))
    kids = version[home].kids
    if kids:
        kid = draw(st.sampled_from(kids))
        other = replace(
            kid,
            restart=draw(st.sampled_from(("permanent", "transient"))),
            shutdown=draw(st.sampled_from(SHUTDOWNS)),
        )
        rest = tuple(other if each is kid else each for each in kids)
        version[home] = replace(version[home], kids=rest)


def kind(draw, version):
    names = [name for name in processes(version) if name in WORKERS]
    if names:
        name = draw(st.sampled_from(names))
        if draw(st.booleans()):
            other = KINDS[1 - KINDS.index(version[name].kind)]
            version[name] = replace(version[name], kind=other)
        else:
            take(version, name)
            version[name] = Mod("plain", proto=3)


def to_supervisor(draw, version):
    """Let a worker become a supervisor under the same id, others below it."""
    names = [name for name in processes(version) if name in WORKERS]
    if names:
        name = draw(st.sampled_from(names))
        version[name] = Mod("sup")
        for other, mod in version.items():
            right = tuple(each for each in mod.calls if each[0] != name)
            version[other] = replace(mod, calls=right)
        gain(draw, version)


def mode(draw, version):
    """Not with another shape: on the way down the newer mode would stay (RK767)."""
    name = some(draw, version, ("statem",))
    if name and version[name].shape == 1:
        version[name] = replace(version[name], mode=MODES[1])


def wrap(draw, version):
    """Put a child below a new supervisor, or all of a supervisor to the top."""
    if "box" not in version:
        names = [name for name in processes(version) if name in WORKERS]
        put(version, "sup", Kid("box", "box"), Mod("sup"))
        if names:
            name = draw(st.sampled_from(names))
            _, kid = take(version, name)
            put(version, "box", kid, version[name])
    elif "in" in version and version["in"].kind == "sup":
        take(version, "in")
        inner = version.pop("in")
        top = version["sup"]
        version["sup"] = replace(top, kids=top.kids + inner.kids)


def talk(draw, version):
    """Let a worker call others than before."""
    name = some(draw, version, KINDS)
    if name:
        version[name] = replace(version[name], calls=draw(calls(version, name)))


def plain(draw, version):
    name = draw(st.sampled_from(PLAIN))
    if name in version:
        del version[name]
    else:
        version[name] = Mod("plain")
        talk(draw, version)


CHANGES: tuple[Change, ...] = (
    code, shape, proto, gain, lose, move, rename, spec, kind, to_supervisor, mode, wrap,
    talk, plain,
)  # fmt: skip
