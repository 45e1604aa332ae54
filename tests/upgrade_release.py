"""Versions of a small release, made with OTP's own systools, to upgrade between.

Like `start_release`, nothing of the package but the start script is used. What the
tarballs hold is what differs; OTP's applications are links in the release.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.artifacts.start_script import StartScript
from tests.oracle import otp_root
from tests.start_release import (
    COOKIE,
    Release,
    erts_version,
    put_script,
    version_of,
)

COUNTER = """
-module(counter).
-behaviour(application).
-behaviour(gen_server).
-vsn("VSN").
-export([start/2, stop/1, start_link/0, init/1, handle_call/3, handle_cast/2,
         code_change/3, config_change/3, bump/0, state/0,
         hold/0]).

start(_, _) -> supervisor:start_link({local, counter_sup}, ?MODULE, sup).
stop(_) -> ok.
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init(sup) -> {ok, {#{}, [#{id => a, start => {?MODULE, start_link, []}}]}};
init([]) -> {ok, {"VSN", 0}}.
handle_call(bump, _, {V, N}) -> {reply, N + 1, {V, N + 1}};
handle_call(state, _, State) -> {reply, State, State}.
handle_cast(_, State) -> {noreply, State}.
config_change(Changed, New, Removed) ->
    persistent_term:put(counter, {Changed, New, Removed}).
code_change(_, {_, N}, _) -> CODE_CHANGE.
bump() -> gen_server:call(?MODULE, bump).
hold() -> receive stop -> ok end.
state() -> {"VSN", gen_server:call(?MODULE, state)}.
"""

CHANGES = {
    "1.0": '{ok, {"1.0", N}}',
    "2.0": '{ok, {"2.0", N}}',
    "3.0": "erlang:error({no_way, N})",
    "4.0": '(receive never -> ok after 3000 -> ok end), {ok, {"4.0", N}}',
}
"""What `code_change` does, by version of the application."""

VERSIONS = {"0.1.0": "1.0", "0.2.0": "2.0", "0.3.0": "3.0", "0.4.0": "4.0"}
"""Version of the application by version of the release."""

BASE = ("kernel", "stdlib", "sasl")


@dataclass
class Versions:
    """A directory with all versions in it, each complete."""

    root: Path

    def install(self, root: Path, *, without_sasl: bool = False) -> Release:
        """Make a release directory of version 0.1.0 alone."""
        for each in ("lib", "releases"):
            (root / each).mkdir(parents=True)
        (root / "bin").mkdir()
        for lib in (self.root / "lib").iterdir():
            if lib.is_symlink():
                (root / "lib" / lib.name).symlink_to(lib.readlink())
        self._copy("lib/counter-1.0", root)
        self._copy("releases/0.1.0", root)
        (root / f"erts-{erts_version()}").symlink_to(
            self.root / f"erts-{erts_version()}"
        )
        shutil.copy(self.root / "releases/RELEASES", root / "releases/RELEASES")
        (root / "releases/start_erl.data").write_text(f"{erts_version()} 0.1.0")
        if without_sasl:
            own = root / "releases/0.1.0"
            shutil.copy(own / "small.boot", own / "start.boot")
        put_script(root, script())
        return Release(root)

    def _copy(self, path: str, root: Path) -> None:
        shutil.copytree(self.root / path, root / path)

    def tarball(
        self,
        path: Path,
        vsn: str,
        changes: Mapping[str, str | bytes | None] = {},
    ) -> Path:
        """Write the tarball of a version; `changes` has files by path, None: without.

        It holds the application, the version's directory and the `.rel`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        own = f"releases/{vsn}"
        names = {f"releases/demo-{vsn}.rel": self.root / own / "demo.rel"}
        for folder in (f"lib/counter-{VERSIONS[vsn]}", own):
            for file in (self.root / folder).rglob("*"):
                if file.is_file():
                    names[str(file.relative_to(self.root))] = file
        with tarfile.open(path, "w:gz") as archive:
            for name, file in names.items():
                if name not in changes:
                    archive.add(file, name)
            for name, text in changes.items():
                if text is not None:
                    content = text if isinstance(text, bytes) else text.encode()
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        return path


def script() -> StartScript:
    """Return the settings of the start script."""
    return StartScript(
        release_name="demo",
        erts_version=erts_version(),
        include_erts=True,
        has_elixir=False,
    )


def make_versions(root: Path) -> Versions:
    """Make all versions below `root`, with the relups from and to 0.1.0."""
    otp, erts = otp_root(), erts_version()
    base = {name: version_of(name) for name in BASE}
    (root / "lib").mkdir(parents=True)
    for name, version in base.items():
        link = root / f"lib/{name}-{version}"
        link.symlink_to(otp / f"lib/{name}-{version}")
    (root / f"erts-{erts}").mkdir()
    (root / f"erts-{erts}/bin").symlink_to(otp / f"erts-{erts}/bin")
    calls = []
    for vsn, app in VERSIONS.items():
        _write_version(root, vsn, app, base, erts)
        ebin, own = f"lib/counter-{app}/ebin", f"releases/{vsn}"
        calls += [
            f'{{ok, _}} = compile:file("{ebin}/../counter", [{{outdir, "{ebin}"}}])',
            *(
                f'{{ok, _, _}} = systools:make_script("{own}/{rel}", [silent, '
                f'no_warn_sasl, {{path, ["lib/*/ebin"]}}, {{outdir, "{own}"}}, '
                f'{{script_name, "{name}"}} | {more}])'
                for rel, name, more in (
                    ("demo", "start", "[]"),
                    ("small", "small", "[]"),
                    ("clean", "start_clean", "[]"),
                    ("clean", "no_dot_erlang", "[no_dot_erlang]"),
                )
            ),
        ]
        if vsn != "0.1.0":
            calls.append(
                f'{{ok, _, _, _}} = systools:make_relup("{own}/demo", '
                '["releases/0.1.0/demo"], ["releases/0.1.0/demo"], [silent, '
                f'{{path, ["lib/*/ebin"]}}, {{outdir, "{own}"}}])'
            )
    calls += [
        f'Dir = "{root}/releases"',
        'ok = release_handler:create_RELEASES(Dir, Dir ++ "/0.1.0/demo.rel", [])',
        "halt()",
    ]
    program = ", ".join(calls) + "."
    subprocess.run(["erl", "-noinput", "-eval", program], check=True, cwd=root)
    return Versions(root)


def _write_version(
    root: Path, vsn: str, app: str, base: Mapping[str, str], erts: str
) -> None:
    ebin, own = root / f"lib/counter-{app}/ebin", root / f"releases/{vsn}"
    ebin.mkdir(parents=True)
    own.mkdir(parents=True)
    source = COUNTER.replace("VSN", app).replace("CODE_CHANGE", CHANGES[app])
    (ebin.parent / "counter.erl").write_text(source)
    (ebin / "counter.app").write_text(
        f'{{application, counter, [{{description, ""}}, {{vsn, "{app}"}},\n'
        "  {modules, [counter]}, {registered, [counter, counter_sup]},\n"
        "  {applications, [kernel, stdlib]}, {mod, {counter, []}},\n"
        '  {env, [{greeting, "none"}]}]}.\n'
    )
    way = '[{"1.0", [{update, counter, {advanced, []}}]}]'
    (ebin / "counter.appup").write_text(f'{{"{app}", {way}, {way}}}.\n')
    apps = [*base.items(), ("counter", app)]
    for name, chosen in (
        ("demo", apps),
        ("small", [each for each in apps if each[0] != "sasl"]),
        ("clean", apps[:2]),
    ):
        listed = ", ".join(f'{{{each}, "{version}"}}' for each, version in chosen)
        (own / f"{name}.rel").write_text(
            f'{{release, {{"{name}", "{vsn}"}}, {{erts, "{erts}"}}, [{listed}]}}.\n'
        )
    (own / "vm.args").write_text(f"-name demo@127.0.0.1\n-setcookie {COOKIE}\n")
    (own / "sys.config").write_text(
        f'[{{counter, [{{greeting, "${{GREETING}} {vsn}"}}]}}].\n'
    )
