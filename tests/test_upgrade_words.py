"""The Erlang modules of the upgrade commands: sound, and every error has its words."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

import erlang
import pytest

from dodo_relkit.artifacts.start_script import MODULES
from tests.oracle import the_oracle

TEMPLATES = Path(str(files("dodo_relkit.artifacts") / "templates/start"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("modules")
    done = subprocess.run(
        ["erlc", "-Wall", "-Werror", "-o", directory]
        + [str(TEMPLATES / module) for module in MODULES],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return directory


def test_the_modules_compile_without_a_warning(compiled):
    assert len(list(compiled.glob("*.beam"))) == len(MODULES)


def test_the_modules_call_only_what_there_is_and_have_nothing_unused(compiled):
    found = the_oracle().ask(
        'unicode:characters_to_binary(io_lib:format("~w", '
        "[[{K, C} || {K, [_ | _] = C} <- xref:d(binary_to_list(In))]]))",
        erlang.OtpErlangBinary(bytes(compiled)),
    )
    assert bytes(found.value).decode() == "[]"


REASONS = """
{existing_release, "2"}          version 2 is there already
{already_installed, "2"}         version 2 runs already
{no_such_release, "2"}           version 2 is not there: unpack it first
{permanent, "2"}                 version 2 is permanent: it cannot be removed
{no_matching_relup, "2", "1"}    no relup leads from 1 to 2
{bad_relup_file, "f"}            f is no relup
{bad_rel_file, "f"}              f is no .rel file
{bad_rel_data, x}                the .rel file holds no release: x
{bad_status, unpacked}           install it first
{bad_status, old}                install it first
{old_processes, m}               processes still run code of m
{missing_base_app, "2", sasl}    version 2 lacks the application sasl
{could_not_create_hybrid_boot, eacces}  run-time systems: permission denied
{illegal_option, x}              release_handler does not know x
{cannot_extract_file, "f", enospc}  cannot unpack f: no space left on device
{'heart:set_cmd() error', x}     heart refuses the command: x
{no_such_file, "f"}              there is no file "f"
{no_such_directory, "f"}         there is no directory "f"
{not_a_directory, "f"}           "f" is no directory
{bad_lib_vsn, app, "1"}          the relup is for another version of app than 1
{change_appl_data, x}            the applications' data are not understood: x
{enospc, "f"}                    f: no space left on device
{"f", eacces}                    f: permission denied
{badrpc, nodedown}               the node went away
client_node                      gets its releases from a master node
static_emulator                  is not to be restarted
{'EXIT', {badarg, [{m, f, [1], []}]}}    badarg in m:f/1
{badmatch, x}                    {badmatch,x}
{code_change_failed, self(), m, "1", {oops, [{m, code_change, 3, []}]}}  \
code_change of m failed: oops in m:code_change/3
"""


@pytest.mark.parametrize("row", REASONS.strip().splitlines())
def test_errors_in_words(compiled, row):
    term, said = (part.strip() for part in row.split("  ", 1))
    directory = erlang.OtpErlangBinary(bytes(compiled))
    answer = the_oracle().ask(
        "code:add_patha(binary_to_list(In)), "
        f"unicode:characters_to_binary(relkit_words:reason({term}))",
        directory,
    )
    assert said in bytes(answer.value).decode()


def test_why_a_directory_cannot_be_made(compiled):
    """`filelib:ensure_dir/1` says enoent of all but the last one."""
    answer = the_oracle().ask(
        "code:add_patha(binary_to_list(In)), "
        '{error, Why} = file:make_dir("/sys/nowhere"), '
        '{stop, 3, Said} = (catch relkit_files:write("/sys/nowhere/a/b", "", 0)), '
        "[unicode:characters_to_binary(Text) "
        "|| Text <- [Said, relkit_words:reason(Why)]]",
        erlang.OtpErlangBinary(bytes(compiled)),
    )
    said, why = (bytes(each.value).decode() for each in answer)
    assert said == f"cannot write below releases: {why}"
