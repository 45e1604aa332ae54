"""In which order the applications of a release start. Knows nothing of files.

networkx resolves it: depth first, an application comes after what it waits for, and
every choice follows the order of the `.rel`. What stands in the way of an order is
found in `obstacles.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dodo_relkit.graphs import post_order
from dodo_relkit.release.needs import Needs


def start_order(needs: Mapping[str, Needs]) -> list[str]:
    """Return the applications of a sound release, each after what it waits for.

    `needs` is in `.rel` order. Without obstacles this is the order of systools_make,
    which tells the choice among several orders; with some it is of no use.
    """
    return post_order({name: _waits_for(name, needs) for name in needs})


def _waits_for(name: str, needs: Mapping[str, Needs]) -> list[str]:
    """Return what `name` uses, then what it includes, as far as it is there.

    An included application may use its includer, but cannot wait for it.
    """
    own = needs[name]
    return [
        each
        for each in (*own.uses, *own.includes)
        if each in needs and name not in needs[each].includes
    ]
