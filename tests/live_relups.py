"""The relup of an appup: ours is the one that systools of a live node makes of it."""

from __future__ import annotations

from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.script.draft import Direction, Journey, UpgradeApp
from dodo_relkit.upgrade.script.passes import translate
from tests.live_upgrade import Built, Live
from tests.upgrade_strategies import settled


def relups(live: Live, old: Built, new: Built, way) -> list[list[str]]:
    """Return the scripts up and down: those that systools makes of the instructions."""
    found = []
    for direction, steps in ((Direction.UP, way.up), (Direction.DOWN, way.down)):
        script = [step.instruction for step in steps]
        is_up = direction is Direction.UP
        both = [old, new] if is_up else [new, old]
        ours = translate([script], journey_of(direction, *both))
        theirs = live.ask(
            f"Read = fun(V, D) -> {{ok, A}} = systools_make:read_application("
            f'"{old.name}", V, [D ++ "/ebin"], []), A end, '
            f"element(2, systools_rc:translate_scripts({'up' if is_up else 'dn'}, "
            f"[{format_term(script)}], "
            f'[Read("{both[1].version.vsn}", "{both[1].directory}")], '
            f'[Read("{both[0].version.vsn}", "{both[0].directory}")]))'
        )
        assert settled(parse_term(theirs + ".")) == settled(ours)
        found.append([format_term(each) for each in ours])
    return found


def journey_of(direction: Direction, old: Built, new: Built) -> Journey:
    apps = [
        UpgradeApp(
            name=each.name,
            vsn=each.version.vsn,
            start_type="permanent",
            modules=tuple(each.version.modules),
        )
        for each in (old, new)
    ]
    return Journey(direction=direction, old=apps[:1], new=apps[1:])
