"""The steps that fill the trees of a release: lib/, erts-*/, consolidated protocols."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dodo_relkit.artifacts.model import Member
from dodo_relkit.diagnostics import Diagnostic, stop_on_errors
from dodo_relkit.edge.digest import Tree, content_digests, stat_files
from dodo_relkit.edge.erts import check_machines, erts_members, may_be_native
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import read_file, read_json, sha256_of, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.places import application_parts, consolidated_parents
from dodo_relkit.edge.stage import AppTree, stage_all
from dodo_relkit.edge.stage_members import stage_members
from dodo_relkit.edge.stamps import write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.release.facet_values import (
    Source,
    load_identity,
    load_sources,
    load_target_place,
)
from dodo_relkit.release.profile import Profile

if TYPE_CHECKING:
    from dodo_relkit.formats.rel import Rel


def lib_step(profile: Profile, layout: Layout) -> Saved:
    """Copy the applications into `lib/`, or link them in `dev_mode`.

    Only what changed is read and written, and what is gone is removed. Raises
    `Trouble` before that when a directory of an application cannot be read.
    """
    sources = load_sources(read_facet(layout, "sources"))
    parts = application_parts(profile)
    trees = [stat_files(source.directory, parts) for source in sources]
    warnings = [each for tree in trees for each in tree.diagnostics]
    stop_on_errors(warnings)
    cache = Path(layout.digest_cache)
    digests = content_digests(trees, read_json(cache))
    write_file(cache, json.dumps(digests.cache).encode())
    app_trees = [
        _app_tree(source, tree, digests.files[tree.directory])
        for source, tree in zip(sources, trees, strict=True)
    ]
    staged = stage_all(
        layout.output,
        app_trees,
        layout.manifest("lib"),
        keep=frozenset(
            f"{app.name}-{app.vsn}"
            for rel in earlier_releases(layout)
            for app in rel.apps
        ),
        dev_mode=profile.dev_mode,
    )
    _mark_as_output(layout)
    _stamp_lib(profile, layout, app_trees)
    warnings += _machine_warnings(layout, app_trees)
    saved = {"written": len(staged.written), "removed": len(staged.removed)}
    return saved, tuple(warnings)


def erts_step(profile: Profile, layout: Layout) -> Saved:
    """Copy the target's run-time system into `erts-<vsn>/bin`, if it is wanted."""
    target = load_target_place({"target": read_facet(layout, "target")})
    members: tuple[Member, ...] = ()
    if profile.include_erts is not False:
        members = erts_members(target.root, target.erts_vsn)
    keep = {f"erts-{rel.erts_vsn}" for rel in earlier_releases(layout)}
    return _stage(layout, "erts", members, keep)


def consolidated_step(profile: Profile, layout: Layout) -> Saved:
    """Copy Elixir's consolidated protocols into `releases/<vsn>/consolidated`.

    Not in `dev_mode`, where applications are compiled without a new release.
    """
    identity = load_identity({"identity": read_facet(layout, "identity")})
    wanted = identity.elixir and not profile.dev_mode
    parents = consolidated_parents(profile) if wanted else []
    members = {
        path.name: Member(
            path=f"releases/{identity.vsn}/consolidated/{path.name}",
            mode=0o644,
            source=str(path),
        )
        for parent in parents
        for path in sorted(Path(parent, "consolidated").glob("*.beam"))
    }
    keep = {f"releases/{rel.vsn}" for rel in earlier_releases(layout)}
    return _stage(layout, "consolidated", tuple(members.values()), keep)


def changed_files(profile: Profile, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield each input of `lib/` that is not as it was copied, and what it is now."""
    sources = load_sources(read_facet(layout, "sources"))
    before = read_json(layout.digest_cache).get("files", {})
    now = {
        f"{source.directory}/{path}": list(look)
        for source in sources
        for path, look in stat_files(
            source.directory, application_parts(profile)
        ).files.items()
    }
    for path in sorted({*before, *now}):
        if path not in now:
            yield path, "was removed"
        elif path not in before:
            yield path, "is new or was changed"
        elif list(before[path])[:4] != now[path][:4]:
            yield path, "was changed"


def earlier_releases(layout: Layout) -> Iterator[Rel]:
    """Yield the earlier releases in the same place; what they need is kept.

    Each version has its `.rel` in `releases/<vsn>/`; whoever removes that directory
    gives the release up.
    """
    current = load_identity({"identity": read_facet(layout, "identity")}).vsn
    for path in Path(layout.output, "releases").glob(f"*/{layout.name}.rel"):
        if path.parent.name != current:
            from dodo_relkit.formats.rel import load_rel
            from dodo_relkit.terms.text import consult_one

            yield load_rel(consult_one(read_file(path), str(path)), str(path))


def _app_tree(source: Source, tree: Tree, digests: Mapping[str, str]) -> AppTree:
    files = {
        path: (digests[path], look.executable) for path, look in tree.files.items()
    }
    return AppTree(
        name=source.name, vsn=source.vsn, directory=source.directory, files=files
    )


def _stamp_lib(profile: Profile, layout: Layout, trees: list[AppTree]) -> None:
    files = []
    watch = []
    for tree in trees:
        place = f"{layout.output}/lib/{tree.place}"
        origin = tree.directory if profile.dev_mode else place
        files += [
            {
                "path": f"{place}/{path}",
                "source": f"{origin}/{path}",
                "sha256": sha256,
                "mode": 0o755 if executable else 0o644,
            }
            for path, (sha256, executable) in tree.files.items()
        ]
        folders = {os.path.dirname(path) for path in tree.files}  # noqa: PTH120
        if profile.dev_mode or not folders:
            watch.append(place)
        else:
            watch += [f"{place}/{folder}" for folder in sorted(folders)]
    watch += [layout.output_mark, layout.output_place]
    write_stamp(layout.stamp("lib"), files, watch=watch)


def _mark_as_output(layout: Layout) -> None:
    """Have the release directory and ours name each other.

    The start script then knows that it is where the release is built, and refuses to
    upgrade there: `lib` may be links into the sources (FEATURES UP-11). The mark is no
    member of the tarball. A copy of the directory is not what ours names.
    """
    output, work = os.path.realpath(layout.output), os.path.realpath(layout.work)
    for mark, (start, end) in (
        (layout.output_mark, (output, work)),
        (layout.output_place, (work, output)),
    ):
        text = os.path.relpath(end, start) + "\n"
        write_file(mark, text.encode("utf-8", "surrogateescape"))


def _machine_warnings(layout: Layout, trees: list[AppTree]) -> tuple[Diagnostic, ...]:
    target = load_target_place({"target": read_facet(layout, "target")})
    native = [
        Path(tree.directory, path)
        for tree in trees
        for path, (_, executable) in tree.files.items()
        if may_be_native(path, executable)
    ]
    return check_machines(Path(target.root, f"erts-{target.erts_vsn}", "bin"), native)


def _stage(
    layout: Layout, name: str, members: tuple[Member, ...], keep: set[str]
) -> Saved:
    manifest = layout.manifest(name)
    staged = stage_members(layout.output, members, manifest, keep=keep)
    files = [_describe(layout, member) for member in members]
    write_stamp(layout.stamp(name), files)
    return {"written": len(staged.written), "removed": len(staged.removed)}, ()


def _describe(layout: Layout, member: Member) -> dict[str, Any]:
    path = f"{layout.output}/{member.path}"
    return {"path": path, "sha256": sha256_of(path), "mode": member.mode}
