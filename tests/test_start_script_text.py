"""The start script as text: quoting, shellcheck, and what awk makes of the files."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
import subprocess
from pathlib import Path

import erlang
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dodo_relkit.artifacts import start_script
from dodo_relkit.artifacts.start_script import (
    MODULES,
    PARTS,
    StartScript,
    quoted,
    render_start_script,
)
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from tests.oracle import otp_root, the_oracle
from tests.start_release import SHELLS, erts_version

TEMPLATES = Path(start_script.__file__).parent / "templates/start"
NASTY = "a'b\"c $(touch /nowhere) `id` ${HOME} \\ \n {{ x }} {% y %} é #"
VALUES = StartScript(
    release_name="demo", erts_version="13.1.5", include_erts=True, has_elixir=False
)
CHECK_FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def with_all(text: str) -> StartScript:
    return dataclasses.replace(
        VALUES, release_name=text, erts_version=text, erl_opts=text, run_erl_env=text
    )


def shellcheck(text: bytes) -> str:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"], input=text, check=False, capture_output=True
    )
    return (done.stdout + done.stderr).decode()


def test_shellcheck_reads_the_template_as_it_is():
    text = b"".join((TEMPLATES / part).read_bytes() for part in PARTS)
    assert shellcheck(text) == ""


@pytest.mark.parametrize("values", [VALUES, with_all(NASTY)], ids=["plain", "nasty"])
def test_shellcheck_reads_the_rendered_script(values):
    assert shellcheck(render_start_script(values)) == ""


def test_every_part_is_used():
    assert {path.name for path in TEMPLATES.iterdir()} == {*PARTS, *MODULES}


def test_placeholders_stand_in_assignments_only():
    for part in PARTS:
        for line in (TEMPLATES / part).read_text().splitlines():
            if "{{" in line or "{%" in line:
                assert part == PARTS[0]
                name, _, value = line.partition("=")
                assert name.isidentifier()
                assert value == "'{{ " + value[4:-4] + " }}'"


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_values_reach_the_shell_as_they_are(shell, tmp_path):
    values = dataclasses.replace(with_all(NASTY), cookie_variable="MY_COOKIE")
    text = render_start_script(values).decode().split("# ---- Where things are")[0]
    names = ("program_release", "erts_default", "erl_opts_default")
    more = ("run_erl_env_default", "cookie_variable", "erts_included")
    show = "".join(f'printf "%s\\0" "${name}";' for name in (*names, *more))
    done = subprocess.run(
        [*shell, "-c", text + show], check=True, capture_output=True, cwd=tmp_path
    )
    assert done.stdout.decode().split("\0") == [*[NASTY] * 4, "MY_COOKIE", "yes", ""]


@CHECK_FEW
@example("'")
@example("''\\''")
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_quoted_is_read_back(text):
    done = subprocess.run(
        ["dash", "-c", f"printf '%s' '{quoted(text)}'"], check=True, capture_output=True
    )
    assert done.stdout.decode() == text


def test_false_is_empty():
    values = dataclasses.replace(VALUES, include_erts=False)
    assert b"\nerts_included=''\n" in render_start_script(values)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"erl_opts": "a\0b"}, Code.SCRIPT_NUL),
        ({"cookie_variable": "MY-COOKIE"}, Code.SCRIPT_VARIABLE_NAME),
        ({"cookie_variable": "X;id"}, Code.SCRIPT_VARIABLE_NAME),
        ({"cookie_variable": "1X"}, Code.SCRIPT_VARIABLE_NAME),
    ],
)
def test_what_cannot_be_in_a_script_is_refused(change, code):
    with pytest.raises(Trouble) as raised:
        render_start_script(dataclasses.replace(VALUES, **change))
    assert [each.code for each in raised.value.diagnostics] == [code]


# --- vm.args and sys.config: the functions of the script, without a node ------


@pytest.fixture(params=["awk", "busybox"])
def awk_path(request, tmp_path) -> str:
    """A PATH with the system's awk or busybox's in front."""
    directory = tmp_path / "awk"
    directory.mkdir()
    program = shutil.which(request.param)
    assert program
    (directory / "awk").symlink_to(program)
    return f"{directory}:{os.environ['PATH']}"


def call(directory: Path, path: str, commands: str, **environment: str) -> str:
    """Run functions of the script with the release directory `directory`."""
    library = (TEMPLATES / "settings.sh.j2").read_text()
    library = library.replace("'{{ erl_opts }}'", "''")
    library += (TEMPLATES / "places.sh").read_text()
    library += (TEMPLATES / "config.sh").read_text()
    done = subprocess.run(
        ["dash", "-c", library + commands],
        check=True,
        capture_output=True,
        cwd=directory,
        env={"PATH": path, "RELEASE": str(directory), **environment},
    )
    return done.stdout.decode(errors="surrogateescape")


READ_VM_ARGS = """
root=$RELEASE release_dir=$RELEASE; read_vm_args "$RELEASE/out" start
printf '%s|%s|%s' "$name_flag" "$vm_name" "$vm_cookie"
"""


def rewrite_vm_args(directory: Path, path: str, text: str, **env: str) -> str:
    """Let the script rewrite vm.args to `out`; return flag, name and cookie."""
    (directory / "vm.args").write_text(text, newline="")
    return call(directory, path, READ_VM_ARGS, **env)


def arguments(args_file: Path) -> list[str]:
    """Return what erlexec makes of an arguments file."""
    binaries = otp_root() / f"erts-{erts_version()}/bin"
    done = subprocess.run(
        [binaries / "erlexec", "-emu_args_exit", "-args_file", args_file],
        check=True,
        capture_output=True,
        env={"ROOTDIR": "/r", "BINDIR": str(binaries), "PATH": "/bin"},
    )
    return done.stdout.decode(errors="surrogateescape").split("\n")


PLAIN_VM_ARGS = """## a comment
-x 'single "quoted" # no comment' "double 'quoted' \\" back\\ slash
+P 1000 # more
-app key '[{a,"b c"}]' joined"to"'gether' ''
-env NAME va#lue
-y é\r
-z \\
last"""


def test_arguments_stay_as_erlexec_reads_them(tmp_path, awk_path):
    rewrite_vm_args(tmp_path, awk_path, PLAIN_VM_ARGS)
    assert arguments(tmp_path / "out") == arguments(tmp_path / "vm.args")
    assert '[{a,"b c"}]' in arguments(tmp_path / "out")


WORDS = st.lists(
    st.sampled_from([*"abé#\"'\\ \n\t-$", "-x", "+K true", "\\\n", "''", "${A}", "&"]),
    max_size=25,
).map(lambda pieces: "-x a " + "".join(pieces))


@CHECK_FEW
@example("-x a''")
@example("-x a\\")
@example("-x a'b")
@example("-x a # c\\\nd")
@given(WORDS)
def test_any_arguments_stay_as_erlexec_reads_them(tmp_path, awk_path, text):
    rewrite_vm_args(tmp_path, awk_path, text)
    assert arguments(tmp_path / "out") == arguments(tmp_path / "vm.args")


@pytest.mark.parametrize(
    ("text", "facts", "left"),
    [
        ("-name a@b.c -setcookie x y", "-name|a@b.c|", ["-setcookie", "x", "y"]),
        ("-name a@b.c\n-setcookie x", "-name|a@b.c|x", []),
        ("-sname 'a' -setcookie \"x y\" -z", "-sname|a|x y", ["-z"]),
        ("#-sname a\n-q", "||", ["-q"]),
        ("-setcookie x -sname a +P 9", "-sname|a|x", []),
        ("-extra -name a -setcookie x", "||", ["-extra", "-name", "a", "-setcookie"]),
        ("", "||", []),
    ],
)
def test_name_and_cookie_are_taken_out(tmp_path, awk_path, text, facts, left):
    assert rewrite_vm_args(tmp_path, awk_path, text) == facts
    out = arguments(tmp_path / "out")
    assert [word for word in left if word not in out] == []
    if "x" in facts:
        assert "-setcookie" not in out


def test_what_decides_about_connections_is_known(tmp_path, awk_path):
    text = "-k v -ssl_dist_opt a 'b c' -proto_dist inet_tls +P 9 -extra -proto_dist no"
    show = READ_VM_ARGS + 'printf "|%s" "$dist_flags"'
    (tmp_path / "vm.args").write_text(text)
    flags = call(tmp_path, awk_path, show).split("|")[3]
    assert flags == "-ssl_dist_opt a b\\ c -proto_dist inet_tls "
    assert "inet_tls" in arguments(tmp_path / "out")


def test_included_files_are_read(tmp_path, awk_path):
    (tmp_path / "more.args").write_text("-setcookie inner -k v")
    text = f"-a 1 -args_file '{tmp_path}/more.args' -sname n -b"
    assert rewrite_vm_args(tmp_path, awk_path, text) == "-sname|n|inner"
    out = arguments(tmp_path / "out")
    assert out[out.index("-a") :][:5] == ["-a", "1", "-k", "v", "-b"]


def test_an_included_file_that_includes_itself_is_an_error(tmp_path, awk_path):
    (tmp_path / "vm.args").write_text(f"-args_file {tmp_path}/vm.args")
    with pytest.raises(subprocess.CalledProcessError) as raised:
        call(tmp_path, awk_path, READ_VM_ARGS)
    assert b"leads back to itself" in raised.value.stderr


def test_erl_opts_are_arguments_too(tmp_path, awk_path):
    facts = rewrite_vm_args(
        tmp_path, awk_path, "-sname a", ERL_OPTS="-sname b -k 'v w' -setcookie c"
    )
    assert facts == "-sname|b|c"
    assert "v w" in arguments(tmp_path / "out")


VALUES_OF_VARIABLES = [
    "plain",
    "a b",
    "a\"b'c",
    "back\\slash \\n &",
    "${V}",
    "${W} $V",
    '[{a,"b c"}]',
    "é#",
    "",
]


@pytest.mark.parametrize("value", VALUES_OF_VARIABLES)
def test_a_variable_in_vm_args_is_part_of_one_argument(tmp_path, awk_path, value):
    text = "-k ${V} -l x${V}y '${V}' \"${V}\" -end # ${V}"
    rewrite_vm_args(
        tmp_path, awk_path, text, REPLACE_OS_VARS="true", V=value, W="other"
    )
    out = arguments(tmp_path / "out")
    alone = [value] if value else []
    wanted = ["-k", *alone, "-l", f"x{value}y", value, value, "-end"]
    assert out[out.index("-k") :][: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NOT_SET}", ""),
        ("${NOT_SET:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${V:-other}", "v"),
        ("$V ${1} ${V", "$V ${1} ${V"),
        ("$${V}", "$v"),
        ("${V}${V}", "vv"),
    ],
)
@pytest.mark.parametrize("variable", ["REPLACE_OS_VARS", "RELX_REPLACE_OS_VARS"])
def test_variables_are_spelled_so(tmp_path, awk_path, text, value, variable):
    (tmp_path / "sys.config").write_text(f'[{{a, [{{k, "{text}"}}]}}].\n')
    env = {variable: "true", "V": "v", "EMPTY": ""}
    call(tmp_path, awk_path, READ_SYS_CONFIG, **env)
    assert consulted(tmp_path / "copy/sys.config") == value


READ_SYS_CONFIG = """
root=$RELEASE release_dir=$RELEASE; mkdir -p copy; read_sys_config "$RELEASE/copy"
printf '%s' "$sys_config"
"""


def consulted(file: Path) -> str:
    """Return the value of key k of application a in a sys.config, as text."""
    answer = the_oracle().ask(
        "{ok, [Config]} = file:consult(binary_to_list(In)),"
        "case proplists:get_value(k, proplists:get_value(a, Config)) of "
        "  V when is_atom(V) -> atom_to_binary(V);"
        "  V -> unicode:characters_to_binary(V) end",
        str(file).encode(),
    )
    assert isinstance(answer, erlang.OtpErlangBinary)
    return bytes(answer.value).decode()


@CHECK_FEW
@example('"')
@example("\\")
@example("${V}")
@example("\\\"'&\n%")
@example("~ts é €")
@given(
    st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        max_size=50,
    )
)
def test_a_variable_in_a_string_is_exactly_the_text(tmp_path, awk_path, value):
    for text in ('"${V}"', "'${V}'", '<<"${V}"/utf8>>'):
        (tmp_path / "sys.config").write_text(f"%% ${{V}}\n[{{a, [{{k, {text}}}]}}].\n")
        copy = call(
            tmp_path, awk_path, READ_SYS_CONFIG, REPLACE_OS_VARS="1", V=value[:200]
        )
        assert copy == f"{tmp_path}/copy/sys.config"
        assert consulted(Path(copy)) == value


def test_erlang_text_is_not_mistaken(tmp_path, awk_path):
    text = (
        '[{a, [{one, $"}, {two, "\\"${V}"}, {three, \'it\\\'s ${V}\'}, {four, $\\"},\n'
        ' % "a comment ${V}\n {five, ${V}}, {six, "%${V}"}, {seven, $\'}, '
        '{eight, "${V}"}]}].\n'
    )
    (tmp_path / "sys.config").write_text(text)
    copy = call(tmp_path, awk_path, READ_SYS_CONFIG, REPLACE_OS_VARS="1", V="v")
    comment = "a comment ${V}"
    assert Path(copy).read_text() == text.replace("${V}", "v").replace(
        "a comment v", comment
    )


def test_triple_quoted_strings_are_left_whole(tmp_path, awk_path):
    text = '[{a, [{k, """\n  a "${V}\\\n  """}, {l, "${V}"}]}].\n'
    (tmp_path / "sys.config").write_text(text)
    copy = call(tmp_path, awk_path, READ_SYS_CONFIG, REPLACE_OS_VARS="1", V='"')
    assert Path(copy).read_text() == (
        '[{a, [{k, """\n  a ""\\\n  """}, {l, "\\""}]}].\n'
    )


