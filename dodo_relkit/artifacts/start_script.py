"""What is in `bin/<name>`: the start script of a release.

The script is POSIX sh. Its text is in `templates/start/`, put together in the order
of `PARTS`; only the first part is a template, and all it has is assignments. What
the script does at run time is written there, not here.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic

SETTINGS = "settings.sh.j2"
"""The part with the placeholders."""

PARTS = (
    SETTINGS,
    "places.sh",
    "config.sh",
    "node.sh",
    "programs.sh",
    "ask.sh",
    "daemon.sh",
    "upgrade.sh",
    "mend.sh",
    "commands.sh",
)
"""The files that make up the script, in order."""

MODULES = (
    "relkit_upgrade.erl",
    "relkit_install.erl",
    "relkit_children.erl",
    "relkit_relup.erl",
    "relkit_restart.erl",
    "relkit_node.erl",
    "relkit_package.erl",
    "relkit_config.erl",
    "relkit_files.erl",
    "relkit_words.erl",
)
"""The Erlang modules that stand in a part, each instead of a line `@<name>@`."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartScript:
    """What one release's script is told about it."""

    release_name: str
    erts_version: str
    """The version to look for when `start_erl.data` names none, as `13.1.5`."""
    include_erts: bool
    """Whether `erts-<vsn>` is in the release; otherwise the host's is looked for."""
    has_elixir: bool
    """Whether `rpc`, `eval` and the consoles speak Elixir by default."""
    erl_opts: str = ""
    """Arguments for the VM, as text in the syntax of `vm.args`."""
    run_erl_env: str = ""
    """Variables for `run_erl`, as `NAME=value NAME=value`."""
    cookie_variable: str = ""
    """Name of the variable that must hold the cookie; empty: the release has it."""


def render_start_script(values: StartScript) -> bytes:
    """Return the text of `bin/<name>`.

    Raises Trouble when a value cannot be in a shell script at all.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    _check(values)
    loader = PackageLoader("dodo_relkit.artifacts", "templates/start")
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - this is no HTML; `finalize` quotes
        keep_trailing_newline=True,
        finalize=_setting,
    )
    settings = environment.get_template(SETTINGS).render(asdict(values))
    rest = "".join(loader.get_source(environment, part)[0] for part in PARTS[1:])
    for module in MODULES:
        rest = rest.replace(f"@{module}@\n", loader.get_source(environment, module)[0])
    return (settings + rest).encode()


def quoted(value: str) -> str:
    """Return `value` as it stands between single quotes of a shell (sh(1))."""
    return value.replace("'", "'\\''")


def _setting(value: object) -> object:
    """Quote a value of a placeholder; true is `yes`, false nothing."""
    match value:
        case bool():
            return "yes" if value else ""
        case str():
            return quoted(value)
        case _:
            return value


def _check(values: StartScript) -> None:
    found = [
        diagnostic(Code.SCRIPT_NUL, Place(key=key))
        for key, value in asdict(values).items()
        if isinstance(value, str) and "\0" in value
    ]
    if values.cookie_variable and not _VARIABLE.fullmatch(values.cookie_variable):
        found.append(
            diagnostic(
                Code.SCRIPT_VARIABLE_NAME,
                Place(key="cookie"),
                variable=values.cookie_variable,
            )
        )
    if found:
        raise Trouble(found)
