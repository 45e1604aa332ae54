"""Every trouble the user can meet: number, severity, words, advice. Nothing else.

Numbers are stable once released: 1xx terms and files, 2xx configuration,
3xx applications and releases, 4xx the target OTP, 5xx artifacts, 6xx output.
`docs/codes.md` is made from this enum.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """What a trouble does to the build."""

    ERROR = "error"
    WARNING = "warning"


class Words(NamedTuple):
    """The words of a code; `{name}` stands for a fact of the diagnostic."""

    number: str
    severity: Severity
    title: str
    """A few words without facts, for the list of codes."""
    text: str
    """One sentence that says what is wrong."""
    advice: str = ""
    """What to do, one sentence a line."""


ERROR = Severity.ERROR
WARNING = Severity.WARNING


class Code(Enum):
    """The stable codes."""

    # 1xx: terms and files
    SYNTAX = Words(
        "RK101",
        ERROR, "syntax error in Erlang terms",
        "syntax error: expected {expected}, found {found}",
        "Correct the file at the place shown.",
    )  # fmt: skip

    # 6xx: output
    UNSAFE_PATH = Words(
        "RK601",
        ERROR, "path leads out of the release",
        "the path {path} leads out of {root}",
        "Use a relative path without `..`, and remove links that point elsewhere.",
    )  # fmt: skip
    NOT_WRITTEN = Words(
        "RK602",
        ERROR, "file cannot be written",
        "cannot write {path}: {reason}",
        "Make the place writable, or remove what stands there.",
    )  # fmt: skip
    NOT_READ = Words(
        "RK603",
        ERROR, "file cannot be read",
        "cannot read {path}: {reason}",
        "Make sure that the file exists and may be read; build again.",
    )  # fmt: skip
    BAD_APP_DIRECTORY = Words(
        "RK604",
        ERROR, "application name or version is no directory name",
        "application {app} with version {vsn} cannot have a directory in `lib`",
        "Correct the name or the version in its .app file: {reason}.",
    )  # fmt: skip
    FOREIGN_FILES = Words(
        "RK605",
        ERROR, "files of others are in the way",
        "{path} must be replaced but holds files that the build did not make",
        "Move or delete: {files}.",
    )  # fmt: skip
    BAD_MEMBER = Words(
        "RK606",
        ERROR, "file cannot be put into an archive",
        "{name} cannot be a member of the tarball: {reason}",
        "Rename the file, or leave it out of the release.",
    )  # fmt: skip
    DUPLICATE_MEMBER = Words(
        "RK607",
        ERROR, "two files have the same place in the archive",
        "the tarball would have {name} twice",
        "Let only one application, overlay or setting put a file there.",
    )  # fmt: skip
    CHANGED_MEANWHILE = Words(
        "RK608",
        ERROR, "file changed during the build",
        "{path} changed while the release was built",
        "Build again when nothing else writes to it.",
    )  # fmt: skip
    BAD_EPOCH = Words(
        "RK609",
        ERROR, "SOURCE_DATE_EPOCH is no time",
        "SOURCE_DATE_EPOCH is {value}, not a number of seconds since 1970",
        "Unset it, or set it to the output of `git log -1 --format=%ct`.",
    )  # fmt: skip
    NO_ERTS = Words(
        "RK610",
        ERROR, "no run-time system of that version",
        "{root} has no run-time system erts-{vsn}: {missing} is missing",
        "Let `include_erts` name the root of the OTP that the release is for.",
    )  # fmt: skip
    OTHER_MACHINE = Words(
        "RK611",
        WARNING, "native code for another machine",
        "{path} is for {found}, the run-time system is for {wanted}",
        "Compile the application's native code for the target.",
    )  # fmt: skip

    @property
    def number(self) -> str:
        """The stable number, as `RK101`."""
        return self.value.number

    @property
    def severity(self) -> Severity:
        """Whether it stops the build."""
        return self.value.severity
