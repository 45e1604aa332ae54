"""Why an application is in a release, and why it starts where it starts: lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.deciding import catalog_of
from dodo_relkit.edge.layout import Layout
from dodo_relkit.release.profile import Profile
from dodo_relkit.release.why_here import Step, why


def why_application(profile: Profile, layout: Layout, name: str) -> Iterator[str]:
    """Yield what there is to say of the application `name` in a release.

    Raises `Trouble` (RK553) before the first scan, and when the release has no such
    application.
    """
    if not Path(layout.catalog).is_file():
        raise Trouble([diagnostic(Code.NOT_PLANNED, release=profile.key)])
    found = why(profile, catalog_of(read_found(layout.catalog)), name)
    yield f"{name} in {profile.key}"
    yield from (f"    {_words(step)}" for step in found.path)
    if found.needed_by:
        yield f"  needed by {', '.join(found.needed_by)}"
    if found.type_from != name:
        yield f"  its start type comes from {found.type_from}"
    if found.starts_after:
        yield f"  starts after {', '.join(found.starts_after)}"
    yield f"  number {found.position} of the .rel"


def _words(step: Step) -> str:
    return f"{step.link} {step.name} {step.vsn} ({step.start_type})"
