"""Makes the trees that are measured: an umbrella of N applications of 20 modules.

They are compiled by rebar3 once and kept under benchmarks/work.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

WORK = Path(__file__).parent / "work"
MODULES = 20
FUNCTIONS = 12
FORM = "3"
"""Goes up when the trees change, so that kept ones are made anew."""

DODO = """\
from dodo_relkit import Relkit, environment, release

relkit = Relkit(
    default_release="big",
    default_environment="prod",
    environments=[environment("prod", include_erts=True, cookie="bench")],
    releases=[
        release(
            "big",
            version="{version}",
            applications={applications},
            lib_dirs=["_build/default/lib"],
            upgrade_from={baselines},
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""
EMPTY_DODO = """\
def task_empty():
    return {"actions": []}
"""
PYPROJECT = """\
[tool.doit]
backend = "sqlite3"
dep_file = ".doit.sqlite"
"""
REBAR_CONFIG = """\
{{erl_opts, [debug_info]}}.
{{relx, [{{release, {{big, "1.0.0"}}, [{applications}, sasl]}},
        {{dev_mode, false}},
        {{include_erts, true}},
        {{extended_start_script, true}}]}}.
"""


def tree(count: int) -> Path:
    """Return a compiled project of `count` applications, made when it is not there."""
    project = WORK / f"apps_{count}"
    stamp = project / "made"
    if not (stamp.exists() and stamp.read_text() == FORM):
        shutil.rmtree(project, ignore_errors=True)
        _write(project, count)
        subprocess.run(["rebar3", "compile"], cwd=project, check=True)
        stamp.write_text(FORM)
    _write_dodo(project, count, "1.0.0", [])
    return project


def upgraded(count: int, baseline: Path) -> Path:
    """Return a project with the next version of one application of `tree`.

    Its release is upgraded from `baseline`, the tarball of that tree.
    """
    first, project = tree(count), WORK / f"upgrade_{count}"
    shutil.rmtree(project, ignore_errors=True)
    lib = "_build/default/lib"
    # rebar3 leaves links to a priv and an include that are not there
    shutil.copytree(first / lib, project / lib, ignore_dangling_symlinks=True)
    app = app_name(1)
    spec = project / lib / app / f"ebin/{app}.app"
    spec.write_text(spec.read_text().replace('"1.0.0"', '"2.0.0"'))
    _write_dodo(project, count, "2.0.0", [str(baseline)])
    return project


def empty() -> Path:
    """Return a project whose only task does nothing."""
    project = WORK / "empty"
    project.mkdir(parents=True, exist_ok=True)
    (project / "dodo.py").write_text(EMPTY_DODO)
    (project / "pyproject.toml").write_text(PYPROJECT)
    return project


def app_name(number: int) -> str:
    """Return the name of the application with this number, from 1."""
    return f"app_{number:03}"


def edits_of_one_module(count: int) -> tuple[str, bytes, bytes, bytes]:
    """Return the object file of one module below a project, and three contents.

    The first is that of the tree, the others are two edits.
    """
    app = app_name(1)
    beam = f"_build/default/lib/{app}/ebin/{app}_07.beam"
    source = tree(count) / f"apps/{app}/src/{app}_07.erl"
    scratch = WORK / "edited"
    scratch.mkdir(exist_ok=True)
    contents = []
    for answer in ("0", "999", "9999"):
        text = source.read_text().replace("-> {0", f"-> {{{answer}")
        (scratch / source.name).write_text(text)
        subprocess.run(["erlc", "+debug_info", source.name], cwd=scratch, check=True)
        contents.append((scratch / f"{app}_07.beam").read_bytes())
    return beam, contents[0], contents[1], contents[2]


def _write_dodo(project: Path, count: int, version: str, baselines: list[str]) -> None:
    names = [*(app_name(number) for number in range(1, count + 1)), "sasl"]
    text = DODO.format(applications=names, version=version, baselines=baselines)
    (project / "dodo.py").write_text(text)
    (project / "pyproject.toml").write_text(PYPROJECT)


def _write(project: Path, count: int) -> None:
    project.mkdir(parents=True)
    names = ", ".join(app_name(number) for number in range(1, count + 1))
    config = REBAR_CONFIG.format(applications=names)
    (project / "rebar.config").write_text(config)
    for number in range(1, count + 1):
        _write_app(project / "apps" / app_name(number) / "src", number)


def _write_app(src: Path, number: int) -> None:
    src.mkdir(parents=True)
    name = app_name(number)
    # Each uses up to three others with a lower number, so that order matters.
    uses = sorted({number // 2, number // 3, number - 1} - {0, number})
    applications = ", ".join(["kernel", "stdlib", *map(app_name, uses)])
    (src / f"{name}.app.src").write_text(
        f'{{application, {name}, [{{description, "{name}"}}, {{vsn, "1.0.0"}},\n'
        f"  {{registered, []}}, {{applications, [{applications}]}}, {{env, []}}]}}.\n"
    )
    for index in range(1, MODULES + 1):
        module = f"{name}_{index:02}"
        (src / f"{module}.erl").write_text(_module(module))


def _module(module: str) -> str:
    names = [f"f{index}" for index in range(FUNCTIONS)]
    exports = ", ".join(f"{name}/1" for name in names)
    functions = "\n".join(
        f"{name}(X) -> {{{index}, {module}, lists:reverse(X), "
        f'"the text of {module}:{name}"}}.'
        for index, name in enumerate(names)
    )
    return f"-module({module}).\n-export([{exports}]).\n\n{functions}\n"
