"""A release written down: the files between deciding and making.

The plan is cut into facets, one JSON file each (facets.py names them), so that a
change reaches only the artifacts that read the facet it touches. Each artifact is a
pure function of the facets it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dodo_relkit.formats.app_plain import spec_from_plain, spec_to_plain
from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.release.facet_values import (
    Identity,
    Source,
    TargetPlace,
    load_target_place,
)
from dodo_relkit.release.json_lines import dump_json
from dodo_relkit.release.model import App, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A release, and how it meets its target."""

    release: Release
    target: TargetPlace
    copies_system: bool
    """Whether the applications of the target are copied into the release."""

    def outside(self, name: str) -> str:
        """Return the folder in the target's `lib` that stays outside, or ''."""
        app = self.release.apps[name]
        if self.copies_system or not app.from_target:
            return ""
        return app.directory.rpartition("/")[2]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The applications that go into the release, in `.rel` order."""
        return tuple(
            Source(
                name=entry.name,
                vsn=entry.vsn,
                directory=self.release.apps[entry.name].directory,
            )
            for entry in self.release.rel.apps
            if not self.outside(entry.name)
        )


def dump_facets(plan: Plan) -> dict[str, bytes]:
    """Return the content of each facet's file, by facet."""
    rel = plan.release.rel
    identity = Identity(
        name=rel.name,
        vsn=rel.vsn,
        erts_vsn=rel.erts_vsn,
        elixir="elixir" in plan.release.apps,
    )
    apps = {
        "name": rel.name,
        "vsn": rel.vsn,
        "erts_vsn": rel.erts_vsn,
        "apps": [
            {**asdict(entry), "outside": plan.outside(entry.name)} for entry in rel.apps
        ],
    }
    specs = {
        name: spec_to_plain(app.spec) for name, app in sorted(plan.release.apps.items())
    }
    return {
        "identity": dump_json(asdict(identity)),
        "apps": dump_json(apps),
        "specs": dump_json(specs),
        "sources": dump_json([asdict(source) for source in plan.sources]),
        "target": dump_json(asdict(plan.target)),
    }


def load_rel_facet(facets: Mapping[str, bytes]) -> Rel:
    """Return the `.rel` that the facet `apps` holds."""
    written = json.loads(facets["apps"])
    return Rel(
        name=written["name"],
        vsn=written["vsn"],
        erts_vsn=written["erts_vsn"],
        apps=tuple(_rel_app(each) for each in written["apps"]),
    )


def load_outside(facets: Mapping[str, bytes]) -> dict[str, str]:
    """Return the folders of the applications that stay in the target, by name."""
    entries = json.loads(facets["apps"])["apps"]
    return {each["name"]: each["outside"] for each in entries if each["outside"]}


def load_release(facets: Mapping[str, bytes]) -> Release:
    """Return the release of the facets `apps`, `specs` and `target`.

    An application that stays outside has its directory in the target's `lib`; the
    directory of any other is empty, and none has beams: boot scripts need neither.
    """
    rel = load_rel_facet(facets)
    outside = load_outside(facets)
    library = load_target_place(facets).root + "/lib/"
    apps = {}
    for name, spec in json.loads(facets["specs"]).items():
        folder = outside.get(name, "")
        apps[name] = App(
            spec=spec_from_plain(spec),
            directory=library + folder if folder else "",
            beams=(),
            from_target=bool(folder),
        )
    return Release(rel=rel, apps=apps)


def _rel_app(written: dict[str, Any]) -> RelApp:
    included = written["included"]
    return RelApp(
        name=written["name"],
        vsn=written["vsn"],
        start_type=written["start_type"],
        typed=written["typed"],
        included=None if included is None else tuple(included),
    )
