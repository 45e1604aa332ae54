"""A live Erlang node that tests compare with."""

from __future__ import annotations

import functools
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import erlang

HERE = Path(__file__).parent


class Oracle:
    """One running `erl`, asked through its standard input.

    Inputs and answers are values of erlang-py, so that nothing of ours stands
    between Erlang and the comparison: atoms are `OtpErlangAtom`, strings arrive
    as bytes or lists. `raw` gives the answer's external format instead. In the mode
    `embedded` no module is loaded because it is called.
    """

    def __init__(self, erl: str = "erl", mode: str = "interactive") -> None:
        self.directory = tempfile.mkdtemp(prefix="relkit-oracle-")
        subprocess.run(["erlc", "-o", self.directory, HERE / "oracle.erl"], check=True)
        self.node = subprocess.Popen(
            [erl, "-noinput", "-boot", "start_clean", "-pa", self.directory]
            + ["-mode", mode, "-eval", "code:load_file(oracle), oracle:main()."],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask_raw(self, expression: str, value: bytes) -> bytes:
        """Evaluate with `In` bound to the term whose external format is `value`.

        Returns the external format of `{ok, Value}` or `{raised, Class, Reason}`.
        """
        text = expression if expression.rstrip().endswith(".") else expression + "."
        request = (
            b"\x83h\x02"
            + b"l"
            + struct.pack(">I", len(text))
            + b"".join(b"b" + struct.pack(">I", ord(char)) for char in text)
            + b"j"
            + value[1:]
        )
        assert self.node.stdin and self.node.stdout
        self.node.stdin.write(struct.pack(">I", len(request)) + request)
        self.node.stdin.flush()
        (size,) = struct.unpack(">I", self.node.stdout.read(4))
        return self.node.stdout.read(size)

    def ask(self, expression: str, value: Any = b"") -> Any:
        """Evaluate with `In` bound to a value of erlang-py; bytes are a binary."""
        if isinstance(value, bytes):
            value = erlang.OtpErlangBinary(value)
        answer = erlang.binary_to_term(
            self.ask_raw(expression, erlang.term_to_binary(value))
        )
        assert answer[0].value in (b"ok", "ok"), answer
        return answer[1]

    def close(self) -> None:
        """Stop the node."""
        if self.node.stdin:
            self.node.stdin.close()
        self.node.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)


@functools.cache
def the_oracle() -> Oracle:
    """Return the node of this test process, started on first use."""
    import atexit

    oracle = Oracle()
    atexit.register(oracle.close)
    return oracle


def otp_root() -> Path:
    """Return the root of the installed OTP."""
    return Path(
        bytes(the_oracle().ask("list_to_binary(code:root_dir())").value).decode()
    )
