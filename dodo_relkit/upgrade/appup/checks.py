"""Whether an appup, by whomever, fits the two versions of its application.

Both directions, versions, every changed module covered, no unknown module, each module
treated as what became of it (AU-03, AU-09). Returns diagnostics; what the instructions
become in a relup, and the verdicts of systools on them, is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.formats.appup import Appup, AppupEntry, instructions_for
from dodo_relkit.terms.model import Term, string_text
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.transforms import faulty
from dodo_relkit.upgrade.modules import Change, ModuleChange, compare_modules
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.touched import Touch, restarted, touches, word_for

_FITS = {
    Direction.UP: {
        Change.ADDED: {"add", "load"},
        Change.REMOVED: {"delete"},
        Change.CHANGED: {"update", "load"},
        Change.KEPT: {"update", "load"},
    },
    Direction.DOWN: {
        Change.ADDED: {"delete"},
        Change.REMOVED: {"add", "load"},
        Change.CHANGED: {"update", "load"},
        Change.KEPT: {"update", "load"},
    },
}
"""What may be done with a module, by what became of it on the way up."""


def check_appup(
    appup: Appup, old: AppVersion, new: AppVersion, *, file: str = ""
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the appup of `new`, from `old` and back to it.

    UP_APPUP_VERSION, UP_APPUP_DIRECTION, UP_APPUP_INSTRUCTION, UP_APPUP_UNKNOWN_MODULE,
    UP_APPUP_MODULE_KIND, UP_APPUP_UNCOVERED. Raises Trouble with RK704 for a pattern
    that cannot be used.
    """
    place = Place(file=file)
    found = []
    vsn = string_text(appup.vsn)
    if vsn != new.vsn:
        shown = vsn if vsn is not None else format_term(appup.vsn)
        found.append(
            diagnostic(
                Code.UP_APPUP_VERSION, place, app=new.name, found=shown, vsn=new.vsn
            )
        )
    changes = compare_modules(old.modules, new.modules)
    ways = ((Direction.UP, appup.up), (Direction.DOWN, appup.down))
    for direction, entries in ways:
        found += _check_way(direction, entries, old, new, changes, place)
    return tuple(found)


def uncovered(
    direction: Direction,
    instructions: tuple[Term, ...],
    changes: tuple[ModuleChange, ...],
) -> tuple[str, ...]:
    """Return the modules that changed and that the instructions pass over, by name.

    Nothing when they restart the application or the node: then all code is loaded anew.
    """
    if restarted(instructions):
        return ()
    named = {touch.module for touch in touches(instructions)}
    gone = Change.REMOVED if direction is Direction.UP else Change.ADDED
    return tuple(
        each.name
        for each in changes
        if each.name not in named and each.change not in (Change.KEPT, gone)
    )


def _check_way(  # noqa: PLR0913, PLR0917 - all that is known of one direction
    direction: Direction,
    entries: tuple[AppupEntry, ...],
    old: AppVersion,
    new: AppVersion,
    changes: tuple[ModuleChange, ...],
    place: Place,
) -> Iterator[Diagnostic]:
    facts = {"app": new.name, "old": old.vsn, "direction": word_for(direction)}
    script = instructions_for(entries, old.vsn, place.file)
    if script is None:
        code = Code.UP_APPUP_DIRECTION
        yield diagnostic(code, place, **facts, vsn=new.vsn)
        return
    wrong = faulty(script)
    for instruction, reason in wrong:
        shown = format_term(instruction)
        code = Code.UP_APPUP_INSTRUCTION
        yield diagnostic(code, place, **facts, instruction=shown, reason=reason)
    if wrong:
        return
    fates = {each.name: each.change for each in changes}
    for touch in touches(script):
        problem = _misfit(direction, touch, fates)
        if problem is None:
            continue
        code, reason = problem
        yield diagnostic(
            code,
            place,
            **facts,
            module=touch.module,
            instruction=format_term(touch.instruction),
            reason=reason,
        )
    missing = uncovered(direction, script, changes)
    if missing:
        yield diagnostic(Code.UP_APPUP_UNCOVERED, place, **facts, modules=missing)


def _misfit(
    direction: Direction, touch: Touch, fates: dict[str, Change]
) -> tuple[Code, str] | None:
    change = fates.get(touch.module)
    if change is None:
        return Code.UP_APPUP_UNKNOWN_MODULE, "in neither version"
    if touch.action in _FITS[direction][change]:
        return None
    newer = direction is Direction.UP
    where = {
        Change.ADDED: "only in the newer version",
        Change.REMOVED: "only in the older version",
    }.get(change, "in both versions")
    leads_to_nothing = Change.REMOVED if newer else Change.ADDED
    if change is leads_to_nothing:
        return Code.UP_APPUP_UNKNOWN_MODULE, where
    return Code.UP_APPUP_MODULE_KIND, where
