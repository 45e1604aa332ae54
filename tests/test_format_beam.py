"""BEAM files: every installed one is compared with `beam_lib`."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import erlang
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats import beam
from dodo_relkit.terms.etf import decode
from dodo_relkit.terms.model import Atom, Term, list_items
from tests.oracle import Oracle, otp_root

BATCH = 100

ASK_TABLES = """
[begin
   {ok, {Module, Md5}} = beam_lib:md5(F),
   {ok, {Module, Parts}} = beam_lib:chunks(F,
     [exports, imports, attributes], [allow_missing_chunks]),
   {ok, Module, Chunks} = beam_lib:all_chunks(F),
   {Module, Md5, [{K, V} || {K, V} <- Parts],
    [{list_to_binary(Id), erlang:md5(Data)} || {Id, Data} <- Chunks]}
 end || F0 <- In, F <- [binary_to_list(F0)]]
"""


def files() -> list[Path]:
    """Return every object file of the installed OTP and Elixir."""
    roots = [otp_root() / "lib", Path("/usr/lib/elixir/lib")]
    return sorted(file for root in roots for file in root.glob("*/ebin/*.beam"))


def ask_terms(oracle: Oracle, expression: str, names: list[Path]) -> list[Term]:
    """Return the answer for each file; the answer is decoded by our own reader."""
    value = [erlang.OtpErlangBinary(bytes(name)) for name in names]
    answer = decode(oracle.ask_raw(expression, erlang.term_to_binary(value)))
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    items = list_items(answer[1])
    assert items is not None
    return items


def our_tables(chunks: beam.Chunks) -> dict[str, Term]:
    """Return what `beam_lib:chunks` gives, in its form."""
    return {
        "exports": [(Atom(name), arity) for name, arity in beam.exports(chunks)],
        "imports": [(Atom(m), Atom(f), a) for m, f, a in beam.imports(chunks)],
        "attributes": [
            (Atom(name), value) for name, value in beam.attributes(chunks).items()
        ],
    }


def test_every_installed_file(oracle: Oracle) -> None:
    from hashlib import md5

    everything = files()
    assert len(everything) > 1400
    for start in range(0, len(everything), BATCH):
        batch = everything[start : start + BATCH]
        for file, answer in zip(
            batch, ask_terms(oracle, ASK_TABLES, batch), strict=True
        ):
            module, checksum, parts, all_chunks = answer
            chunks = beam.read_chunks(file.read_bytes(), file=str(file))
            assert beam.module_name(chunks) == module.name == file.stem
            assert beam.md5(chunks) == checksum
            assert [
                (name.encode(), md5(data).digest()) for name, data in chunks.items()
            ] == all_chunks
            said = {key.name: value for key, value in parts}
            ours = our_tables(chunks)
            assert {key: said[key] for key in ours} == ours


def test_behaviours(oracle: Oracle) -> None:
    names = ["kernel-*/ebin/kernel.beam", "kernel-*/ebin/code_server.beam"]
    kernel, code_server = (
        beam.read_chunks(next((otp_root() / "lib").glob(name)).read_bytes())
        for name in names
    )
    assert beam.behaviours(kernel) == ("supervisor",)
    assert beam.behaviours(code_server) == ()
    source = (
        "-module(m). -behaviour(gen_server). -behavior(supervisor)."
        " -behaviour(application). -export([])."
    )
    chunks = beam.read_chunks(compiled(oracle, source, "[]"))
    assert beam.behaviours(chunks) == ("gen_server", "application", "supervisor")


def compiled(oracle: Oracle, source: str, options: str) -> bytes:
    """Return the object code of a module given as text."""
    binary = oracle.ask(
        f"""
        {{ok, Tokens, _}} = erl_scan:string(binary_to_list(In)),
        Split = fun Split([], [], Forms) -> lists:reverse(Forms);
                    Split([{{dot, _}} = Dot | Rest], Form, Forms) ->
                      {{ok, F}} = erl_parse:parse_form(lists:reverse([Dot | Form])),
                      Split(Rest, [], [F | Forms]);
                    Split([Token | Rest], Form, Forms) ->
                      Split(Rest, [Token | Form], Forms)
                end,
        {{ok, _, Beam}} = compile:forms(Split(Tokens, [], []), {options}),
        Beam
        """,
        source.encode(),
    )
    return bytes(binary.value)


SOURCE = """
-module(probe). -vsn("7"). -author(me). -author([you, them]). -export([f/1, 'g h'/0]).
f(X) -> Y = fun(Z) -> {X, Z} end, lists:map(Y, [<<"literal">>, #{a => 1.5}, hidden()]).
'g h'() -> {f, "a text that is a literal", {1, 2, 3}}.
hidden() -> erlang:now().
"""


@pytest.fixture(scope="module")
def probe() -> bytes:
    from tests.oracle import the_oracle

    return compiled(the_oracle(), SOURCE, "[debug_info]")


def lib(oracle: Oracle, expression: str, data: bytes) -> Term:
    """Return what an expression says of the binary `In`."""
    value = erlang.term_to_binary(erlang.OtpErlangBinary(data))
    answer = decode(oracle.ask_raw(expression, value))
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    return answer[1]


@pytest.mark.parametrize(
    "options",
    [
        "[]",
        "[debug_info]",
        "[compressed, debug_info]",
        "[r22]",
        "[no_line_info]",
        "[slim]",
        "[{d, 'X'}, deterministic]",
        '[{debug_info_key, "a key of some length"}, debug_info]',
    ],
)
def test_compiler_options(oracle: Oracle, options: str) -> None:
    data = compiled(oracle, SOURCE, options)
    chunks = beam.read_chunks(data)
    assert beam.module_name(chunks) == "probe"
    assert beam.md5(chunks) == lib(
        oracle, "{ok, {probe, Md5}} = beam_lib:md5(In), Md5", data
    )
    assert beam.exports(chunks) == (
        ("f", 1),
        ("g h", 0),
        ("module_info", 0),
        ("module_info", 1),
    )


def test_attributes_are_joined(probe: bytes) -> None:
    found = beam.attributes(beam.read_chunks(probe))
    assert found == {
        "author": [Atom("me"), Atom("you"), Atom("them")],
        "vsn": "7",
    }


def test_stripped(oracle: Oracle, probe: bytes) -> None:
    stripped = lib(oracle, "{ok, {_, B}} = beam_lib:strip(In), B", probe)
    assert type(stripped) is bytes and stripped[:2] == b"\x1f\x8b"
    chunks, whole = beam.read_chunks(stripped), beam.read_chunks(probe)
    assert set(chunks) < set(whole)
    assert beam.md5(chunks) == beam.md5(whole)
    assert beam.exports(chunks) == beam.exports(whole)
    assert beam.imports(chunks) == beam.imports(whole)
    assert (beam.attributes(chunks), beam.behaviours(chunks)) == ({}, ())
    assert beam.debug_info(chunks) is None


def test_checksum_tells_code_apart(oracle: Oracle, probe: bytes) -> None:
    moved = compiled(oracle, "\n\n" + SOURCE, "[debug_info]")
    other = compiled(oracle, SOURCE.replace("1.5", "1.6"), "[debug_info]")
    checksum = beam.md5(beam.read_chunks(probe))
    assert beam.md5(beam.read_chunks(moved)) == checksum
    assert beam.md5(beam.read_chunks(other)) != checksum


def test_literals(probe: bytes) -> None:
    found = [decode(each) for each in beam.literals(beam.read_chunks(probe))]
    assert (Atom("f"), "a text that is a literal", (1, 2, 3)) in found
    assert beam.literals({}) == ()


def test_literals_left_uncompressed(probe: bytes) -> None:
    """As OTP 28 writes them: a size of 0, then the table as it is."""
    import zlib

    chunks = beam.read_chunks(probe)
    table = zlib.decompress(chunks["LitT"][4:])
    plain = chunks | {"LitT": bytes(4) + table}
    assert beam.literals(plain) == beam.literals(chunks) != ()


def test_literals_of_installed_files(oracle: Oracle) -> None:
    batch = files()[::20]
    counts = ask_terms(
        oracle,
        """
        [case beam_lib:chunks(binary_to_list(F), ["LitT"], [allow_missing_chunks]) of
           {ok, {_, [{_, missing_chunk}]}} -> [];
           {ok, {_, [{_, <<_:32, Packed/binary>>}]}} ->
             <<_:32, Table/binary>> = zlib:uncompress(Packed),
             [erlang:md5(Literal) || <<Size:32, Literal:Size/binary>> <= Table]
         end || F <- In]
        """,
        batch,
    )
    from hashlib import md5

    for file, expected in zip(batch, counts, strict=True):
        chunks = beam.read_chunks(file.read_bytes())
        assert [md5(each).digest() for each in beam.literals(chunks)] == expected


def test_debug_info(oracle: Oracle, probe: bytes) -> None:
    found = beam.debug_info(beam.read_chunks(probe))
    assert found is not None
    name, data = found
    assert name == "Dbgi"
    match decode(data):
        case (Atom("debug_info_v1"), Atom(backend), _):
            assert backend == "erl_abstract_code"
        case other:
            raise AssertionError(other)
    assert beam.debug_info({"Dbgi": b"", "Abst": b"x"}) == ("Abst", b"x")


def with_long_lengths(data: bytes) -> bytes:
    """Return the atom chunk as OTP 28 writes it: compact lengths, negative count."""
    count = int.from_bytes(data[:4])
    out, position = (-count).to_bytes(4, signed=True), 4
    for _ in range(count):
        size = data[position]
        text = data[position + 1 : position + 1 + size]
        position += 1 + size
        if size < 16:
            out += bytes([size << 4]) + text
        else:
            out += bytes([size >> 8 << 5 | 8, size & 255]) + text
    return out


def test_atoms_with_long_lengths(probe: bytes) -> None:
    chunks = beam.read_chunks(probe)
    long = chunks | {"AtU8": with_long_lengths(chunks["AtU8"])}
    assert long["AtU8"] != chunks["AtU8"]
    assert our_tables(long) == our_tables(chunks)
    assert beam.module_name(long) == "probe"
    name = "é" * 255
    data = (-1).to_bytes(4, signed=True) + bytes([(510 >> 8) << 5 | 8, 510 & 255])
    assert beam.module_name({"AtU8": data + name.encode()}) == name


def test_latin1_atoms(oracle: Oracle) -> None:
    chunks = {"Atom": b"\0\0\0\1\4caf\xe9"}
    assert beam.module_name(chunks) == "café"


def test_wrong_module_name(probe: bytes) -> None:
    chunks = beam.read_chunks(probe)
    beam.check_module_name(chunks, expected="probe", file="probe.beam")
    with pytest.raises(Trouble) as caught:
        beam.check_module_name(chunks, expected="other", file="other.beam")
    (found,) = caught.value.diagnostics
    assert found.code is Code.BEAM_MODULE_NAME
    assert found.place.file == "other.beam"
    assert found.facts == {"found": "probe", "expected": "other"}


def code_of(call: Callable[[], object]) -> Code:
    with pytest.raises(Trouble) as caught:
        call()
    (found,) = caught.value.diagnostics
    assert found.place.file == "f.beam"
    return found.code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"FOR1",
        b"FOR1\0\0\0\4ABCD",
        b"x" * 40,
        b"\x1f\x8b",
        gzip.compress(b"x", mtime=0),
    ],
)
def test_no_beam_file(data: bytes) -> None:
    assert code_of(lambda: beam.read_chunks(data, file="f.beam")) is Code.BEAM_NOT


def test_cut_off_anywhere(probe: bytes) -> None:
    packed = gzip.compress(probe)
    for size in range(12, len(probe)):
        cut = probe[:size]
        assert (
            code_of(lambda data=cut: beam.read_chunks(data, file="f.beam"))
            is Code.BEAM_TRUNCATED
        )
    for size in range(len(packed)):
        cut = packed[:size]
        assert (
            code_of(lambda data=cut: beam.read_chunks(data, file="f.beam"))
            is Code.BEAM_NOT
        )


def test_what_follows_the_form_does_not_count(probe: bytes) -> None:
    assert beam.read_chunks(probe + b"more") == beam.read_chunks(probe)


def test_absent_chunks(probe: bytes) -> None:
    chunks = beam.read_chunks(probe)
    for name in ("Code", "ExpT", "ImpT", "StrT"):
        less = {key: data for key, data in chunks.items() if key != name}
        call = lambda less=less: beam.md5(less, file="f.beam")  # noqa: E731
        assert code_of(call) is Code.BEAM_CHUNK_MISSING
    for read in (beam.module_name, beam.exports, beam.imports):
        call = lambda read=read: read({}, file="f.beam")  # noqa: E731
        assert code_of(call) is Code.BEAM_CHUNK_MISSING


@pytest.mark.parametrize(
    ("name", "data", "read"),
    [
        ("AtU8", b"", beam.module_name),
        ("AtU8", b"\0\0\0\1", beam.module_name),
        ("AtU8", b"\0\0\0\1\5abc", beam.module_name),
        ("AtU8", b"\0\0\0\1\1\xff", beam.module_name),
        ("AtU8", b"\xff\xff\xff\xff\x48", beam.module_name),
        ("ExpT", b"", beam.exports),
        ("ExpT", b"\0\0\0\1" + bytes(11), beam.exports),
        ("ExpT", b"\0\0\0\1" + bytes(12), beam.exports),
        ("ExpT", b"\0\0\0\1\0\0\1\0" + bytes(8), beam.exports),
        ("ImpT", b"\0\0\0\2" + bytes(12), beam.imports),
        ("ImpT", b"\0\0\0\1" + bytes(12), beam.imports),
        ("Attr", b"", beam.attributes),
        ("Attr", b"\x83a\1", beam.attributes),
        ("Attr", b"\x83l\0\0\0\1a\1j", beam.attributes),
        ("Attr", b"\x83l\0\0\0\1h\2w\1aa\1j", beam.attributes),
        ("Attr", b"\x83l\0\0\0\1h\1w\1aj", beam.attributes),
        ("LitT", b"\0\0\0\1x", beam.literals),
        ("LitT", b"\0\0\0\0\0\0\0\1", beam.literals),
        ("LitT", b"\0\0\0\0\0\0\0\1\0\0\0\5abc", beam.literals),
    ],
)
def test_faulty_chunks(
    probe: bytes, name: str, data: bytes, read: Callable[..., object]
) -> None:
    chunks = beam.read_chunks(probe) | {name: data}
    call = lambda: read(chunks, file="f.beam")  # noqa: E731
    assert code_of(call) is Code.BEAM_CHUNK_FAULTY


READERS = (
    beam.module_name,
    beam.md5,
    beam.exports,
    beam.imports,
    beam.attributes,
    beam.behaviours,
    beam.literals,
)


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_garbled_files_give_trouble_and_nothing_else(
    probe: bytes, data: st.DataObject
) -> None:
    garbled = bytearray(probe)
    if data.draw(st.booleans(), label="cut"):
        del garbled[data.draw(st.integers(0, len(garbled)), label="at") :]
    for _ in range(data.draw(st.integers(0, 8), label="changes")):
        if garbled:
            position = data.draw(st.integers(0, len(garbled) - 1))
            garbled[position] = data.draw(st.integers(0, 255))
    whole = bytes(garbled)
    if data.draw(st.booleans(), label="packed"):
        whole = gzip.compress(whole)
    try:
        chunks = beam.read_chunks(whole)
    except Trouble:
        return
    for read in READERS:
        try:
            read(chunks)
        except Trouble:
            continue


@settings(deadline=None, max_examples=300)
@given(
    chunk=st.sampled_from(
        ["AtU8", "Atom", "ExpT", "ImpT", "LocT", "Attr", "CInf", "LitT", "FunT"]
    ),
    content=st.binary(max_size=64),
)
def test_any_content_of_a_chunk(probe: bytes, chunk: str, content: bytes) -> None:
    chunks = beam.read_chunks(probe) | {chunk: content}
    for read in READERS:
        try:
            read(chunks)
        except Trouble:
            continue


def test_ten_thousand_files_are_read_in_seconds() -> None:
    """Of the bound of a second or two, several times over for a busy machine."""
    contents = [file.read_bytes() for file in files()]
    start = time.perf_counter()
    for content in contents:
        chunks = beam.read_chunks(content)
        beam.module_name(chunks)
        beam.md5(chunks)
    each = (time.perf_counter() - start) / len(contents)
    assert each * 10_000 < 6
