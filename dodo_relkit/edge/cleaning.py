"""`doit clean`: removes what a task made, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dodo_relkit.edge.files import remove_empty_parents, remove_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.producing import Saved
from dodo_relkit.edge.stage import unstage
from dodo_relkit.edge.stamps import read_stamp


def clean_step(stamp: str, targets: Sequence[str]) -> Saved:
    """Remove the files that a stamp lists, the stamp, and the other targets."""
    made = [each["path"] for each in read_stamp(stamp)] if stamp else []
    for path in [*made, *targets]:
        remove_file(Path(path))
        remove_empty_parents(Path(path), Path())
    return {}, ()


def clean_lib_step(layout: Layout, targets: Sequence[str]) -> Saved:
    """Remove the applications from `lib/`; never through a link of `dev_mode`."""
    unstage(layout.output, layout.manifest("lib"))
    return clean_step("", targets)
