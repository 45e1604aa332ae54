"""How each application of a release starts, and whether that can work.

    permanent > transient > temporary > load > none

What the user sets stands. Any other application starts as the strongest of those that
need it, through however many others; what the release asks for without a type is
permanent. An included application is only loaded, as the one that includes it starts
it; what it needs in turn starts as that one does. FEATURES DP-02, DP-07.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.release.catalog import MANDATORY
from dodo_relkit.release.closure import Closure
from dodo_relkit.release.spec import LOAD, NONE, PERMANENT, START_TYPES, StartType

NOT_STARTED = (LOAD, NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTypes:
    """The start types of a closure."""

    written: Mapping[str, StartType]
    """As the `.rel` has them, by name."""
    effective: Mapping[str, StartType]
    """The same, but an included application has that of the one that starts it."""
    included_by: Mapping[str, str]
    """The first application that includes it, for each included application."""


def start_types(closure: Closure) -> StartTypes:
    """Return the start type of every application of the closure."""
    included_by: dict[str, str] = {}
    for name in closure.apps:
        for included in closure.includes(name):
            included_by.setdefault(included, name)
    effective = _spread(closure, included_by)
    written = dict(effective)
    for name in included_by:
        root = closure.roots.get(name)
        if root is None or root.start_type is None:
            written[name] = NONE if effective[name] == NONE else LOAD
    return StartTypes(written=written, effective=effective, included_by=included_by)


def check_start_types(
    closure: Closure, types: StartTypes, skipped: tuple[str, ...]
) -> Iterator[Diagnostic]:
    """Give what is wrong with start types.

    `skipped` is skip_mode_validation_for: as in mix release it names those that need
    what is not started.
    """
    for name in MANDATORY:
        if types.written.get(name, PERMANENT) != PERMANENT:
            yield diagnostic(
                Code.MANDATORY_TYPE, name=name, type=str(types.written[name])
            )
    for name, included_by in types.included_by.items():
        if types.written[name] not in NOT_STARTED:
            yield diagnostic(
                Code.INCLUDED_TYPE,
                name=name,
                type=types.written[name],
                includer=included_by,
            )
    for name in closure.apps:
        if types.effective[name] in NOT_STARTED or name in skipped:
            continue
        for needed in closure.uses(name):
            if _is_left_out(needed, types):
                yield diagnostic(
                    Code.APP_NOT_STARTED,
                    name=name,
                    type=types.effective[name],
                    needed=needed,
                    needed_type=types.written[needed],
                )


def _is_left_out(name: str, types: StartTypes) -> bool:
    if name in MANDATORY or name in types.included_by:
        return False
    return types.written[name] in NOT_STARTED


def _spread(closure: Closure, included_by: Mapping[str, str]) -> dict[str, StartType]:
    """Let each start type flow to what is needed, the strongest first."""
    spread = _set_by_user(closure, included_by)
    fixed = tuple(spread)
    for start_type in START_TYPES:
        waiting = [name for name in fixed if spread[name] == start_type]
        while waiting:
            name = waiting.pop()
            for need in (*closure.uses(name), *closure.includes(name)):
                if need not in spread:
                    spread[need] = start_type
                    waiting.append(need)
    # What is left includes each other in a circle, which `checks.py` complains of.
    left: dict[str, StartType] = dict.fromkeys(closure.apps, PERMANENT)
    return left | spread


def _set_by_user(
    closure: Closure, included_by: Mapping[str, str]
) -> dict[str, StartType]:
    """What is asked for; but an included one without a type follows its includer."""
    return {
        name: root.start_type or PERMANENT
        for name, root in closure.roots.items()
        if name in closure.apps and (root.start_type or name not in included_by)
    }
