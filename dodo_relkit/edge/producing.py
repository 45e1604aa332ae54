"""The step of every row of the table: read what it needs, make it, write it."""

from __future__ import annotations

from pathlib import Path

from dodo_relkit.artifacts.makers import MAKERS, Inputs
from dodo_relkit.artifacts.table import ROWS, Row
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import inside, read_file, write_file
from dodo_relkit.edge.layout import Layout, read_files
from dodo_relkit.edge.stamps import describe, read_stamp, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.release.facet_values import load_identity, load_target_place
from dodo_relkit.release.profile import Profile, input_files


def row_step(profile: Profile, layout: Layout, name: str) -> Saved:
    """Make the files of one row, and its stamp.

    Saves `path`, `sha256`, `size` and `version` of its first file. Raises `Trouble`
    for a file of the user that is absent (RK552), and what the row's maker raises,
    before anything is written.
    """
    row = ROWS[name]
    absent = [each for name in row.files for each in absent_files(profile, name)]
    if absent:
        raise Trouble(absent)
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


def absent_files(profile: Profile, setting: str) -> list[Diagnostic]:
    """Return an error (RK552) for each file that a setting names and is not there.

    To be asked by the step that reads it: another task may make it just before.
    """
    return [
        diagnostic(
            Code.CONFIG_FILE_ABSENT,
            Place(key=f"{profile.key}: {setting}"),
            file=path,
            setting=setting,
        )
        for path in input_files(profile, setting)
        if not Path(path).is_file()
    ]


def _inputs(profile: Profile, layout: Layout, row: Row) -> Inputs:
    facets = {facet: read_facet(layout, facet) for facet in row.facets}
    boot_file = load_target_place(facets).boot_file if "target" in facets else ""
    return Inputs(
        profile=profile,
        facets=facets,
        files={
            path: read_file(path)
            for setting in row.files
            for path in read_files(profile, layout, setting)
        },
        made={
            need: read_file(read_stamp(layout.stamp(need))[0]["path"])
            for need in row.needs
        },
        start_clean=read_file(boot_file) if boot_file else b"",
    )
