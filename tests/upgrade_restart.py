"""Versions whose upgrade restarts the run-time system, and what starts nodes again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.oracle import otp_root
from tests.start_release import Release, erts_version, version_of
from tests.upgrade_release import BASE, Versions

NEW_ERTS = erts_version() + ".1"
"""Another version of the run-time system: the installed one by another name."""

STATE = "counter:state()"
GREETING = "application:get_env(counter, greeting)"
FLAVOUR = '{init:get_argument(flavour), os:getenv("RELEASE_VSN")}'
RUNS = '{os:getenv("BINDIR"), code:lib_dir(kernel), code:lib_dir(counter)}'

SUPERVISOR = ("sh", "-c", 'while :; do "$@"; done', "supervisor")


def next_version(app: str) -> str:
    """Return the version that an application of OTP has in 0.5.0."""
    return version_of(app) + ".1"


def add_new_otp(versions: Versions) -> None:
    """Add 0.5.0, which has counter 2.0 and an OTP of other versions, and a relup."""
    root, own = versions.root, versions.root / "releases/0.5.0"
    (root / f"erts-{NEW_ERTS}").mkdir()
    (root / f"erts-{NEW_ERTS}/bin").symlink_to(
        otp_root() / f"erts-{erts_version()}/bin"
    )
    for name in BASE:
        _copy_app(root, name)
    shutil.copytree(root / "releases/0.2.0", own)
    for file in own.glob("*.rel"):
        text = file.read_text().replace('"0.2.0"', '"0.5.0"')
        text = text.replace(f'{{erts, "{erts_version()}"}}', f'{{erts, "{NEW_ERTS}"}}')
        for name in BASE:
            old, new = version_of(name), next_version(name)
            text = text.replace(f'{{{name}, "{old}"}}', f'{{{name}, "{new}"}}')
        file.write_text(text)
    (own / "sys.config").write_text('[{counter, [{greeting, "${GREETING} 0.5.0"}]}].\n')
    with (own / "vm.args").open("a") as args:
        args.write("-flavour new\n")
    calls = [
        f'{{ok, _, _}} = systools:make_script("releases/0.5.0/{rel}", [silent, '
        f'no_warn_sasl, {{path, ["lib/*/ebin"]}}, {{outdir, "releases/0.5.0"}}, '
        f'{{script_name, "{name}"}} | {more}])'
        for rel, name, more in (
            ("demo", "start", "[]"),
            ("clean", "start_clean", "[]"),
            ("clean", "no_dot_erlang", "[no_dot_erlang]"),
        )
    ]
    _erl(root, *calls)
    make_relup(versions, "0.5.0", own)


def _copy_app(root: Path, name: str) -> None:
    old, new = version_of(name), next_version(name)
    ebin = root / f"lib/{name}-{new}/ebin"
    shutil.copytree(otp_root() / f"lib/{name}-{old}/ebin", ebin)
    app = (ebin / f"{name}.app").read_text()
    assert f'"{old}"' in app
    (ebin / f"{name}.app").write_text(app.replace(f'"{old}"', f'"{new}"', 1))
    way = f'[{{"{old}", [restart_new_emulator]}}]'
    (ebin / f"{name}.appup").write_text(f'{{"{new}", {way}, {way}}}.\n')


def make_relup(versions: Versions, vsn: str, place: Path, *options: str) -> str:
    """Let systools make the relup of a version, from and to 0.1.0; return its text."""
    place.mkdir(exist_ok=True)
    every = ", ".join(["silent", '{path, ["lib/*/ebin"]}', *options])
    _erl(
        versions.root,
        f'{{ok, _, _, _}} = systools:make_relup("releases/{vsn}/demo", '
        f'["releases/0.1.0/demo"], ["releases/0.1.0/demo"], [{every}, '
        f'{{outdir, "{place}"}}])',
    )
    return (place / "relup").read_text()


def _erl(place: Path, *calls: str) -> None:
    program = ", ".join([*calls, "halt()."])
    subprocess.run(["erl", "-noinput", "-eval", program], check=True, cwd=place)


def put_new_otp(versions: Versions, release: Release) -> None:
    """Put 0.5.0 into the release's directory, as if it was unpacked by hand."""
    for path in ("releases/0.5.0", "lib/counter-2.0", f"erts-{NEW_ERTS}"):
        shutil.copytree(versions.root / path, release.root / path, symlinks=True)
    for name in BASE:
        path = f"lib/{name}-{next_version(name)}"
        (release.root / path).symlink_to(versions.root / path)


