"""A release in the middle of a larger pipeline of doit tasks.

The task `generate` makes an Erlang module from a text file, `compile` compiles it,
dodo_relkit makes the release, `checksum` and `label` use the tarball.
"""

import hashlib
from pathlib import Path

from dodo_relkit import Relkit, environment, release, task

relkit = Relkit(
    default_release="fortune",
    default_environment="prod",
    environments=[environment("prod", include_erts=True, cookie="rB8mUj2XhL6sPa4CvT0k")],
    releases=[
        release(
            "fortune",
            version="2.0.0",
            applications=["fortune", "sasl"],
            lib_dirs=["build/lib"],
        ),
    ],
    compile=task("compile"),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()

GENERATED = "build/generated/fortune_data.erl"


def generate(source: str, target: str) -> None:
    """Write a module whose function all/0 returns the lines of `source`."""
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    quoted = ",\n     ".join(f'<<"{line}"/utf8>>' for line in lines)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(
        f"-module(fortune_data).\n-export([all/0]).\n\nall() ->\n    [{quoted}].\n",
        encoding="utf-8",
    )


def checksum(tarball: str, target: str) -> None:
    """Write the SHA-256 of the tarball beside it, as sha256sum would."""
    digest = hashlib.sha256(Path(tarball).read_bytes()).hexdigest()
    Path(target).write_text(f"{digest}  {Path(tarball).name}\n")


def label(tarball: str, version: str, target: str) -> None:
    """Write down what was built."""
    Path(target).write_text(f"fortune {version} is {Path(tarball).name}\n")


def task_generate():
    """Make fortune_data.erl from fortunes.txt."""
    return {
        "actions": [(generate, ["fortunes.txt", GENERATED])],
        "file_dep": ["fortunes.txt"],
        "targets": [GENERATED],
        "clean": True,
    }


def task_compile():
    """Compile the application into build/lib/fortune/ebin."""
    ebin = "build/lib/fortune/ebin"
    sources = ["src/fortune.erl", GENERATED]
    return {
        "actions": [
            f"mkdir -p {ebin}",
            f"erlc +debug_info -o {ebin} {' '.join(sources)}",
            f"cp src/fortune.app {ebin}",
        ],
        "file_dep": [*sources, "src/fortune.app"],
        "targets": [
            f"{ebin}/fortune.beam",
            f"{ebin}/fortune_data.beam",
            f"{ebin}/fortune.app",
        ],
        "clean": True,
    }


def task_checksum():
    """Use the tarball as a file."""
    tarball = relkit.profile("fortune:prod").tarball
    return {
        "actions": [(checksum, [tarball, "build/fortune.sha256"])],
        "file_dep": [tarball],
        "targets": ["build/fortune.sha256"],
        "clean": True,
    }


def task_label():
    """Use the values that the task of the tarball saved.

    With `getargs` alone doit would compare them before that task has run again.
    """
    return {
        "actions": [(label, [], {"target": "build/label.txt"})],
        "task_dep": ["release:fortune:prod:tar"],
        "getargs": {
            "tarball": ("release:fortune:prod:tar", "path"),
            "version": ("release:fortune:prod:tar", "version"),
        },
        "targets": ["build/label.txt"],
        "clean": True,
    }
