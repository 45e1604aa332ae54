"""What the configuration asks of the instructions of one application.

Takes the settings `purge` and `upgrade_strategies`, checked; decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dodo_relkit.upgrade.appup.generate import Wishes
from dodo_relkit.upgrade.appup.strategies import BRUTAL, Purge, PurgeMethod, Strategy

DEFAULT = "default"
"""The key of `purge` that stands for all other modules."""

RESTARTS = frozenset({Strategy.RESTART_APP, Strategy.RESTART_EMULATOR})
"""What concerns the whole application, so that its name may stand for it."""

_PURGES = {
    "brutal": BRUTAL,
    "soft": Purge(before=PurgeMethod.SOFT, after=PurgeMethod.SOFT),
}


def wishes_for(
    app: str,
    modules: Collection[str],
    *,
    strategies: Mapping[str, str],
    purge: str | Mapping[str, str],
) -> Wishes:
    """Return what the settings say of an application and its modules.

    A module of Elixir may be written as in Elixir, `Web.Router`, or as the atom that it
    is, `Elixir.Web.Router`.
    """
    wished = {module_name(name): Strategy(how) for name, how in strategies.items()}
    purges = {DEFAULT: purge} if isinstance(purge, str) else purge
    return Wishes(
        strategies={
            name: how
            for name, how in wished.items()
            if name in modules or (name == app and how in RESTARTS)
        },
        purge=_PURGES[purges.get(DEFAULT, "brutal")],
        purges={
            module_name(name): _PURGES[how]
            for name, how in purges.items()
            if name != DEFAULT
        },
    )


def asks_restart(wishes: Wishes) -> bool:
    """Tell whether the application, or the node, is to be restarted."""
    return not RESTARTS.isdisjoint(wishes.strategies.values())


def unknown_names(
    names: Collection[str], apps: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return the names that are no application of `apps` and none of their modules."""
    known = {*apps, DEFAULT, *(name for modules in apps.values() for name in modules)}
    return tuple(name for name in names if module_name(name) not in known)


def module_name(written: str) -> str:
    """Return the name that a module of Elixir has on the node; others stay."""
    return f"Elixir.{written}" if written[:1].isupper() and _bare(written) else written


def _bare(written: str) -> bool:
    return written != "Elixir" and not written.startswith("Elixir.")