@pytest.mark.parametrize("switch", [{}, {"REPLACE_OS_VARS": "false"}])
def test_without_replacing_there_is_no_copy(tmp_path, awk_path, switch):
    (tmp_path / "sys.config").write_text("[].")
    used = call(tmp_path, awk_path, READ_SYS_CONFIG, **switch)
    assert used == f"{tmp_path}/sys.config"


def test_a_configuration_of_another_name_is_copied(tmp_path, awk_path):
    (tmp_path / "my config").write_text('[{a, [{k, "${V}"}]}].')
    env = {"SYS_CONFIG_PATH": f"{tmp_path}/my config"}
    copy = call(tmp_path, awk_path, READ_SYS_CONFIG, **env)
    assert copy == f"{tmp_path}/copy/sys.config"
    assert consulted(Path(copy)) == "${V}"


def test_files_are_looked_for_in_order(tmp_path, awk_path):
    (tmp_path / "etc").mkdir()
    places = [tmp_path / "given.args", tmp_path / "etc/vm.args", tmp_path / "vm.args"]
    for number, place in enumerate(places):
        place.write_text(f"-sname n{number}")
    envs: list[dict[str, str]] = [
        {"VMARGS_PATH": str(places[0]), "RELEASE_CONFIG_DIR": f"{tmp_path}/etc"},
        {"RELEASE_CONFIG_DIR": f"{tmp_path}/etc"},
        {},
    ]
    for number, env in enumerate(envs):
        assert call(tmp_path, awk_path, READ_VM_ARGS, **env) == f"-sname|n{number}|"


