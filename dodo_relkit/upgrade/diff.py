"""What changed from one release to another, application by application.

                base                 top
          +---------------+----+---------------+
          |    removed    |both|     added     |
          +---------------+----+---------------+
                       kept  changed
                    same vsn  another vsn

The base is the earlier release, the top the later one. Going up, what is `added` is
added and what is `removed` is removed; going down it is the other way round; what is
`changed` needs an appup, which lies with the application of the top in both cases.
What is `kept` may still have another start type, about which an upgrade does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.formats.rel import Rel, RelApp


@dataclass(frozen=True, slots=True, kw_only=True)
class AppChange:
    """An application of both releases."""

    base: RelApp
    top: RelApp

    @property
    def name(self) -> str:
        """The application's name."""
        return self.top.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The difference of two releases."""

    added: tuple[RelApp, ...]
    """In the order of the top."""
    removed: tuple[RelApp, ...]
    """In the order of the base."""
    changed: tuple[AppChange, ...]
    """In the order of the top."""
    kept: tuple[AppChange, ...]
    """In the order of the top."""
    base_erts: str
    top_erts: str

    @property
    def erts_changed(self) -> bool:
        """Whether the run-time system has another version."""
        return self.base_erts != self.top_erts


def compare(base: Rel, top: Rel) -> Changes:
    """Return what changed from `base` to `top`."""
    in_base = {entry.name: entry for entry in base.apps}
    in_top = {entry.name for entry in top.apps}
    both = [
        AppChange(base=in_base[entry.name], top=entry)
        for entry in top.apps
        if entry.name in in_base
    ]
    return Changes(
        added=tuple(entry for entry in top.apps if entry.name not in in_base),
        removed=tuple(entry for entry in base.apps if entry.name not in in_top),
        changed=tuple(each for each in both if each.base.vsn != each.top.vsn),
        kept=tuple(each for each in both if each.base.vsn == each.top.vsn),
        base_erts=base.erts_vsn,
        top_erts=top.erts_vsn,
    )
