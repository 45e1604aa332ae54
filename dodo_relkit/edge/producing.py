"""The step of every row of the table: read what it needs, make it, write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dodo_relkit.artifacts.makers import MAKERS, Inputs
from dodo_relkit.artifacts.table import ROWS, Row
from dodo_relkit.diagnostics import Diagnostic
from dodo_relkit.edge.files import inside, write_file
from dodo_relkit.edge.layout import Layout, read_files
from dodo_relkit.edge.stamps import describe, read_stamp, write_stamp
from dodo_relkit.release.plan import load_identity, load_target_place
from dodo_relkit.release.profile import Profile

Saved = tuple[dict[str, Any], tuple[Diagnostic, ...]]
"""What a step gives: values for `getargs`, and warnings."""


def row_step(profile: Profile, layout: Layout, name: str) -> Saved:
    """Make the files of one row, and its stamp.

    Saves `path`, `sha256`, `size` and `version` of its first file.
    """
    row = ROWS[name]
    made = MAKERS[name](_inputs(profile, layout, row))
    identity = read_facet(layout, "identity")
    version = load_identity({"identity": identity}).vsn
    files = []
    for template, content in zip(row.paths, made.contents, strict=True):
        relative = template.format(name=layout.name, vsn=version)
        inside(layout.output, relative)
        path = f"{layout.output}/{relative}"
        write_file(path, content, row.mode)
        files.append(describe(path, content, row.mode))
    write_stamp(layout.stamp(name), files)
    return {**files[0], "version": version}, made.diagnostics


def read_facet(layout: Layout, facet: str) -> bytes:
    """Return the content of a facet's file."""
    return Path(layout.facet(facet)).read_bytes()


def _inputs(profile: Profile, layout: Layout, row: Row) -> Inputs:
    facets = {facet: read_facet(layout, facet) for facet in row.facets}
    boot_file = load_target_place(facets).boot_file if "target" in facets else ""
    return Inputs(
        profile=profile,
        facets=facets,
        files={
            path: Path(path).read_bytes()
            for setting in row.files
            for path in read_files(profile, layout, setting)
        },
        made={
            need: Path(read_stamp(layout.stamp(need))[0]["path"]).read_bytes()
            for need in row.needs
        },
        start_clean=Path(boot_file).read_bytes() if boot_file else b"",
    )
