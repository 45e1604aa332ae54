"""RELEASES and start_erl.data: as release_handler writes them and reads them."""

import os
import subprocess

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.formats.release_files import (
    InstalledRelease,
    dump_releases,
    dump_start_erl_data,
    installed_release,
    load_start_erl_data,
)
from dodo_relkit.terms.text import consult
from tests.oracle import otp_root, the_oracle

BASE = ("kernel", "stdlib", "sasl")


def version_of(app):
    found = the_oracle().ask(
        f"begin application:load({app}), {{ok, V}} = application:get_key({app}, vsn), "
        "list_to_binary(V) end"
    )
    return found.value.decode()


def erts():
    found = the_oracle().ask("list_to_binary(erlang:system_info(version))")
    return found.value.decode()


def rel(name="web", vsn="1.0.0", apps=()):
    base = tuple(RelApp(name=app, vsn=version_of(app)) for app in BASE)
    return Rel(name=name, vsn=vsn, erts_vsn=erts(), apps=base + apps)


def rel_text(one):
    apps = ", ".join(f"{{'{app.name}', \"{app.vsn}\"}}" for app in one.apps)
    text = (
        f'{{release, {{"{one.name}", "{one.vsn}"}}, {{erts, "{one.erts_vsn}"}}, '
        f"[{apps}]}}."
    )
    return text.encode()


@pytest.mark.parametrize(
    "one",
    [
        rel(),
        rel("Größe €", "1.0.0+build-7", (RelApp(name="my app", vsn="0.1"),)),
        rel(apps=tuple(RelApp(name=f"app_{n}", vsn="1" * n) for n in range(60))),
    ],
    ids=["small", "odd names", "long"],
)
def test_releases_is_what_create_releases_writes(tmp_path, one):
    (tmp_path / "web.rel").write_bytes(b"%% coding: utf-8\n" + rel_text(one))
    root = str(tmp_path).encode()
    created = the_oracle().ask(
        "begin application:load(sasl), D = unicode:characters_to_list(In), "
        'release_handler:create_RELEASES("", D, filename:join(D, "web.rel"), []) end',
        root,
    )
    assert created.value in (b"ok", "ok")
    written = (tmp_path / "RELEASES").read_bytes()
    assert dump_releases([installed_release(one)]) == written


@pytest.mark.parametrize("place", ["tree", "/"])
def test_stock_release_handler_takes_a_moved_tree(tmp_path, place):
    """The tree was made elsewhere; the node starts in the tree, or far from it."""
    tree = tmp_path / "moved here"
    (tree / "lib").mkdir(parents=True)
    one, two = rel(), rel(vsn="2.0.0")
    for app in one.apps:
        directory = f"{app.name}-{app.vsn}"
        (tree / "lib" / directory).symlink_to(otp_root() / "lib" / directory)
    (tree / f"erts-{erts()}").symlink_to(otp_root() / f"erts-{erts()}")
    for each, other in ((one, two), (two, one)):
        directory = tree / "releases" / each.vsn
        directory.mkdir(parents=True)
        (directory / "web.rel").write_bytes(rel_text(each))
        the_oracle().ask(
            "begin D = unicode:characters_to_list(In), "
            'ok = systools:make_script(filename:join(D, "web"), '
            '[{outdir, D}, {script_name, "start"}, no_warn_sasl]) end',
            str(directory).encode(),
        )
        (directory / "sys.config").write_text("[].")
        (directory / "relup").write_text(
            f'{{"{each.vsn}",[{{"{other.vsn}",[],[]}}],[{{"{other.vsn}",[],[]}}]}}.'
        )
    second = InstalledRelease(
        name=two.name,
        vsn=two.vsn,
        erts_vsn=two.erts_vsn,
        libs=installed_release(two).libs,
        status="unpacked",
    )
    (tree / "releases/RELEASES").write_bytes(
        dump_releases([installed_release(one), second])
    )
    (tree / "releases/start_erl.data").write_bytes(dump_start_erl_data(erts(), "1.0.0"))
    program = (
        'io:format("~0p~n~0p~n~0p~n", [[{V, S} || {_, V, _, S} <- '
        "release_handler:which_releases()], "
        'release_handler:install_release("2.0.0"), '
        'release_handler:make_permanent("2.0.0")]), halt().'
    )
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ERL_")},
        "ROOTDIR": str(tree),
        "BINDIR": str(tree / f"erts-{erts()}/bin"),
        "EMU": "beam",
        "PROGNAME": "erl",
    }
    done = subprocess.run(
        [tree / f"erts-{erts()}/bin/erlexec", "-noinput"]
        + ["-boot", tree / "releases/1.0.0/start", "-eval", program],
        cwd=tree if place == "tree" else place,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-3:] == [
        '[{"1.0.0",permanent},{"2.0.0",unpacked}]',
        '{ok,"1.0.0",[]}',
        "ok",
    ]
    (after,) = consult((tree / "releases/RELEASES").read_bytes())
    assert {(each[2], each[5].name) for each in after} == {
        ("1.0.0", "old"),
        ("2.0.0", "permanent"),
    }
    assert (tree / "releases/start_erl.data").read_bytes() == dump_start_erl_data(
        erts(), "2.0.0"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13.1.5 0.1.0", ("13.1.5", "0.1.0")),
        ("13.1.5 25\n", ("13.1.5", "25")),
        ("  1\t2\r\n", ("1", "2")),
    ],
)
def test_start_erl_data_is_read(text, expected):
    assert load_start_erl_data(text.encode()) == expected


@pytest.mark.parametrize("text", ["", "13.1.5", "13.1.5 0.1.0 x"])
def test_a_malformed_start_erl_data_is_refused(text):
    with pytest.raises(Trouble) as caught:
        load_start_erl_data(text.encode())
    assert [each.code for each in caught.value.diagnostics] == [
        Code.START_ERL_DATA_MALFORMED
    ]
