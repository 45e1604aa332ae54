"""Where a user's appup of an application may lie. Opens none: asked on every run."""

from __future__ import annotations

from pathlib import Path

APPUP_PLACES = (
    ("rel/appups/{app}", "*.appup"),
    ("{directory}/priv/appups", "*.appup"),
    ("{directory}/src", "{app}.appup.src"),
    ("{directory}/ebin", "{app}.appup"),
)
"""Folder and name, the first that is there counts (FEATURES AU-02)."""


def user_appups(app: str, directory: str) -> list[str]:
    """Return the appups of the application `app` in `directory`, the first first."""
    return [
        str(path)
        for folder, name in APPUP_PLACES
        for path in sorted(
            Path(folder.format(app=app, directory=directory)).glob(name.format(app=app))
        )
    ]
