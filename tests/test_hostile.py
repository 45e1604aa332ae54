"""Inputs that mean ill, or mean well and are odd, through the whole pipeline.

Whatever it is: a release, or an error with a code; no traceback, nothing written or
removed outside the release, and no shell that runs what a text says.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from dodo_relkit.edge.files import replacing, write_file
from tests.doit_projects import PLAIN_DODO, PLAIN_SETTINGS
from tests.nodes import clean_environment, unpack
from tests.oracle import otp_root

ORDINARY = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if os.geteuid() == 0
    else ()
)
"""Runs a program so that the modes of files count, for root too."""
REL = Path("_build/prod/rel/web")
TARBALL = Path("_build/prod/rel/web-1.0.0.tar.gz")


@pytest.fixture
def project(tmp_path):
    """A project with one application without modules."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "dodo.py").write_text(PLAIN_DODO)
    configure(project)
    add_app(project, "web")
    return project


def configure(project, **settings):
    """Write the settings of the release; None takes one away."""
    wanted = {
        name: value
        for name, value in {**PLAIN_SETTINGS, **settings}.items()
        if value is not None
    }
    (project / "settings.json").write_text(json.dumps(wanted))


def add_app(project, name, *, vsn='"1.0"', modules="", uses="", env="", folder=""):
    """Write an application; all but `name` and `folder` is Erlang text."""
    ebin = project / "lib" / (folder or name) / "ebin"
    ebin.mkdir(parents=True, exist_ok=True)
    needs = "kernel,stdlib" + (f",{uses}" if uses else "")
    (ebin / f"{name}.app").write_text(
        f'{{application,{quoted(name)},[{{description,"d"}},{{vsn,{vsn}}},'
        f"{{modules,[{modules}]}},{{registered,[]}},{{applications,[{needs}]}},"
        f"{{env,[{env}]}}]}}.\n",
        encoding="utf-8",
    )
    return ebin.parent


def quoted(name):
    """Return an atom as Erlang text."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def build(project, *arguments, wrapper=(), timeout=60, **environment):
    """Run doit; fail the test for a traceback; return exit code, codes, output."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-m", "doit", *(arguments or ("release",))],
        check=False,
        cwd=project,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout,
    )
    output = done.stdout + done.stderr
    assert "Traceback" not in output, output
    return done.returncode, set(re.findall(r"\b(RK\d\d\d) error", output)), output


def fails(project, code, **options):
    """Assert that the build ends with that error; return what it says."""
    status, codes, output = build(project, **options)
    assert status == 1, output
    assert codes == {code}, output
    return output


def builds(project, **options):
    """Assert that the build succeeds, and return what it says."""
    status, _, output = build(project, **options)
    assert status == 0, output
    return output


def tree(root):
    """Return what is below a directory: files by digest, links by target."""
    found = {}
    for where, folders, files in os.walk(root):
        for name in files + [
            each for each in folders if Path(where, each).is_symlink()
        ]:
            path = Path(where, name)
            what = path.readlink() if path.is_symlink() else digest(path)
            found[str(path.relative_to(root))] = what
    return found


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- Names and versions -----------------------------------------------------


@pytest.mark.parametrize(
    "vsn",
    [
        "../../x",
        r"a\nb",
        r"a\0b",
        r"a\\b",
        "$(touch /tmp/x)",
        "a/b",
        r"\e[2J",
        "9" * 255,
    ],
)
def test_a_version_that_is_no_folder_stops_before_anything_is_made(project, vsn):
    add_app(project, "web", vsn=f'"{vsn}"')
    output = fails(project, "RK604")
    assert "\0" not in output
    assert "\x1b[2J" not in output
    assert not (project / REL).exists()


@pytest.mark.parametrize("name", ["..", ".", "a\nb", "a\\b"])
def test_an_application_that_is_no_folder_stops_before_anything_is_made(project, name):
    add_app(project, name, folder="odd")
    add_app(project, "web", uses=quoted(name))
    fails(project, "RK604")
    assert not (project / REL).exists()


