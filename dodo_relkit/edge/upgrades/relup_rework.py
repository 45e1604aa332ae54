"""What is added to the scripts of a relup, and the user's last word on them.

    script of the appups ─▶ consolidated protocols (PC-03) ─▶ relup_hook (RU-10)

Reads the consolidated protocols of both releases; decides no instruction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.files import read_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.upgrades.python_hooks import load_hook
from dodo_relkit.formats.beam import read_chunks
from dodo_relkit.upgrade.appup.transforms import is_term
from dodo_relkit.upgrade.baseline import Baseline
from dodo_relkit.upgrade.script.draft import Direction, Script
from dodo_relkit.upgrade.script.protocols import (
    Beams,
    compare_protocols,
    with_protocols,
)
from dodo_relkit.upgrade.script.relup import Rework, Way


def rework(
    layout: Layout, vsn: str, baselines: Sequence[Baseline], hook: str | None
) -> Rework:
    """Return what changes each finished script; `vsn` is the release's version.

    Raises `Trouble` when the hook cannot be loaded. The result raises it with
    HOOK_FAILED and HOOK_RESULT.
    """
    call = load_hook(hook) if hook else None
    inside = f"releases/{vsn}/consolidated"
    top = _beams(f"{layout.output}/{inside}")
    bases = {each.vsn: each for each in baselines}

    def changed(script: Script, way: Way) -> Script:
        base = bases[way.base_vsn]
        script = _with_protocols(script, way, base, (inside, top))
        if call is None:
            return script
        made = call(script, way)
        if not isinstance(made, list | tuple) or not all(map(is_term, made)):
            told = diagnostic(
                Code.HOOK_RESULT,
                hook=str(hook),
                found=repr(made),
                direction=_WORDS[way.direction],
                base=way.base_vsn,
            )
            raise Trouble([told])
        return tuple(made)

    return changed


_WORDS = {Direction.UP: "up from", Direction.DOWN: "down to"}


def _with_protocols(
    script: Script, way: Way, base: Baseline, top: tuple[str, Beams]
) -> Script:
    """Add what reloads protocols; nothing in releases that have none."""
    earlier = _beams(base.consolidated) if base.consolidated else {}
    where = os.path.relpath(base.consolidated, base.root) if earlier else ""
    ends = ((where, earlier), top)
    if way.direction is Direction.DOWN:
        ends = (top, (where, earlier))
    (old_directory, old), (new_directory, new) = ends
    if not old and not new:
        return script
    changes = compare_protocols(
        old, new, old_directory=old_directory, new_directory=new_directory
    )
    return with_protocols(script, changes, new)


def _beams(directory: str) -> Beams:
    paths = sorted(Path(directory).glob("*.beam"))
    return {each.stem: read_chunks(read_file(each), file=str(each)) for each in paths}