def put(versions: Versions, release: Release, vsn: str, **changes: str | None) -> None:
    """Put a version's tarball into place; `relup`, `sys_config` are files of it."""
    own = f"releases/{vsn}/"
    named = {own + name.replace("_", "."): text for name, text in changes.items()}
    args = (versions.root / own / "vm.args").read_text()
    named[own + "vm.args"] = args + "-flavour new\n"
    versions.tarball(release.root / f"releases/demo-{vsn}.tar.gz", vsn, named)


def refused(release: Release, status: int, *arguments: str, **more: str) -> str:
    done = release.run(*arguments, **more)
    assert (done.returncode, done.stdout) == (status, ""), done.stdout + done.stderr
    return done.stderr


def nothing_left(release: Release) -> None:
    """Fail unless the versions are whole and no trace of an upgrade is left."""
    releases = release.root / "releases"
    assert not (releases / ".upgrade").exists()
    assert not (releases / "new_start_erl.data").exists()
    assert not list(releases.glob("__new*"))
    text = (releases / "RELEASES").read_text()
    assert "tmp_current" not in text
    assert "__new" not in text
    for vsn in ("0.2.0", "0.5.0"):
        config = releases / vsn / "sys.config"
        assert not config.exists() or "${GREETING}" in config.read_text()


def runs(release: Release, vsn: str, *, permanent: bool = True) -> None:
    """Fail unless this version runs, with its own configuration and arguments."""
    app = "1.0" if vsn == "0.1.0" else "2.0"
    assert release.ok("rpc", STATE) == f'{{"{app}",{{"{app}",0}}}}'
    assert release.ok("rpc", GREETING) == f'{{ok,"a ${{GREETING}} {vsn}"}}'
    flavour = "error" if vsn == "0.1.0" else '{ok,[["new"]]}'
    assert release.ok("rpc", FLAVOUR) == f'{{{flavour},"{vsn}"}}'
    status = "permanent" if permanent else "current"
    assert f"* {vsn} {status}" in release.ok("versions")
    started = "[A || {A, _, _} <- application:which_applications()] -- [kernel, stdlib]"
    assert set(release.ok("rpc", started).strip("[]").split(",")) == {"counter", "sasl"}
    nothing_left(release)


def runs_on(release: Release, vsn: str, *, permanent: bool = True) -> None:
    """Fail unless this version runs, and the OTP of this version."""
    runs(release, vsn, permanent=permanent)
    new = vsn == "0.5.0"
    erts, app = (NEW_ERTS, "2.0") if new else (erts_version(), "1.0")
    kernel = next_version("kernel") if new else version_of("kernel")
    found = release.ok("rpc", RUNS)
    for path in (f"erts-{erts}/bin", f"lib/kernel-{kernel}", f"lib/counter-{app}"):
        assert f'"{release.root}/{path}"' in found
    own = release.root / f"releases/{vsn}/consolidated"
    path = '[P || P <- code:get_path(), string:find(P, "consolidated") =/= nomatch]'
    wanted = f'["{own}"]' if own.exists() else "[]"
    assert release.ok("rpc", path) == wanted


@contextmanager
def started(release: Release, way: str) -> Iterator[Release]:
    """Run the node so that it is started again when it ends.

    `way` says by what: supervisor, heart, daemon or daemon with heart.
    """
    if way.endswith("heart"):
        release.environment["ERL_OPTS"] = "-heart"
    if way.startswith("daemon"):
        try:
            release.ok("daemon")
            yield release
        finally:
            release.run("stop")
        return
    if way == "supervisor":
        release.environment["RELEASE_SUPERVISED"] = "yes"
    argv = release.argv("start")
    process = subprocess.Popen(
        argv if way == "heart" else [*SUPERVISOR, *argv],
        cwd="/",
        env=release.env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        release.wait_until_up(process)
        yield release
    finally:
        if way == "heart":
            release.run("stop")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def restart(release: Release, way: str) -> None:
    """Let the node end and be started again; return when it is up."""
    if way == "daemon":  # it starts itself again for an upgrade only
        release.ok("stop")
        release.ok("daemon")
        return
    before = release.ok("pid")
    release.ok("rpc", "spawn(fun() -> timer:sleep(200), init:reboot() end), ok")

    def is_up() -> bool:
        done = release.run("rpc", "{os:getpid(), element(1, init:get_status())}")
        return ",started}" in done.stdout and f'"{before}"' not in done.stdout

    until(is_up)
