"""What keeps the applications of a release from being put in an order to start.

The order itself is in `order.py`; where there is none, systools names applications in
lists that follow from how it goes about, and this goes about it in the same way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from dodo_relkit.release.needs import Needs, without


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacles:
    """What stood in the way; nothing, when there is an order."""

    circular: tuple[str, ...]
    """Applications on a circle, in the order in which systools lists them."""
    unplaced: tuple[tuple[str, str], ...]
    """Pairs of an application and who waits for it in vain, as systools lists them."""


def find_obstacles(needs: Mapping[str, Needs]) -> Obstacles:
    """Return what keeps the applications with these needs from an order.

    `needs` is in `.rel` order. An application is looked at, what it waits for and has
    not started is moved in front of it, and it is looked at again after those. Each
    move is of constant cost, so the walk is linear in the number of needs.
    """
    waiting: OrderedDict[str, None] = OrderedDict.fromkeys(needs)
    seen: set[str] = set()
    circular: list[str] = []
    unplaced: list[tuple[str, str]] = []
    while waiting:
        name, _ = waiting.popitem(last=False)
        own = needs[name]
        used, missing_uses = _take(name, own.uses, needs, waiting, seen)
        included, missing = _take(name, own.includes, needs, waiting, seen)
        missing = [*without(tuple(missing_uses), own.optional), *missing]
        unplaced[:0] = [(each, name) for each in missing]
        before = used + included
        if before:
            back = [each for each in before if each in seen]
            if back:
                circular[:0] = [name, *back]
            for each in [name, *reversed(before)]:
                if each not in back:
                    waiting[each] = None
                    waiting.move_to_end(each, last=False)
        seen.add(name)
    return Obstacles(
        circular=tuple(dict.fromkeys(circular)),
        unplaced=tuple(dict.fromkeys(unplaced)),
    )


def _take(
    name: str,
    wanted: tuple[str, ...],
    needs: Mapping[str, Needs],
    waiting: OrderedDict[str, None],
    seen: set[str],
) -> tuple[list[str], list[str]]:
    """Take what `name` wants out of `waiting`; return that, and what is nowhere.

    An application that includes `name` is left where it is: an included application
    may use its includer without waiting for it.
    """
    found: list[str] = []
    missing: list[str] = []
    for each in reversed(wanted):
        if each in waiting and name not in needs[each].includes:
            del waiting[each]
            found.append(each)
        elif each not in seen:
            missing.append(each)
    return found[::-1], missing[::-1]
