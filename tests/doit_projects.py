"""Small projects that real doit builds: written, run and looked at by tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

DOIT = Path(sys.executable).parent / "doit"

DODO = """
import json
from pathlib import Path
from dodo_relkit import Relkit, environment, release, task

settings = json.loads(Path("settings.json").read_text())
relkit = Relkit(
    environments=[environment("dev"), environment("prod", cookie="longenoughcookie")],
    default_environment="dev",
    releases=[release("web", **settings)],
    lib_dirs=["lib", "more/*"],
    compile=task("make") if Path("make.py").exists() else None,
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()

def task_make():
    return {"actions": ["test ! -e make.py || python3 make.py"], "uptodate": [False]}
"""

SETTINGS = {
    "version": "1.0.0",
    "applications": ["web", "sasl"],
    "include_erts": False,
    "tar": True,
    "cookie": "averylongcookie",
}


PLAIN_DODO = """
import json
from pathlib import Path
from dodo_relkit import Relkit, environment, release

relkit = Relkit(
    environments=[environment("prod")],
    default_environment="prod",
    releases=[release("web", **json.loads(Path("settings.json").read_text()))],
    lib_dirs=["lib"],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
"""
"""One environment, `lib` alone, no warning."""

PLAIN_SETTINGS = {
    "version": "1.0.0",
    "applications": ["web", "sasl"],
    "include_erts": False,
    "tar": True,
    "cookie": "Zq8vTn4xRw2LkYp6",
}


def write_app(
    project: Path,
    name: str,
    *,
    vsn: str = "1.0",
    uses: tuple[str, ...] = (),
    modules: dict[str, int] | None = None,
    env: str = "",
    lib: str = "lib",
) -> Path:
    """Write and compile an application; `modules` gives each module's answer."""
    folder = project / lib / name
    (folder / "ebin").mkdir(parents=True, exist_ok=True)
    modules = modules if modules is not None else {f"{name}_one": 1, f"{name}_two": 2}
    applications = ",".join(["kernel", "stdlib", *uses])
    (folder / "ebin" / f"{name}.app").write_text(
        f'{{application,{name},[{{description,"d"}},{{vsn,"{vsn}"}},'
        f"{{modules,[{','.join(modules)}]}},{{registered,[]}},"
        f"{{applications,[{applications}]}},{{env,[{env}]}}]}}.\n"
    )
    for module, answer in modules.items():
        compile_module(folder, module, answer)
    return folder


def compile_module(folder: Path, module: str, answer: int) -> None:
    """Put a beam of `module` into the application's ebin."""
    source = folder / f"{module}.erl"
    source.write_text(
        f"-module({module}).\n-export([answer/0]).\nanswer() -> {answer}.\n"
    )
    subprocess.run(
        ["erlc", "+deterministic", "-o", folder / "ebin", source], check=True
    )
    source.unlink()


def write_project(project: Path, **settings: object) -> Path:
    """Write the project of `DODO` with three applications; web uses store."""
    project.mkdir(parents=True, exist_ok=True)
    (project / "dodo.py").write_text(DODO)
    (project / "settings.json").write_text(json.dumps(SETTINGS | settings))
    write_app(project, "web", uses=("store",))
    write_app(project, "store")
    write_app(project, "other")
    return project


def run(
    project: Path, *arguments: str, expect: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run doit; check its exit code, and that nobody is shown a traceback."""
    done = subprocess.run(
        [DOIT, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RELKIT_ENV": "", "MIX_ENV": "", **environment},
    )
    said = done.stdout + done.stderr
    assert done.returncode == expect, said
    assert "Traceback" not in said
    return done


def build(
    project: Path, *arguments: str, expect: int = 0, **environment: str
) -> set[str]:
    """Run `doit release`, or what is said, and return the artifacts that were made."""
    done = run(project, *(arguments or ("release",)), expect=expect, **environment)
    return {
        line.split(":")[-1]
        for line in done.stdout.splitlines()
        if line.startswith(".  release:")
    }


def output(project: Path, environment: str = "dev") -> Path:
    """Return the release directory."""
    return project / f"_build/{environment}/rel/web"


def members(project: Path, environment: str = "dev") -> dict[str, bytes]:
    """Return the content of the tarball by member."""
    found = {}
    tarball = output(project, environment).with_name("web.tar.gz")
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file, member
            found[member.name] = file.read()
    return found


def copy_project(template: Path, tmp_path: Path) -> Path:
    """Return a copy of a project that was built, times and all."""
    copy = tmp_path / "project"
    shutil.copytree(template, copy, symlinks=True)
    return copy


def set_settings(project: Path, **settings: object) -> None:
    """Change the release's settings."""
    old = json.loads((project / "settings.json").read_text())
    (project / "settings.json").write_text(json.dumps(old | settings))


def files(directory: Path) -> dict[str, bytes]:
    """Return the content of each file below a directory; links are followed."""
    return {
        os.path.relpath(os.path.join(where, name), directory): Path(
            where, name
        ).read_bytes()
        for where, _, names in os.walk(directory, followlinks=True)
        for name in names
    }
