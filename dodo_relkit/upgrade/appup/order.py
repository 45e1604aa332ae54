"""In which order modules change: each after those it calls, circles together.

Takes the import tables, and who speaks to whom by name (`awaited.py`); knows nothing of
instructions. What is called through a variable is not seen.

        a ──▶ b ──▶ c          up: c, then b and d (they call each other), then a
              ▲│
              │▼               down: the same, backwards
               d
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from dodo_relkit.formats import beam
from dodo_relkit.graphs import condense

Uses = Mapping[str, tuple[str, ...]]


def uses_among(
    modules: Mapping[str, beam.Chunks], names: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return, for each of `names`, which others of them it calls, sorted."""
    chosen = sorted(set(names))
    found = {}
    for name in chosen:
        called = {module for module, _, _ in beam.imports(modules[name], file=name)}
        found[name] = tuple(each for each in chosen if each in called and each != name)
    return found


def used_first(uses: Uses) -> tuple[str, ...]:
    """Return all modules, each after those it uses; of several that could, by name.

    Modules that use each other in a circle stand together, by name.
    """
    circles = condense(uses)
    home = {name: at for at, circle in enumerate(circles) for name in circle}
    waits = [
        {home[used] for name in circle for used in uses[name]} - {at}
        for at, circle in enumerate(circles)
    ]
    ready = [(min(circles[at]), at) for at, before in enumerate(waits) if not before]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, done = heapq.heappop(ready)
        order += sorted(circles[done])
        for at, before in enumerate(waits):
            if done in before:
                before.discard(done)
                if not before:
                    heapq.heappush(ready, (min(circles[at]), at))
    return tuple(order)


def joined(uses: Uses, *others: Uses) -> dict[str, tuple[str, ...]]:
    """Return `uses` with those of the others that close no circle, one after the other.

    Processes that call each other by name are not to be suspended at once: the second
    would wait for the first.
    """
    found = {name: tuple(used) for name, used in uses.items()}
    for more in others:
        every = {
            name: tuple({*used, *(set(more.get(name, ())) & found.keys())})
            for name, used in found.items()
        }
        circles = condense(every)
        home = {name: at for at, circle in enumerate(circles) for name in circle}
        found = {
            name: tuple(
                sorted(
                    {*used, *(each for each in every[name] if home[each] != home[name])}
                )
            )
            for name, used in found.items()
        }
    return found