ODD = ["it's", 'a"b', "$(touch pwned)", "`touch pwned`", "a;b", "*", "-rf", "~", "é中"]


def test_odd_names_that_are_folders_are_names_and_nothing_else(project):
    for number, name in enumerate(ODD):
        app = add_app(project, name, folder=f"odd{number}", vsn='"1 $(id)\'"')
        (app / "priv").mkdir()
        (app / "priv" / name).write_text(name)
    add_app(project, "web", uses=",".join(map(quoted, ODD)))
    builds(project)
    root = unpack(project / TARBALL, project.parent / "un packed 'it")
    for name in ODD:
        assert (root / f"lib/{name}-1 $(id)'/priv/{name}").read_text() == name
    script = [str(root / "bin/web"), "eval", "[A || {A, _} <- [{ok, 1}]]."]
    done = subprocess.run(
        script, check=False, cwd=root, env=clean_environment(), capture_output=True
    )
    assert done.stdout == b"[ok]\n", done.stderr
    assert not list(project.parent.rglob("pwned"))


def test_a_long_integer_is_a_value_like_others(project):
    add_app(project, "web", env="{big,16#" + "f" * 3_000 + "}")
    builds(project)
    # Python makes no decimals of more than 4300 digits
    add_app(project, "web", env="{big,16#" + "f" * 20_000 + "}")
    fails(project, "RK101")


@pytest.mark.parametrize("kind", ["pipe", "device", "directory"])
def test_an_app_file_that_is_no_file_is_named(project, kind):
    path = project / "lib/web/ebin/web.app"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    assert "lib/web/ebin/web.app" in fails(project, "RK302", timeout=20)


@pytest.mark.parametrize("kind", ["pipe", "directory", "nowhere", "itself"])
def test_a_listed_module_needs_a_file(project, kind):
    app = add_app(project, "web", modules="web")
    path = app / "ebin/web.beam"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("nowhere" if kind == "nowhere" else "web.beam")
    fails(project, "RK340")
    if kind == "nowhere":
        (app / "ebin/nowhere").write_bytes(b"")
        builds(project)


# ---- Files of applications --------------------------------------------------


def test_odd_files_in_priv(project):
    priv = project / "lib/web/priv"
    priv.mkdir()
    names = [b"a\nb", b"\xff\xfe", b"y" * 255, "é".encode(), b"-rf", b"$(id)", b"a'b"]
    for name in names:
        Path(os.fsdecode(os.fsencode(priv) + b"/" + name)).write_bytes(name)
    os.mkfifo(priv / "pipe")
    (priv / "zero").symlink_to("/dev/zero")
    (priv / "up").symlink_to("../..")
    (priv / "self").symlink_to("self")
    os.symlink(b"/no\xff", os.fsencode(priv) + b"/l\x1b\xff")
    output = builds(project, PYTHONUTF8="0", LC_ALL="C")
    assert "\x1b" not in output
    with tarfile.open(project / TARBALL, errors="surrogateescape") as archive:
        there = {
            os.fsencode(member.name): archive.extractfile(member).read()
            for member in archive
            if member.name.startswith("lib/web-1.0/priv")
        }
    assert there == {b"lib/web-1.0/priv/" + name: name for name in names}
    assert "zero" in output
    status, _, output = build(project, "clean", PYTHONUTF8="0", LC_ALL="C")
    assert status == 0, output
    assert not (project / REL / "lib").exists()


def test_a_directory_that_cannot_be_read_stops_the_build(project):
    secret = project / "lib/web/priv/secret"
    secret.mkdir(parents=True)
    (secret / "file").touch()
    builds(project, wrapper=ORDINARY)
    secret.chmod(0)
    for _ in range(2):
        assert "priv/secret" in fails(project, "RK307", wrapper=ORDINARY)
    assert (project / REL / "lib/web-1.0/priv/secret/file").exists()
    secret.chmod(0o700)
    builds(project, wrapper=ORDINARY)


