"""vm.args: which arguments erl takes out of it, and what is wrong with them."""

import os
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.formats.vm_args import (
    NodeName,
    cookie,
    default_vm_args,
    flags,
    included_files,
    node_name,
    parse_vm_args,
    quote_argument,
)
from dodo_relkit.formats.vm_args_checks import check_vm_args
from tests.oracle import otp_root, the_oracle


@pytest.fixture(scope="module")
def erlexec(tmp_path_factory):
    """Return what erlexec makes of an args file: it runs our program as the VM."""
    directory = tmp_path_factory.mktemp("vm")
    emulator = directory / "beam.smp"
    emulator.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    emulator.chmod(0o755)
    version = the_oracle().ask("list_to_binary(erlang:system_info(version))").value
    program = otp_root() / f"erts-{version.decode()}/bin/erlexec"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ERL_")},
        "BINDIR": str(directory),
        "ROOTDIR": str(directory),
        "EMU": "beam",
        "PROGNAME": "erl",
    }

    def run(text: bytes) -> list[bytes]:
        (directory / "args").write_bytes(text)
        done = subprocess.run(
            [program, "-args_file", directory / "args"],
            env=environment,
            capture_output=True,
            check=True,
        )
        return done.stdout.split(b"\0")[:-1]

    return run


def words_after_extra(arguments: list[bytes]) -> list[bytes]:
    """Return what erlexec passed on unchanged, without the `--` it puts behind."""
    words = arguments[arguments.index(b"-extra") + 1 :]
    assert words[-1] == b"--"
    return words[:-1]


TABLE = [
    "",
    "a",
    "  a\tb\nc\r\nd\fe\vf  ",
    "# only a comment",
    "# comment\na # another\n#\nb",
    "a#b c",
    "#a\\\nb",
    "\"a b\" 'c d'",
    'x"y z"w',
    '""',
    "'' \"\" a",
    "\"a#b\" '#'",
    "a\\ b a\\#b \\\" \\' \\\\",
    'a\\nb "a\\nb"',
    '"a\\"b',
    "'a\\'b",
    "'it''s'",
    '"un\nclosed # here',
    "a 'open",
    "a\\",
    "a \\",
    "\\\nb",
    "-name ü@h -x €",
    "-args_file other b",
    "+K true +A 10 -s m f a",
    "${NAME} -x ${COOKIE}",
    "-extra a -extra b",
]


@pytest.mark.parametrize("text", TABLE)
def test_arguments_are_those_of_erl(erlexec, text):
    expected = words_after_extra(erlexec(b"-extra\n" + text.encode()))
    assert [each.text.encode() for each in parse_vm_args(text)] == expected


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \n\t#\\\"'-+ü", max_size=20))
@example("'\\")
@example('"\\"')
@example("a''")
def test_arguments_of_any_text_are_those_of_erl(erlexec, text):
    expected = words_after_extra(erlexec(b"-extra\n" + text.encode()))
    assert [each.text.encode() for each in parse_vm_args(text)] == expected


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab #\\\"'\n$ü", max_size=12))
def test_a_quoted_argument_is_one_argument(text):
    assert [each.text for each in parse_vm_args(quote_argument(text))] == [text]


def test_long_files_are_read_whole(erlexec):
    text = "".join(f"-x{n} {'y' * 40} # {n}\n" for n in range(100))
    expected = words_after_extra(erlexec(b"-extra\n" + text.encode()))
    assert [each.text.encode() for each in parse_vm_args(text)] == expected


def test_a_nul_ends_the_file_as_for_erl(erlexec):
    expected = words_after_extra(erlexec(b"-extra\na \0b"))
    assert [each.text.encode() for each in parse_vm_args("a \0b")] == expected
    assert [each.code for each in check_vm_args("a \0b")] == [Code.VM_ARGS_NUL]


def test_arguments_know_their_place():
    arguments = parse_vm_args("# c\n  -name  'a b'\n-x\n")
    assert [(each.text, each.line, each.column) for each in arguments] == [
        ("-name", 2, 3),
        ("a b", 2, 10),
        ("-x", 3, 1),
    ]


NODES = [
    ("-sname rk_a -setcookie one", "rk_a"),
    ("-name rk_b@127.0.0.1 -setcookie 'o n e'", "rk_b@127.0.0.1"),
    ("-name rk_c@127.0.0.1 -sname rk_d -setcookie one", "rk_d"),
    ("-sname rk_e -sname rk_f -setcookie one", "rk_e"),
    ('-sname rk_g # -sname x\n-setcookie "on""e" plain', "rk_g"),
    ("-setcookie one", ""),
    ("-sname rk_h -setcookie one -setcookie rk_x@h two", "rk_h"),
    ("-sname rk_k -setcookie one -setcookie two", "rk_k"),
    ("-sname rk_i -- -setcookie one -extra -setcookie two", "rk_i"),
    ("-sname rk_j +A 3 -setcookie one -kernel x '\"y z\"' -- more", "rk_j"),
]


