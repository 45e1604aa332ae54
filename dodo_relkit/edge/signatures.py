"""How the directories look that tasks read: one cheap digest for each kind of task.

And, for `doit relkit why`, what is different in them since the task ran.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dodo_relkit.edge.layout import Layout
from dodo_relkit.release.profile import Profile


def scan_signature(profile: Profile, layout: Layout) -> str:
    """Return how the lib directories and the `.app` files look."""
    from dodo_relkit.diagnostics import Trouble
    from dodo_relkit.edge import scan_look
    from dodo_relkit.edge.places import places_of

    try:
        return scan_look.scan_signature(places_of(profile, layout))
    except Trouble as trouble:
        # The step finds the same trouble and tells it.
        return str(trouble)


def lib_signature(profile: Profile, layout: Layout) -> str:
    """Return how the files of the applications look that go into `lib/`."""
    from dodo_relkit.edge.places import application_parts
    from dodo_relkit.edge.tree_look import tree_signature

    sources = _json(layout.facet("sources"))
    directories = [source["directory"] for source in sources or ()]
    if profile.dev_mode and not profile.tar:
        return json.dumps(directories)
    return tree_signature(directories, application_parts(profile))


def erts_signature(_: Profile, layout: Layout) -> str:
    """Return how the target's run-time system looks."""
    from dodo_relkit.edge.tree_look import tree_signature

    target = _json(layout.facet("target"))
    if target is None:
        return ""
    return tree_signature([f"{target['root']}/erts-{target['erts_vsn']}"], ["bin"])


def consolidated_signature(profile: Profile, layout: Layout) -> str:
    """Return how the consolidated protocols look; '' in a release without Elixir."""
    identity = _json(layout.facet("identity"))
    if identity is None or not identity["elixir"]:
        return ""
    from dodo_relkit.edge.places import consolidated_parents
    from dodo_relkit.edge.tree_look import tree_signature

    return tree_signature(consolidated_parents(profile), ["consolidated"])


def erlc_signature(how: Any) -> list[list[object]]:
    """Return how the sources of our own `erlc` task look."""
    from dodo_relkit.edge import erlc_sources

    return erlc_sources.erlc_signature(how)


def checks_signature(_: Profile, layout: Layout) -> str:
    """Return how the object files and the sources look that are checked."""
    from dodo_relkit.edge.tree_look import tree_signature

    sources = _json(layout.facet("sources"))
    directories = [source["directory"] for source in sources or ()]
    return tree_signature(directories, ["ebin", "src"])


def baselines_signature(profile: Profile, layout: Layout) -> list[str]:
    """Return how the earlier releases look."""
    from dodo_relkit.edge.upgrades.baseline_look import baseline_signature

    identity = _json(layout.facet("identity")) or {"vsn": ""}
    return [
        baseline_signature(
            given,
            output=layout.output,
            name=layout.name,
            current_vsn=identity["vsn"],
        )
        for given in profile.upgrade_from
    ]


def appups_signature(_: Profile, layout: Layout) -> list[list[object]]:
    """Return how the appups look that the user may have written, and the old code.

    Of a tarball, the digest is known; what lies in the release directory is looked at
    when `lib` is made.
    """
    from dodo_relkit.edge.tree_look import tree_signature
    from dodo_relkit.edge.upgrades.appup_places import user_appups

    directories = [
        directory
        for each in _json(layout.baselines) or ()
        if not each["contents"] and each["root"] != layout.output
        for name, directory in each["directories"].items()
        if name not in each["outside"]
    ]
    appups = [
        [path, status.st_size, status.st_mtime_ns, status.st_ino]
        for source in _json(layout.facet("sources")) or ()
        for path in user_appups(source["name"], source["directory"])
        for status in [Path(path).stat()]
    ]
    return [[tree_signature(directories, ["ebin", "priv"])], *appups]


SIGNATURES: Mapping[str, Callable[..., object]] = {
    "scan": scan_signature,
    "lib": lib_signature,
    "erts": erts_signature,
    "consolidated": consolidated_signature,
    "checks": checks_signature,
    "baselines": baselines_signature,
    "appups": appups_signature,
    "erlc": erlc_signature,
}
"""By the kind that `inputs_same` is given."""


def lib_changes(profile: Profile, layout: Layout) -> list[str]:
    """Return a line for each file that looks otherwise than when it was copied."""
    from dodo_relkit.edge.trees import changed_files

    return [f"{path} {how}" for path, how in changed_files(profile, layout)]


def scan_changes(profile: Profile, layout: Layout) -> list[str]:
    """Return a line for each application and module that is another one now."""
    from dodo_relkit.edge import scan_changes as changes

    return changes.scan_changes(profile, layout)


def no_details(*_: object) -> list[str]:
    """Return nothing: which file it was is not kept."""
    return []


CHANGES: Mapping[str, Callable[..., list[str]]] = {
    **dict.fromkeys(SIGNATURES, no_details),
    "scan": scan_changes,
    "lib": lib_changes,
}
"""What is different, in words; the keys are those of `SIGNATURES`."""


def _json(path: str) -> Any:
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None
