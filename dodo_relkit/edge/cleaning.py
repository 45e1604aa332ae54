"""`doit clean`: what a task made, and its removal. Nothing else is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.diagnostics import Trouble
from dodo_relkit.edge.files import inside, remove_empty_parents, remove_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stage import staged_paths
from dodo_relkit.edge.stage_members import staged_member_paths
from dodo_relkit.edge.stamps import stamp_paths
from dodo_relkit.edge.upgrades.baseline_tarball import baselines_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a task made, as far as it is there."""

    paths: tuple[str, ...]
    """Files and links."""
    output: str = ""
    """The release directory, if that is what was made."""


TREES: Mapping[str, Callable[[str, str], tuple[str, ...]]] = {
    "lib": staged_paths,
    "erts": staged_member_paths,
    "consolidated": staged_member_paths,
}
"""The tasks that keep a manifest: it leads through no link of `dev_mode`."""


def made_by_task(layout: Layout, name: str, targets: Sequence[str]) -> Made:
    """Return what a task of a profile made, for earlier versions of it too."""
    if name in TREES:
        manifest = layout.manifest(name)
        found = TREES[name](layout.output, manifest)
        made = [f"{layout.output}/{path}" for path in found]
    else:
        manifest = ""
        made = sorted(stamp_paths(layout.stamp(name)))
    others: Mapping[str, list[str]] = {
        "scan": [layout.scan_cache],
        "lib": [layout.digest_cache, layout.output_mark, layout.output_place],
        "baselines": _files_in(baselines_directory(layout.work)),
        "tar": [layout.latest_tarball, *_files_in(layout.segments)],
    }
    paths = [*made, *others.get(name, ()), *targets, manifest]
    return _made(paths, layout.output)


def made_by_tasks_gone(layout: Layout, names: Sequence[str]) -> Made:
    """Return what tasks made that a profile has no more; `names` are those it has."""
    stamps = sorted(Path(layout.stamp("")).parent.glob("*.json"))
    gone = [path.name.removesuffix(".json") for path in stamps]
    paths = [
        path
        for name in gone
        if name not in names
        for path in made_by_task(layout, name, [layout.stamp(name)]).paths
    ]
    return _made(paths, layout.output)


def made_by_erlc(stamp: str, work: str) -> Made:
    """Return what the task `erlc` made: beams, `.app` files, its own files."""
    paths = [*sorted(stamp_paths(stamp)), *_files_in(work), stamp]
    return Made(paths=_present(paths))


CLEANERS: Mapping[str, Callable[..., Made]] = {
    "task": made_by_task,
    "tasks gone": made_by_tasks_gone,
    "erlc": made_by_erlc,
}
"""By the name that the task's `clean` says."""


def remove(made: Made) -> None:
    """Remove the files and links, and the directories that are empty then.

    But only directories of the project, and the release directory elsewhere. Raises
    `Trouble` (RK602) when one cannot be removed.
    """
    for path in map(Path, made.paths):
        top = Path(made.output).parent if path.is_absolute() else Path()
        remove_file(path)
        remove_empty_parents(path, top)


def _present(paths: Iterable[str]) -> tuple[str, ...]:
    there = (path for path in dict.fromkeys(paths) if path)
    return tuple(path for path in there if _is_file(Path(path)))


def _made(paths: Iterable[str], output: str) -> Made:
    """Return what of the paths is there; nothing that a link leads out to."""
    kept = [path for path in paths if not _leads_out(path, output)]
    return Made(paths=_present(kept), output=output)


def _leads_out(path: str, output: str) -> bool:
    """Whether the path is in the release directory by its name and not in fact."""
    if not path.startswith(f"{output}/"):
        return False
    try:
        inside(output, path.removeprefix(f"{output}/"))
    except Trouble:
        return True
    return False


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _files_in(directory: str) -> list[str]:
    """Return all files below a directory that is our own."""
    return sorted(str(path) for path in Path(directory).rglob("*") if path.is_file())