@pytest.mark.parametrize(("text", "name"), NODES)
def test_a_live_node_takes_the_name_and_cookie(tmp_path, text, name):
    (tmp_path / "vm.args").write_text(text)
    arguments = parse_vm_args(text)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.erlang.cookie").write_text("athome")
    (tmp_path / "home/.erlang.cookie").chmod(0o400)
    program = (
        'io:format("~s|~s|~s~n", [node(), erlang:get_cookie(), lists:join(";", '
        '[[atom_to_list(F), "=", lists:join(",", Vs)] || {F, Vs} <- '
        "init:get_arguments(), "
        "lists:member(F, [name, sname, setcookie, kernel])])]), halt()."
    )
    done = subprocess.run(
        ["erl", "-noinput", "-boot", "start_clean"]
        + ["-args_file", tmp_path / "vm.args", "-eval", program],
        env={**os.environ, "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    node, found, seen = done.stdout.splitlines()[-1].split("|")
    ours = node_name(arguments)
    assert (ours.name if ours else "") == name
    assert node.split("@")[0] == (name.split("@")[0] or "nonode")
    if ours is not None:
        assert (cookie(arguments) or "athome") == found
    kept = ("-name", "-sname", "-setcookie", "-kernel")
    assert seen == ";".join(
        f"{each.name.text[1:]}={','.join(each.values)}"
        for each in flags(arguments)
        if each.name.text in kept
    )


def test_what_follows_extra_is_no_flag():
    arguments = parse_vm_args("-sname a -extra -sname b -setcookie c")
    assert node_name(arguments) == NodeName(name="a", long=False)
    assert cookie(arguments) is None


def test_included_files_are_named():
    assert included_files(parse_vm_args("-args_file 'a b' -x -args_file c")) == (
        "a b",
        "c",
    )


@pytest.mark.parametrize(
    ("text", "codes", "lines"),
    [
        ("-name a@h\n-setcookie abcdefghijkl\n", [], []),
        ("-name a@h\n-sname b\n", [Code.VM_ARGS_TWO_NAMES], [2]),
        ("-sname b\n\n-sname b\n", [Code.VM_ARGS_TWO_NAMES], [3]),
        ("-x\n-name\n", [Code.VM_ARGS_BAD_NAME], [2]),
        ("-sname a b\n", [Code.VM_ARGS_BAD_NAME], [1]),
        ("-setcookie a\n-setcookie b", [Code.VM_ARGS_TWO_COOKIES], [2]),
        ("-setcookie a\n-setcookie n@h b", [], []),
        ("-setcookie\n", [Code.VM_ARGS_BAD_COOKIE], [1]),
        ("-setcookie -abc\n", [Code.VM_ARGS_BAD_COOKIE], [1]),
        ("-setcookie a b c\n", [Code.VM_ARGS_BAD_COOKIE], [1]),
        ("\n-args_file x\n", [Code.VM_ARGS_INCLUDES], [2]),
        ("-smp auto\n+K true\n", [Code.VM_ARGS_OBSOLETE] * 2, [1, 2]),
        ("-x 'a\nb\n", [Code.VM_ARGS_OPEN_QUOTE], [1]),
        ("# -sname a\n-sname b # -sname c", [], []),
        ("-sname ${NAME} -setcookie ${COOKIE}", [], []),
    ],
)
def test_what_is_wrong_is_said(text, codes, lines):
    found = check_vm_args(text)
    assert [each.code for each in found] == codes
    assert [each.place.line for each in found] == lines


@pytest.mark.parametrize("secret", ["abcdefghij", "a'b\"c#d\\e$f{g}", "(;)|&`*?[x]"])
def test_the_default_file_gives_name_and_cookie(erlexec, secret):
    text = default_vm_args(NodeName(name="web@127.0.0.1", long=True), secret)
    words = erlexec(text.encode())
    assert words[words.index(b"-name") + 1] == b"web@127.0.0.1"
    assert words[words.index(b"-setcookie") + 1] == secret.encode()
    assert check_vm_args(text) == []


def test_the_default_file_of_a_node_that_is_not_distributed_is_empty():
    assert parse_vm_args(default_vm_args(None, "")) == ()
