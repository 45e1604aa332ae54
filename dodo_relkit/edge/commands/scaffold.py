"""`doit relkit init`: a first dodo.py for the project in the current directory."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.files import write_file

DODO = '''\
"""Builds the release: `doit release`, or `doit release --env=prod`."""

from dodo_relkit import Relkit, {imports}

relkit = Relkit(
    default_release="{name}",
    default_environment="dev",
    environments=[
        environment("dev", dev_mode=True, include_erts=False),
        environment("prod", include_erts=True, cookie=cookie_from_env("{cookie}")),
    ],
    releases=[
        release(
            "{name}",
            version={version},
            applications=[{applications}],{sys_config}
        ),
    ],
    compile={compile},
)

DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
'''

IGNORED = ("_build/", ".doit*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the project looks like."""

    name: str
    applications: tuple[str, ...]
    compile: str
    """The constructor that compiles it, called."""
    config: str
    """Its configuration that Mix evaluates, or ''."""


def scaffold(*, force: bool) -> list[str]:
    """Write dodo.py and complete .gitignore; return what was written.

    Raises `Trouble` (RK554) when there is a dodo.py and `force` is False.
    """
    dodo = Path("dodo.py")
    if dodo.exists() and not force:
        raise Trouble([diagnostic(Code.ALREADY_THERE, path=str(dodo))])
    guess = guess_project(Path())
    constructor = guess.compile.partition("(")[0]
    names = ["cookie_from_env", "environment", constructor, "release"]
    version = '"0.1.0"'
    if guess.name in guess.applications:
        version = f'current_version("{guess.name}")'
        names.append("current_version")
    sys_config = f'\n            sys_config="{guess.config}",' if guess.config else ""
    text = DODO.format(
        imports=", ".join(sorted(names)),
        version=version,
        sys_config=sys_config,
        name=guess.name,
        cookie="RELEASE_COOKIE",
        applications=", ".join(f'"{app}"' for app in (*guess.applications, "sasl")),
        compile=guess.compile,
    )
    write_file(dodo, text.encode())
    return [str(dodo), *_complete_gitignore(Path(".gitignore"))]


def guess_project(root: Path) -> Guess:
    """Return what the files of a project tell of its name and its compiler."""
    children = sorted(path for path in root.glob("apps/*") if path.is_dir())
    if (root / "mix.exs").is_file():
        compile_call = "mix()"
    elif (root / "rebar.config").is_file():
        compile_call = "rebar3()"
    elif (root / "gleam.toml").is_file():
        compile_call = "gleam()"
    else:
        compile_call = 'erlc(app="apps/*")' if children else "erlc()"
    applications = tuple(_app_name(path) for path in children or [root])
    name = applications[0] if len(applications) == 1 else _identifier(root)
    config = "config/config.exs"
    if compile_call != "mix()" or not (root / config).is_file():
        config = ""
    return Guess(
        name=name, applications=applications, compile=compile_call, config=config
    )


def _app_name(path: Path) -> str:
    for source in sorted(path.glob("src/*.app.src")):
        return source.name.removesuffix(".app.src")
    if (path / "mix.exs").is_file():
        found = re.search(r"\bapp:\s*:(\w+)", (path / "mix.exs").read_text("utf-8"))
        if found:
            return found[1]
    if (path / "gleam.toml").is_file():
        gleam = tomllib.loads((path / "gleam.toml").read_text("utf-8"))
        return str(gleam.get("name", _identifier(path)))
    return _identifier(path)


def _identifier(path: Path) -> str:
    word = re.sub(r"\W", "_", path.resolve().name.lower())
    return word if word[:1].isalpha() else f"app_{word}"


def _complete_gitignore(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    missing = [each for each in IGNORED if each not in lines]
    if not missing:
        return []
    write_file(path, ("\n".join([*lines, *missing]) + "\n").encode())
    return [str(path)]
