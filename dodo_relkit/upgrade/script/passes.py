"""From the scripts of appups to the script of a relup: a small compiler.

Each pass takes a draft and gives one, and says what holds before and after it. The
input is checked before the passes, the result after them. Knows no release and no
file. The result is that of `translate_scripts` of systools_rc.
"""

from __future__ import annotations

from collections.abc import Iterable

from dodo_relkit.terms.model import Term
from dodo_relkit.upgrade.script.app_instructions import expand_applications
from dodo_relkit.upgrade.script.checks import (
    NO_RETURN,
    check_pairs,
    check_relup_script,
)
from dodo_relkit.upgrade.script.dependencies import order_modules
from dodo_relkit.upgrade.script.draft import Draft, Journey, Script
from dodo_relkit.upgrade.script.emulator import gather_object_code, place_restarts
from dodo_relkit.upgrade.script.expand import expand_short_forms, merge, normalise
from dodo_relkit.upgrade.script.faults import stop_on_faults
from dodo_relkit.upgrade.script.instructions import check_instructions


def check_arguments(draft: Draft, _: Journey) -> Draft:
    """Refuse what is no instruction. After: every instruction is sound for itself."""
    stop_on_faults(check_instructions((*draft.before, *draft.after)))
    return draft


def check_halves(draft: Draft, _: Journey) -> Draft:
    """Refuse what is done by halves. After: what is suspended is resumed, and so on."""
    stop_on_faults(check_pairs(draft.before, draft.after))
    return draft


PASSES = (
    check_arguments,
    normalise,
    check_halves,
    expand_applications,
    order_modules,
    gather_object_code,
    place_restarts,
)


def translate(scripts: Iterable[Iterable[Term]], journey: Journey) -> Script:
    """Return the low-level script of these scripts, one after the other.

    Each is a list of instructions of appup(4). Raises `ScriptTrouble` with all that
    the first complaining pass finds (RK712 to RK727).
    """
    draft = merge([expand_short_forms(script) for script in scripts])
    for each in PASSES:
        draft = each(draft, journey)
    script = (*draft.before, NO_RETURN, *draft.after)
    stop_on_faults(check_relup_script(script))
    return script
