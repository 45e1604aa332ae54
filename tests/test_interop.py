"""Releases of the whole pipeline, taken by OTP's own tools; and the same everywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import erlang
import pytest

from dodo_relkit.edge.otp import find_start_clean
from tests.doit_projects import PLAIN_DODO, PLAIN_SETTINGS
from tests.nodes import booted, build, clean_environment, unpack
from tests.oracle import otp_root, the_oracle
from tests.test_target import NEW_MANDATORY, NEW_PRELOADED, changed

OUTPUT = "_build/prod/rel/web"
TARBALL = "_build/prod/rel/web-1.0.0.tar.gz"


def write_project(project, **settings):
    """Write a project of two applications, one of them with what may be in priv."""
    project.mkdir(parents=True)
    (project / "dodo.py").write_text(PLAIN_DODO)
    configure(project, **settings)
    for name, uses in (("web", ",store,crypto"), ("store", "")):
        ebin = project / "lib" / name / "ebin"
        ebin.mkdir(parents=True)
        (ebin / f"{name}.app").write_text(
            f'{{application,{name},[{{description,"d"}},{{vsn,"1.0"}},'
            f"{{modules,[{name}_one]}},{{registered,[]}},{{env,[{{a,[1,2]}}]}},"
            f"{{applications,[kernel,stdlib{uses}]}}]}}.\n"
        )
        source = project / f"{name}_one.erl"
        source.write_text(f"-module({name}_one).\n-export([a/0]).\na() -> {name}.\n")
        subprocess.run(["erlc", "+deterministic", "-o", ebin, source], check=True)
        source.unlink()
    priv = project / "lib/web/priv/deep/er"
    priv.mkdir(parents=True)
    (priv / "é.txt").write_text("text")
    (project / "lib/web/priv/run.sh").write_text("#!/bin/sh\n")
    (project / "lib/web/priv/run.sh").chmod(0o755)
    (project / "lib/web/priv/link").symlink_to("deep/er")
    return project


def configure(project, **settings):
    wanted = json.dumps({**PLAIN_SETTINGS, **settings})
    (project / "settings.json").write_text(wanted)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A built project whose release has all applications in it."""
    directory = tmp_path_factory.mktemp("interop") / "project"
    write_project(directory, include_erts=True)
    build(directory)
    return directory


# ---- release_handler --------------------------------------------------------


def test_release_handler_takes_tree_and_tarball(project, tmp_path):
    """The tarball can lie in `releases` under either of its names."""
    shutil.copytree(project / OUTPUT, tmp_path / "kept")
    newer = tmp_path / "newer"
    shutil.copytree(project, newer, ignore=shutil.ignore_patterns("_build", ".doit*"))
    configure(newer, version="1.1.0", include_erts=True)
    build(newer)
    root = unpack(project / TARBALL, tmp_path / "unpacked here")
    libs = "lists:sort([list_to_atom(L) || {_, _, Ls, _} <- Rs, L <- Ls])"
    which = f"Rs = release_handler:which_releases(permanent), {libs}."
    known = "[{N, V, S} || {N, V, _, S} <- release_handler:which_releases()]."
    with booted(root, "web") as node:
        assert node.ask(known) == '[{"web","1.0.0",permanent}]'
        listed = set(re.findall(r"[a-z]+-[0-9.]+", node.ask(which)))
        assert listed == {path.name for path in (root / "lib").iterdir()}
        for name in ("web-1.1.0", "web"):
            tarball = newer / f"{OUTPUT}/../{name}.tar.gz"
            shutil.copy(tarball, root / "releases")
            answer = node.ask(f'release_handler:unpack_release("{name}").')
            assert answer == '{ok,"1.1.0"}'
            assert '{"web","1.1.0",unpacked}' in node.ask(known)
            assert node.ask('release_handler:remove_release("1.1.0").') == "ok"
            assert node.ask(known) == '[{"web","1.0.0",permanent}]'
        assert node.ask("web_one:a().") == "web"


