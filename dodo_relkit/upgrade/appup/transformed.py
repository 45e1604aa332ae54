"""Whole appups as the user's transforms leave them, generated or written by hand.

One instruction list at a time is the business of `transforms.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dodo_relkit.formats.appup import Appup, AppupEntry, instructions_for
from dodo_relkit.terms.model import same, string_text
from dodo_relkit.upgrade.appup.generate import Generated, Step
from dodo_relkit.upgrade.appup.transforms import Transform, transform
from dodo_relkit.upgrade.script.draft import Direction


def transform_way(way: Generated, transforms: Sequence[Transform]) -> Generated:
    """Return the generated way, transformed; what stays keeps its reason.

    Raises Trouble with UP_TRANSFORM.
    """
    return replace(
        way,
        up=_steps(way, Direction.UP, way.up, transforms),
        down=_steps(way, Direction.DOWN, way.down, transforms),
    )


def transform_appup(
    appup: Appup,
    app: str,
    olds: Iterable[str],
    transforms: Sequence[Transform],
    *,
    file: str,
) -> Appup:
    """Return the appup for the older versions `olds`, an entry each, transformed.

    Raises Trouble with UP_TRANSFORM.
    """
    versions, new = tuple(olds), string_text(appup.vsn) or ""

    def entries(
        direction: Direction, given: tuple[AppupEntry, ...]
    ) -> Iterator[AppupEntry]:
        for old in versions:
            script = instructions_for(given, old, file)
            if script is not None:
                made = transform(app, old, new, direction, script, transforms)
                yield AppupEntry(pattern=old, instructions=made)

    return Appup(
        vsn=appup.vsn,
        up=tuple(entries(Direction.UP, appup.up)),
        down=tuple(entries(Direction.DOWN, appup.down)),
    )


def _steps(
    way: Generated,
    direction: Direction,
    steps: tuple[Step, ...],
    transforms: Sequence[Transform],
) -> tuple[Step, ...]:
    instructions = [step.instruction for step in steps]
    made = transform(way.app, way.old, way.new, direction, instructions, transforms)
    names = ", ".join(each.name for each in transforms)
    anew = f"made by {names}"
    return tuple(
        next(
            (step for step in steps if same(step.instruction, each)),
            Step(instruction=each, reason=anew),
        )
        for each in made
    )