FIND_NODE = """
find_node; printf '%s %s %s' "$node_type" "$node" "$target"
"""


@pytest.mark.parametrize(
    ("vm_args", "env", "wanted"),
    [
        ("-name a@127.0.0.1", {}, "name a@127.0.0.1 a@127.0.0.1"),
        ("-name a@localhost", {}, "name a@localhost a@localhost"),
        ("-sname a", {}, "sname a a@HERE"),
        ("-sname a@localhost", {}, "sname a@localhost a@localhost"),
        ("", {}, "none  "),
        ("-name a@b.c", {"RELEASE_DISTRIBUTION": "none"}, "none  "),
        ("-name a@b.c", {"RELEASE_DISTRIBUTION": "sname"}, "sname a a@HERE"),
        ("", {"RELEASE_DISTRIBUTION": "sname"}, "sname demo demo@HERE"),
        ("", {"NAME": "x"}, "sname x x@HERE"),
        ("", {"NAME": "x@10.0.0.1"}, "name x@10.0.0.1 x@10.0.0.1"),
        ("-sname a", {"RELEASE_NODE": "x@b.c"}, "name x@b.c x@b.c"),
        ("-sname a", {"RELEASE_NODE": "x", "NAME": "y"}, "sname x x@HERE"),
        ("-name a", {}, "name a@LONG a@LONG"),
    ],
)
def test_names(tmp_path, vm_args, env, wanted):
    (tmp_path / "vm.args").write_text(vm_args)
    node = (TEMPLATES / "node.sh").read_text()
    commands = "root=$RELEASE release_dir=$RELEASE program_release=demo\n"
    got = call(tmp_path, os.environ["PATH"], node + commands + FIND_NODE, **env)
    here = os.uname().nodename.split(".")[0]
    full = subprocess.run(
        ["hostname", "-f"], check=False, capture_output=True, text=True
    ).stdout.strip()
    long = full if "." in full else "127.0.0.1"
    assert got == wanted.replace("HERE", here).replace("LONG", long)


@pytest.mark.parametrize("name", ["a b@c", "a/b", "../a@b", "a@b/../c", "@b", "a@b;c"])
def test_impossible_names_are_refused(tmp_path, name):
    (tmp_path / "vm.args").write_text("-sname a")
    node = (TEMPLATES / "node.sh").read_text()
    commands = "root=$RELEASE release_dir=$RELEASE\n" + FIND_NODE
    with pytest.raises(subprocess.CalledProcessError) as raised:
        call(tmp_path, os.environ["PATH"], node + commands, RELEASE_NODE=name)
    assert b"a node cannot be named" in raised.value.stderr


def test_there_are_enough_shells():
    assert all(shutil.which(shell[0]) for shell in SHELLS.values())
    assert len(list(itertools.chain(SHELLS))) == 3