# ---- systools ---------------------------------------------------------------


@pytest.mark.parametrize("outside", [False, True])
def test_systools_makes_the_same_boot_file_of_our_rel_file(project, tmp_path, outside):
    if outside:
        copy = tmp_path / "project"
        ignored = shutil.ignore_patterns("_build", ".doit*")
        shutil.copytree(project, copy, symlinks=True, ignore=ignored)
        configure(copy, include_system_libs=False)
        build(copy)
        project = copy
    release = project / OUTPUT / "releases/1.0.0"
    (tmp_path / "out").mkdir()
    program = f"""
        ok = file:set_cwd("{release}"),
        Path = filelib:wildcard("{project / OUTPUT}/lib/*/ebin")
            ++ filelib:wildcard("{otp_root()}/lib/*/ebin"),
        Variables = [{{"ERTS_LIB_DIR", "{otp_root()}/lib"}}],
        Options = [{{path, Path}}, {{variables, Variables}}, silent],
        Out = "{tmp_path}/out",
        {{ok, _, []}} = systools:make_script("web", [{{outdir, Out}} | Options]),
        file:copy("web.rel", filename:join(Out, "web.rel")),
        ok = file:set_cwd(Out),
        {{ok, _, []}} = systools:make_tar("web", [{{outdir, Out}}, {{var_tar, omit}}
                                                  | Options]),
        ok
    """
    the_oracle().ask(f"begin {program} end")
    made = tmp_path / "out/web.boot"
    assert made.read_bytes() == (release / "start.boot").read_bytes()
    theirs = names(tmp_path / "out/web.tar.gz")
    ours = names(project / TARBALL)
    for name in theirs - {"releases/web.rel", "releases/1.0.0/start.boot"}:
        # what is empty, or hidden, is all that we leave out
        assert name in ours or (project / OUTPUT / name).is_dir(), name


def names(tarball):
    """Return the members of a tarball, as GNU tar lists them."""
    listed = subprocess.run(
        ["tar", "-tzf", tarball, "--quoting-style=literal"],
        check=True,
        capture_output=True,
        env=clean_environment(),
    )
    return {line.rstrip("/") for line in listed.stdout.decode().splitlines()}


# ---- another OTP ------------------------------------------------------------


@pytest.mark.parametrize("change", [NEW_PRELOADED, NEW_MANDATORY])
def test_boot_files_are_those_of_the_otp_that_is_put_in(project, tmp_path, change):
    boot = Path(find_start_clean(str(otp_root()))).read_bytes()
    other = tmp_path / "otp"
    (other / "releases/27").mkdir(parents=True)
    boot_27 = changed(boot, change, "27", utf8=True)
    (other / "releases/27/start_clean.boot").write_bytes(boot_27)
    (other / "releases/start_erl.data").write_text("15.0 27\n")
    (other / "lib").symlink_to(otp_root() / "lib")
    (erts,) = otp_root().glob("erts-*")
    shutil.copytree(erts / "bin", other / "erts-15.0/bin", symlinks=True)
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns("_build", ".doit*")
    shutil.copytree(project, copy, symlinks=True, ignore=ignored)
    configure(copy, include_erts=str(other))
    build(copy)
    release = copy / OUTPUT / "releases/1.0.0"
    before = (project / OUTPUT / "releases/1.0.0/start.boot").read_bytes()
    assert (release / "start.boot").read_bytes() == changed(
        before, change, "", utf8=True
    )
    assert (release / "start_clean.boot").read_bytes()[:9] == boot_27[:9]
    assert (copy / OUTPUT / "erts-15.0/bin/beam.smp").exists()
    data = (copy / OUTPUT / "releases/start_erl.data").read_text()
    assert data.split() == ["15.0", "1.0.0"]


