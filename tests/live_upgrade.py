"""Applications in several versions, compiled; a live node that goes between them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import erlang

from dodo_relkit.formats import beam
from dodo_relkit.formats.app import load_app
from dodo_relkit.formats.appup import dump_appup
from dodo_relkit.terms.model import Atom, make_list, make_string
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.build import build_appup
from dodo_relkit.upgrade.appup.generate import NO_WISHES, Generated, Wishes, generate
from tests.oracle import Oracle, the_oracle

ELIXIR = Path("/usr/lib/elixir/lib")


@dataclass
class Built:
    """One compiled version of an application."""

    directory: Path
    version: AppVersion
    keys: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.version.name


def app_term(name: str, vsn: str, modules, mod="", uses=("kernel", "stdlib")):
    """Return the term of an `.app` file."""
    keys = [
        (Atom("description"), []),
        (Atom("vsn"), make_string(vsn)),
        (Atom("modules"), make_list(Atom(each) for each in modules)),
        (Atom("registered"), []),
        (Atom("applications"), make_list(Atom(each) for each in uses)),
    ]
    if mod:
        keys.append((Atom("mod"), (Atom(mod), [])))
    return (Atom("application"), Atom(name), keys)


def read_version(directory: Path, name: str, vsn: str, mod="", uses=None) -> Built:
    """Write the `.app` file for the beams in `directory`/ebin, and read all."""
    beams = sorted((directory / "ebin").glob("*.beam"))
    uses = uses or ("kernel", "stdlib")
    term = app_term(name, vsn, [each.stem for each in beams], mod, uses)
    (directory / "ebin" / f"{name}.app").write_text(format_term(term) + ".\n")
    version = AppVersion(
        spec=load_app(term, file="", name=name),
        modules={each.stem: beam.read_chunks(each.read_bytes()) for each in beams},
    )
    return Built(directory, version)


def erlang_version(
    directory: Path, name: str, vsn: str, sources: dict[str, str], mod=""
) -> Built:
    """Compile Erlang modules, given by name without their `-module` line.

    Lines with an attribute go to the top, so that texts can be put together.
    """
    ebin = directory / f"{name}-{vsn}" / "ebin"
    ebin.mkdir(parents=True)
    source = directory / f"{name}-{vsn}" / "src"
    source.mkdir()
    for module, text in sources.items():
        lines = text.splitlines()
        lines.sort(key=lambda line: not line.lstrip().startswith("-"))
        (source / f"{module}.erl").write_text(
            "\n".join([f"-module({module}).", *lines, ""])
        )
    answer = the_oracle().ask(
        '[case compile:file(binary_to_list(F), [debug_info, nowarn_export_all,'
        ' {outdir, binary_to_list(D)}, return_errors]) of {ok, _} -> ok;'
        ' E -> throw(E) end || {F, D} <- In]',
        [
            (erlang.OtpErlangBinary(bytes(source / f"{module}.erl")),
             erlang.OtpErlangBinary(bytes(ebin)))
            for module in sources
        ],
    )  # fmt: skip
    assert len(answer) == len(sources)
    return read_version(ebin.parent, name, vsn, mod)


def elixir_versions(directory: Path, name: str, sources: dict[str, str], mods=None):
    """Compile all versions of an Elixir application in one call of elixir.

    `sources` has by version the text of one file. Returns them in that order.
    """
    script = ["Code.compiler_options(ignore_module_conflict: true)"]
    for vsn, text in sources.items():
        root = directory / f"{name}-{vsn}"
        (root / "ebin").mkdir(parents=True)
        (root / "lib").mkdir()
        (root / "lib" / f"{name}.ex").write_text(text)
        call = f'["{root}/lib/{name}.ex"], "{root}/ebin", return_diagnostics: true'
        compiled = "Kernel.ParallelCompiler.compile_to_path"
        script.append(f"{{:ok, modules, _}} = {compiled}({call})")
        script.append("for m <- modules, do: (:code.delete(m); :code.purge(m))")
    done = subprocess.run(
        ["elixir", "-e", "\n".join(script)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    uses = ("kernel", "stdlib", "elixir")
    return [
        read_version(
            directory / f"{name}-{vsn}", name, vsn, (mods or {}).get(vsn, ""), uses
        )
        for vsn in sources
    ]


def between(old: Built, new: Built, wishes: Wishes = NO_WISHES) -> Generated:
    """Generate the appup between two versions and write it into the newer one."""
    way = generate(old.version, new.version, wishes)
    write_appup(new, [way])
    return way


def write_appup(new: Built, ways) -> None:
    """Write the appup of these ways where release_handler looks."""
    path = new.directory / "ebin" / f"{new.name}.appup"
    path.write_bytes(dump_appup(build_appup(ways)))


def instructions(steps) -> list[str]:
    """Return the instructions as text."""
    return [format_term(step.instruction) for step in steps]


class Live:
    """A node on which one application goes up and down."""

    def __init__(self, mode: str = "interactive") -> None:
        self.node = Oracle(mode=mode)
        # what is logged goes to the output, which belongs to the questions
        self.ask("logger:set_primary_config(level, none)")

    def ask(self, expression: str):
        """Evaluate; return the value as text that `~w` prints."""
        text = self.node.ask(
            f'iolist_to_binary(io_lib:format("~w", [begin {expression} end]))'
        )
        return bytes(text.value).decode()

    def start(self, built: Built, *more: Path) -> None:
        """Start the application from the directory of this version."""
        for path in (*more, built.directory / "ebin"):
            self.ask(f'true = code:add_patha("{path}")')
        self.ask(f"{{ok, _}} = application:ensure_all_started({built.name})")

    def up(self, built: Built) -> str:
        """Upgrade to this version; the answer of release_handler."""
        return self.ask(
            f'release_handler:upgrade_app({built.name}, "{built.directory}")'
        )

    def down(self, built: Built) -> str:
        """Downgrade to this version; the answer of release_handler."""
        return self.ask(
            f'release_handler:downgrade_app({built.name}, "{built.directory}")'
        )

    def stop(self, built: Built) -> None:
        """Stop the application and forget its modules."""
        self.ask(f"application:stop({built.name}), application:unload({built.name})")

    def close(self) -> None:
        """Stop the node."""
        self.node.close()
        shutil.rmtree(self.node.directory, ignore_errors=True)
