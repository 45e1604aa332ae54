"""OTP releases as doit tasks: the public names.

`release` is a function here although there is a package of that name, too; it is bound
after the package is imported, and `from dodo_relkit.release.spec import …` still works.
"""

from typing import TYPE_CHECKING

from dodo_relkit.release.compilers import erlc, gleam, mix, rebar3, task
from dodo_relkit.release.spec import (
    LOAD,
    NONE,
    PERMANENT,
    TEMPORARY,
    TRANSIENT,
    cookie_from_env,
    current_version,
    environment,
    release,
)

if TYPE_CHECKING:
    from dodo_relkit.edge.project import Relkit

__version__ = "0.1.0"

__all__ = [
    "LOAD",
    "NONE",
    "PERMANENT",
    "TEMPORARY",
    "TRANSIENT",
    "Relkit",
    "cookie_from_env",
    "current_version",
    "environment",
    "erlc",
    "gleam",
    "mix",
    "rebar3",
    "release",
    "task",
]


def __getattr__(name: str) -> object:
    """Import `Relkit`, and doit with it, when it is first asked for."""
    if name == "Relkit":
        from dodo_relkit.edge.project import Relkit

        return Relkit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
