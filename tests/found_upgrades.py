"""Upgrades that random ones showed to fail once, made small; by what was wrong."""

from __future__ import annotations

from tests.random_upgrades import MODES, Kid, Mod, Version


def tree(*children: str, **modules: Mod) -> Version:
    """Return a version with these children at the top, named as their modules."""
    return {"sup": Mod("sup", kids=tuple(map(kid, children))), **modules}


def kid(name: str) -> Kid:
    return Kid(name, name)


def box(*children: str) -> Mod:
    return Mod("sup", kids=tuple(map(kid, children)))


def server(*calls: str, **more) -> Mod:
    return Mod("server", calls=tuple((name, "import") for name in calls), **more)


def named(*calls: str, **more) -> Mod:
    return Mod("server", calls=tuple((name, "name") for name in calls), **more)


STARTING = {"dyn": Mod("dyn"), "door": server()}
FOUND: dict[str, tuple[Version, Version]] = {
    "who used what is below a supervisor that stops was not suspended": (
        tree("a", "b", a=server("b"), b=server()),
        tree("a", "box", a=server("b"), b=server(), box=box("b")),
    ),
    "the same by name": (
        tree("a", "b", a=named("b"), b=server()),
        tree("a", "box", a=named("b"), b=server(), box=box("b")),
    ),
    "a child began while it ran elsewhere": (
        tree("in", "a", **{"in": box(), "a": server()}),
        tree("in", **{"in": box("a"), "a": server()}),
    ),
    "who waits through another was suspended after whom it waits for": (
        tree("e", "c", "b", "a", e=server(), c=server("e"), b=server("c"),
             a=server("b", "e")),
        tree("c", "b", "a", "box", e=server(), c=server("e"), b=server("c"),
             a=server(tag=2), box=box("e")),
    ),
    "connections that use what stops began unseen": (
        tree("dyn", "door", "d", **STARTING, conn=server("d"), d=server()),
        tree("dyn", "door", "box", **STARTING, conn=server("d"), d=server(),
             box=box("d")),
    ),
    "a module that comes with a supervisor counted as one that calls it": (
        tree("b", "c", "d", b=named("c"), c=server("d"), d=server()),
        tree("b", "d", "box", b=named("c", tag=2), c=server(), d=box(), box=box("c")),
    ),
    "an updated one that waits kept another from being suspended": (
        tree("e", "c", "a", e=server(), c=server("e"),
             a=Mod("statem", calls=(("c", "name"),), keeps=True)),
        tree("c", "a", "box", e=server(), c=server("e", tag=2), box=box("e"),
             a=Mod("statem", calls=(("c", "name"),), keeps=True, mode=MODES[1])),
    ),
    "a user of what stops went on after its update, before that began again": (
        tree("a", "b", "box", a=box(), b=Mod("statem", calls=(("e", "import"),)),
             e=server(), box=box("e")),
        tree("e", "a", "b", a=server("b"), e=server(),
             b=Mod("statem", calls=(("e", "import"),), mode=MODES[1])),
    ),
    "who calls a child was needed by another, and changed before that began": (
        tree("e", "c", "b", e=server(), c=box(), b=Mod("statem", keeps=True)),
        tree("e", "c", "a", "b", e=server(), c=Mod("statem"), a=named("b", "c"),
             b=Mod("statem", calls=(("c", "name"),), keeps=True)),
    ),
    "who was suspended twice was resumed twice": (
        tree("c", "e", "b", "d", c=Mod("statem", calls=(("d", "import"),)),
             e=server(), b=server("c"), d=server("e")),
        tree("c", "b", "d", "box", c=Mod("statem", calls=(("d", "import"),)),
             e=server(), b=server("c", "e"), d=server("e"), box=box("e")),
    ),
    "whom only the older version calls was suspended before its caller": (
        tree("e", "d", p=Mod("plain"), e=server("p"), d=named("e")),
        tree("e", "d", p=Mod("plain", proto=2), e=server("p"), d=named("p")),
    ),
    "a server became a supervisor under the same id": (
        tree("a", a=server()),
        tree("a", a=box("b"), b=server()),
    ),
}  # fmt: skip