def test_without_erts_the_host_must_have_the_right_one(project, tmp_path):
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns("_build", ".doit*")
    shutil.copytree(project, copy, symlinks=True, ignore=ignored)
    configure(copy, include_erts=False)
    build(copy)
    root = unpack(copy / TARBALL, tmp_path / "web")
    assert not list(root.glob("erts-*"))
    with booted(root, "web") as node:
        assert node.ask("store_one:a().") == "store"
    (root / "releases/start_erl.data").write_text("99.9 1.0.0")
    rel = root / "releases/1.0.0/web.rel"
    rel.write_text(re.sub(r'{erts,\s*"[^"]*"}', '{erts,"99.9"}', rel.read_text()))
    done = subprocess.run(
        [root / "bin/web", "eval", "1."],
        check=False,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    assert done.returncode != 0
    assert "99.9" in done.stderr
    assert done.stdout == ""


# ---- the same bytes ---------------------------------------------------------


def built_elsewhere(project, place, *arguments, wrapper=(), umask=-1, **environment):
    """Copy the project, with other times, build it there; return the tarball."""
    ignored = shutil.ignore_patterns("_build", ".doit*")
    shutil.copytree(project, place, symlinks=True, ignore=ignored)
    for where, _, files in os.walk(place):
        for number, name in enumerate(files):
            os.utime(Path(where, name), (10**9 + number,) * 2)
    again(place, *arguments, wrapper=wrapper, umask=umask, **environment)
    return (place / TARBALL).read_bytes()


def again(place, *arguments, wrapper=(), umask=-1, **environment):
    done = subprocess.run(
        [*wrapper, sys.executable, "-m", "doit", *(arguments or ("release",))],
        check=False,
        cwd=place,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        umask=umask,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_tarball_everywhere(project, tmp_path):
    expected = (project / TARBALL).read_bytes()
    other_group = (
        ("setpriv", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    )
    assert expected == built_elsewhere(
        project,
        tmp_path / "with spaces, é and 'quotes'",
        "-n",
        "2",
        "release",
        umask=0o077,
        wrapper=other_group,
        LC_ALL="C",
        LANG="tr_TR.UTF-8",
        TZ="Asia/Kathmandu",
        PYTHONHASHSEED="1",
    )
    assert expected == built_elsewhere(
        project,
        tmp_path / "b",
        "release:web:prod",
        umask=0,
        PYTHONHASHSEED="2",
        PYTHONUTF8="0",
    )


def test_the_same_tarball_with_and_without_what_is_kept(project, tmp_path):
    expected = (project / TARBALL).read_bytes()
    place = tmp_path / "project"
    configure_first = tmp_path / "first"
    shutil.copytree(project, configure_first, symlinks=True)
    # another release was there before
    configure(configure_first, version="0.9.0", applications=["store"])
    again(configure_first)
    shutil.move(configure_first, place)
    configure(place, include_erts=True)
    again(place)
    assert (place / TARBALL).read_bytes() == expected
    (place / TARBALL).unlink()
    shutil.rmtree(place / "_build/prod/relkit/web/segments")
    again(place)
    assert (place / TARBALL).read_bytes() == expected
    shutil.rmtree(place / "_build")
    again(place)
    assert (place / TARBALL).read_bytes() == expected


def test_members_are_told_apart_by_path_and_mode_alone(project):
    listing = subprocess.run(
        ["tar", "--numeric-owner", "--utc", "-tvzf", project / TARBALL],
        check=True,
        capture_output=True,
        env=clean_environment(),
    ).stdout.decode()
    looks = {
        (mode, owner, day)
        for mode, owner, _, day, *_ in (line.split() for line in listing.splitlines())
    }
    assert looks == {
        ("-rw-r--r--", "0/0", "1980-01-01"),
        ("-rwxr-xr-x", "0/0", "1980-01-01"),
    }


def test_the_boot_file_is_a_term_that_others_read_too(project):
    boot = (project / OUTPUT / "releases/1.0.0/start.boot").read_bytes()
    tag, (name, vsn), instructions = erlang.binary_to_term(boot)
    assert (bytes(tag.value), bytes(name), bytes(vsn)) == (b"script", b"web", b"1.0.0")
    assert len(instructions) > 20