def test_a_tree_that_is_too_deep_stops_the_build(project):
    here = Path.cwd()
    try:  # one step at a time: pathlib makes no such path at once
        os.chdir(project / "lib/web")
        for name in ["priv"] + ["d"] * 600:
            Path(name).mkdir()
            os.chdir(name)
    finally:
        os.chdir(here)
    for _ in range(2):
        fails(project, "RK307")


# ---- Links in the release ---------------------------------------------------


@pytest.mark.parametrize("dev_mode", [False, True])
@pytest.mark.parametrize("part", ["lib", "releases", "bin", "releases/1.0.0"])
def test_nothing_is_done_behind_a_link_in_the_release(project, part, dev_mode):
    configure(project, dev_mode=dev_mode)
    builds(project)
    elsewhere = project.parent / "elsewhere"
    shutil.move(project / REL / part, elsewhere)  # so that all names are there
    (project / REL / part).symlink_to(elsewhere)
    add_app(project, "web", vsn='"1.1"', env="{a,1}")
    configure(project, dev_mode=dev_mode, erl_opts="+K true")
    before = tree(elsewhere)
    assert before
    fails(project, "RK601")
    assert tree(elsewhere) == before
    status, _, output = build(project, "clean")
    assert status == 0, output
    assert tree(elsewhere) == before


@pytest.mark.parametrize("name", ["web.tar.gz", "web-1.0.0.tar.gz"])
def test_the_tarball_replaces_a_link_and_not_what_it_names(project, name):
    precious = project.parent / "precious"
    precious.write_text("mine")
    (project / REL.parent).mkdir(parents=True)
    (project / REL.parent / name).symlink_to(precious)
    builds(project)
    assert precious.read_text() == "mine"
    assert tarfile.is_tarfile(project / REL.parent / name)
    assert not (project / REL.parent / name).is_symlink()


@pytest.mark.parametrize("name", ["web.tar.gz", "web-1.0.0.tar.gz"])
def test_a_directory_in_the_place_of_the_tarball_is_named(project, name):
    (project / REL.parent / name).mkdir(parents=True)
    assert name in fails(project, "RK602")


# ---- Our own files, and who may write ---------------------------------------


@pytest.mark.parametrize("content", [b"\0{", b"[1]", b"{}", None])
def test_damaged_files_of_ours_are_made_anew(project, content):
    builds(project)
    right = digest(project / TARBALL)
    ours = sorted((project / "_build/prod/relkit").rglob("*.json"))
    assert len(ours) > 15
    for path in ours:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    builds(project)
    (project / TARBALL).unlink()
    builds(project)
    assert digest(project / TARBALL) == right


@pytest.mark.parametrize("how", ["file", "loop"])
def test_something_else_in_the_place_of_build(project, how):
    if how == "file":
        (project / "_build").write_text("mine")
    else:
        (project / "_build").symlink_to("_build")
    status, codes, output = build(project)
    assert status == 1
    assert codes <= {"RK602", "RK613"}, output
    assert build(project, "clean")[0] == 0


def test_a_rel_file_that_is_a_directory(project):
    configure(project, rel="web.rel", version=None, applications=None)
    (project / "web.rel").mkdir()
    fails(project, "RK552")


@pytest.mark.parametrize("name", ["vm.args", "sys.config", "web.rel"])
def test_what_the_user_may_not_read_is_named(project, name):
    if name == "web.rel":
        configure(project, rel=name, version=None, applications=None)
    else:
        configure(project, **{name.replace(".", "_"): name})
    (project / name).write_text("[].")
    (project / name).chmod(0)
    assert name in fails(project, "RK603", wrapper=ORDINARY)


def test_a_release_that_may_not_be_written_is_named(project):
    builds(project)
    for path in [project / REL, *(project / REL).rglob("*")]:
        if path.is_dir():
            path.chmod(0o555)
    before = tree(project / REL)
    add_app(project, "web", vsn='"1.1"')
    fails(project, "RK602", wrapper=ORDINARY)
    assert tree(project / REL) == before


# ---- Two at once ------------------------------------------------------------


def test_a_file_that_another_build_writes_is_left_to_it(tmp_path):
    from dodo_relkit.diagnostics import Trouble

    path = tmp_path / "file"
    with replacing(path, 0o644) as file:
        file.write(b"fir")
        with pytest.raises(Trouble, match="RK612"):
            write_file(path, b"second")
        file.write(b"st")
    assert path.read_bytes() == b"first"
    assert sorted(tmp_path.iterdir()) == [path]
    write_file(path, b"second")
    assert path.read_bytes() == b"second"


def test_a_killed_build_does_not_stop_the_next(tmp_path):
    kill = (
        "import os, sys; from pathlib import Path\n"
        "from dodo_relkit.edge.files import replacing\n"
        "with replacing(Path(sys.argv[1]), 0o644) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "file"
    subprocess.run([sys.executable, "-c", kill, path], check=False)
    assert len(list(tmp_path.iterdir())) == 1  # half a file, under another name
    assert not path.exists()
    write_file(path, b"whole")
    assert sorted(tmp_path.iterdir()) == [path]


def test_builds_at_the_same_time_do_not_spoil_each_other(project):
    for number in range(6):
        app = add_app(project, f"dep{number}")
        (app / "priv").mkdir()
        (app / "priv/blob").write_bytes(random.Random(number).randbytes(300_000))
    add_app(project, "web", uses=",".join(f"dep{number}" for number in range(6)))
    results = []
    runs = [
        threading.Thread(target=lambda: results.append(build(project)))
        for _ in range(3)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(results) == 3  # one with a traceback is missing
    for status, codes, output in results:
        assert (status, codes) in [(0, set()), (1, {"RK612"})], output
    builds(project)
    together = digest(project / TARBALL)
    assert not list((project / "_build").rglob("*.new"))
    shutil.rmtree(project / "_build")
    builds(project)
    assert digest(project / TARBALL) == together


# ---- The start script -------------------------------------------------------

SHELL = "'\"`touch pwned`$(touch pwned);touch pwned&|>pwned\\"


def test_texts_of_the_settings_are_no_shell(project):
    configure(
        project,
        erl_opts=f'-kernel a "{SHELL.replace(chr(34), "")}"',
        run_erl_env=f"A={SHELL}",
        overlay_vars={"motd": SHELL},
        sys_config="sys.config.j2",
        vm_args="vm.args.j2",
    )
    (project / "sys.config.j2").write_text('[{web,[{motd,"{{ motd }}"}]}].\n')
    (project / "vm.args.j2").write_text("-name web@127.0.0.1\n-env MOTD {{ motd }}\n")
    status, codes, output = build(project)
    # what is no Erlang text is an error; that it is may be no more than luck
    assert (status, codes) in [(0, set()), (1, {"RK101"})], output
    (project / "sys.config.j2").write_text("[].\n")
    builds(project)
    root = unpack(project / TARBALL, project.parent / "unpacked")
    for command in (["describe"], ["eval", "1."], ["ping"], ["version"], ["nonsense"]):
        subprocess.run(
            [root / "bin/web", *command],
            check=False,
            cwd=root,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
    assert not list(project.parent.rglob("pwned"))
    syntax = subprocess.run(["sh", "-n", root / "bin/web"], check=False)
    assert syntax.returncode == 0


def test_a_path_with_an_unreadable_directory_still_finds_erl(project, tmp_path):
    (tmp_path / "secret").mkdir(mode=0)
    search = f"{tmp_path / 'secret'}:{otp_root()}/bin:/usr/bin:/bin"
    builds(project, wrapper=ORDINARY, PATH=search)


@pytest.mark.parametrize("built", [False, True])
def test_a_project_that_may_not_be_written_is_told(project, built):
    if built:
        builds(project)
    project.chmod(0o555)
    try:
        status, codes, output = build(project, wrapper=ORDINARY)
    finally:
        project.chmod(0o755)
    assert (status, codes) == (3, {"RK613"}), output
    assert ".doit.sqlite" in output
