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

    APP_MALFORMED = Words(
        "RK121",
        ERROR, "not an application resource file",
        "the file does not hold a tuple {{application, {name}, Properties}}",
        "Write one term of the form of app(4), ended by a full stop.",
    )  # fmt: skip
    APP_KEY_MISSING = Words(
        "RK122",
        ERROR, "application resource file lacks a key",
        "the application {name} has no valid entry `{key}`",
        "Add {{{key}, {expected}}} to the file.",
    )  # fmt: skip
    APP_KEY_TYPE = Words(
        "RK123",
        ERROR, "wrong type in an application resource file",
        "`{key}` of the application {name} is not {expected}",
        "Correct the value of `{key}`.",
    )  # fmt: skip
    APP_NAME_DIFFERS = Words(
        "RK124",
        ERROR, "application resource file is named otherwise than its application",
        "the file names the application {found}, but the file's name says {name}",
        "Rename the file to {found}.app or the application to {name}.",
    )  # fmt: skip
    APP_KEY_TWICE = Words(
        "RK125",
        WARNING, "key given twice in an application resource file",
        "`{key}` is given more than once for the application {name}; the first counts",
        "Remove all but one.",
    )  # fmt: skip
    APP_KEY_ASSUMED = Words(
        "RK126",
        WARNING, "missing key of an application resource file taken as empty",
        "the application {name} has no `{key}`; it is taken as []",
        "Add {{{key}, []}} to the file; systools refuses it as it is.",
    )  # fmt: skip
    APP_KEY_SUSPECT = Words(
        "RK127",
        WARNING, "key of an application resource file looks misspelled",
        "`{key}` of the application {name} is no key that OTP knows",
        "Did you mean `{meant}`?",
    )  # fmt: skip
    BEAM_NOT = Words(
        "RK131",
        ERROR, "not a BEAM file",
        "the file is not a BEAM file",
        "Compile the module again.",
    )  # fmt: skip
    BEAM_TRUNCATED = Words(
        "RK132",
        ERROR, "BEAM file is cut off",
        "the BEAM file ends inside {chunk}: {missing} bytes are missing",
        "Compile the module again; the disk may have been full.",
    )  # fmt: skip
    BEAM_CHUNK_MISSING = Words(
        "RK133",
        ERROR, "BEAM file lacks a chunk",
        "the BEAM file has no chunk {chunk}",
        "Compile the module again.",
    )  # fmt: skip
    BEAM_CHUNK_FAULTY = Words(
        "RK134",
        ERROR, "chunk of a BEAM file cannot be read",
        "the chunk {chunk} of the BEAM file cannot be read: {reason}",
        "Compile the module again.",
    )  # fmt: skip
    BEAM_MODULE_NAME = Words(
        "RK135",
        ERROR, "BEAM file holds another module",
        "the BEAM file holds the module {found}, but its name says {expected}",
        "Rename the file to {found}.beam, or compile the module again.",
    )  # fmt: skip

    # 2xx: configuration
    UNKNOWN_SETTING = Words(
        "RK201",
        ERROR, "unknown setting",
        "`{setting}` is not a setting of {owner}",
        "Did you mean `{nearest}`?\n"
        "The settings are: {known}.",
    )  # fmt: skip
    SETTING_NOT_YET = Words(
        "RK202",
        ERROR, "setting that is not supported yet",
        "`{setting}` is a setting of {tool} that is not supported yet",
        "Remove it.\n"
        "{instead}",
    )  # fmt: skip
    SETTING_TYPE = Words(
        "RK203",
        ERROR, "setting of a wrong type",
        "`{setting}` should be {expected}, but is {found}",
    )  # fmt: skip
    DEFINED_TWICE = Words(
        "RK204",
        ERROR, "defined twice",
        "{what} `{name}` is defined twice",
        "Keep one of the two, or rename one.",
    )  # fmt: skip
    NO_RELEASE_DEFINED = Words(
        "RK205",
        ERROR, "no release defined",
        "the configuration defines no release",
        "Define one: {example}",
    )  # fmt: skip
    NO_SUCH_RELEASE = Words(
        "RK206",
        ERROR, "no such release",
        "there is no release `{name}`",
        "Did you mean `{nearest}`?\n"
        "The releases are: {known}.",
    )  # fmt: skip
    NO_SUCH_ENVIRONMENT = Words(
        "RK207",
        ERROR, "no such environment",
        "there is no environment `{name}`",
        "Did you mean `{nearest}`?\n"
        "The environments are: {known}.",
    )  # fmt: skip
    ILLEGAL_NAME = Words(
        "RK208",
        ERROR, "illegal name",
        "{found} cannot name {what}",
        "Such a name is {rule}.",
    )  # fmt: skip
    ILLEGAL_VERSION = Words(
        "RK209",
        ERROR, "illegal version",
        "{found} cannot be a version",
        "A version is made of letters, digits and . _ + ~ -, since folders are named"
        " after it.",
    )  # fmt: skip
    OUTPUT_DIR_UNSAFE = Words(
        "RK210",
        ERROR, "output directory that is not the release's own",
        "output_dir `{path}` is {why}",
        "Give the release a folder of its own, such as `{example}`.",
    )  # fmt: skip
    OUTPUT_DIR_SHARED = Words(
        "RK211",
        ERROR, "output directory of two profiles",
        "the profiles {first} and {second} would both write to `{path}`",
        "Write {{release}} and {{environment}} in output_dir; they are replaced by the"
        " names.",
    )  # fmt: skip
    COOKIE_UNSAFE = Words(
        "RK212",
        ERROR, "cookie that does not survive a command line",
        "the cookie has {found}, which the files it is written to do not carry safely",
        "Use letters, digits and _ . @ : = / + -, at most 255 of them, the first a"
        " letter, a digit or _.",
    )  # fmt: skip
    COOKIE_WEAK = Words(
        "RK213",
        WARNING, "cookie that is easy to guess",
        "the cookie of {profile} is easy to guess: {why}",
        "Whoever knows the cookie can run any code on the node.\n"
        "Use a long random cookie, or take it from the environment: {example}",
    )  # fmt: skip
    COOKIE_MISSING = Words(
        "RK214",
        WARNING, "no cookie",
        "{profile} has neither a cookie nor a vm_args file that could set one",
        "Set `cookie`, or take it from the environment: {example}",
    )  # fmt: skip
    START_TYPE_UNKNOWN = Words(
        "RK215",
        ERROR, "unknown start type",
        "{found} is not a start type",
        "Did you mean `{nearest}`?\n"
        "The start types are permanent, transient, temporary, load and none.",
    )  # fmt: skip
    SETTINGS_CONFLICT = Words(
        "RK216",
        ERROR, "settings that exclude each other",
        "`{first}` and `{second}` cannot both be set for {profile}",
        "{advice}",
    )  # fmt: skip
    CONFIG_SYNTAX = Words(
        "RK217",
        ERROR, "configuration file with a syntax error",
        "the file is not TOML: {why}",
        "Correct the file at the place shown.",
    )  # fmt: skip
    CONFIG_FILE_MISSING = Words(
        "RK218",
        ERROR, "no configuration",
        "there is no configuration in {looked}",
        "Write one with `doit relkit init`.",
    )  # fmt: skip
    CONFIG_UNREADABLE = Words(
        "RK219",
        ERROR, "configuration file that cannot be read",
        "the file cannot be read: {why}",
    )  # fmt: skip
    SETTING_VALUE = Words(
        "RK220",
        ERROR, "setting out of range",
        "`{setting}` should be {expected}, but is {found}",
    )  # fmt: skip
    CONFIG_TWO_FILES = Words(
        "RK221",
        ERROR, "two configuration files",
        "both {first} and {second} hold a configuration",
        "Keep one of the two.",
    )  # fmt: skip

    # 3xx: applications and releases
    LIB_DIR_EMPTY = Words(
        "RK301",
        WARNING, "no application found where applications are searched",
        "no application is found at {pattern}",
        "Compile first, or correct the setting `lib_dirs`.",
    )  # fmt: skip
    APP_UNREADABLE = Words(
        "RK302",
        ERROR, "application resource file cannot be read",
        "cannot read {path}: {reason}",
        "Make the file readable, or remove it.",
    )  # fmt: skip
    DIRECTORY_UNREADABLE = Words(
        "RK303",
        WARNING, "directory cannot be read",
        "cannot read the directory {path}: {reason}",
        "Make it readable, or remove it.",
    )  # fmt: skip
    LINK_DANGLING = Words(
        "RK304",
        WARNING, "link leads nowhere",
        "the link {path} leads to {to}, which does not exist; it is left out",
        "Remove the link, or make what it names.",
    )  # fmt: skip
    LINK_CYCLE = Words(
        "RK305",
        WARNING, "link leads back to where it came from",
        "the link {path} leads to {to}, which contains it; it is left out",
        "Remove the link.",
    )  # fmt: skip
    NOT_A_FILE = Words(
        "RK306",
        WARNING, "neither file nor directory",
        "{path} is neither a file nor a directory; it is left out",
        "Remove it from the application.",
    )  # fmt: skip

    # 36x..38x: which applications a release has
    APP_NOT_FOUND = Words(
        "RK360",
        ERROR, "application not found",
        "no application `{name}` was found; {wanted_by}",
        "It is wanted along: {path}.\n"
        "Did you mean `{nearest}`?\n"
        "The folders searched are: {searched}.\n"
        "Compile or fetch it, or add the folder that holds it to lib_dirs.",
    )  # fmt: skip
    APP_VERSION_NOT_FOUND = Words(
        "RK361",
        ERROR, "application not found in the wanted version",
        "no application `{name}` of version {wanted} was found",
        "There is: {found}.",
    )  # fmt: skip
    APP_CYCLE = Words(
        "RK362",
        ERROR, "applications that need each other",
        "the applications {path} need each other in a circle, so none can start first",
        "Remove one of these names from `applications` of the one before it.",
    )  # fmt: skip
    APP_NOT_STARTED = Words(
        "RK363",
        ERROR, "started application that needs one that is not started",
        "{name} ({type}) needs {needed}, whose start type is {needed_type}",
        "Give {needed} the start type {type}, or {name} the type {needed_type}.\n"
        "If that is what you want, list {needed} in skip_mode_validation_for.",
    )  # fmt: skip
    MANDATORY_TYPE = Words(
        "RK364",
        ERROR, "kernel or stdlib not permanent",
        "{name} must be permanent, but its start type is {type}",
        "Remove {name} from the list; it is in every release.",
    )  # fmt: skip
    APP_SHADOWED = Words(
        "RK365",
        WARNING, "application found in several versions",
        "{name} {vsn} is used, but other versions of it were found, too",
        "Used: {used}.\n"
        "Not used: {others}.\n"
        "Ask for one by its version, or remove the other folders.",
    )  # fmt: skip
    VERSION_APP_MISSING = Words(
        "RK366",
        ERROR, "version of an application that was not found",
        "the version of the release {release} is that of {name}, which was not found",
        "Did you mean `{nearest}`?\n"
        "Compile it first, or write the version out.",
    )  # fmt: skip
    NOTHING_TO_RELEASE = Words(
        "RK367",
        ERROR, "release without applications",
        "the release {release} lists no applications, and none is called {release}",
        "Did you mean `{nearest}`?\n"
        "The folders searched are: {searched}.",
    )  # fmt: skip
    INCLUDED_TYPE = Words(
        "RK368",
        WARNING, "start type of an included application",
        "{name} has the start type {type}, but is not started at boot: {includer}"
        " includes it",
        "An included application is started by the one that includes it; remove the"
        " start type.",
    )  # fmt: skip
    REL_NAME_DIFFERS = Words(
        "RK369",
        ERROR, "release file of another name",
        "the .rel file names the release {found}, the configuration names it {wanted}",
        "Give both the same name.",
    )  # fmt: skip
    REL_ERTS_DIFFERS = Words(
        "RK370",
        ERROR, "release file for another run-time system",
        "the .rel file is for ERTS {found}, the target has {wanted}",
        "Correct the version in the file, or set include_erts to an OTP with that"
        " ERTS.",
    )  # fmt: skip
    REL_ILLEGAL_VERSION = Words(
        "RK371",
        ERROR, "version that cannot name a folder",
        "the version of the release {release} is {found}",
        "A version is made of letters, digits and . _ + ~ -, since folders are named"
        " after it.",
    )  # fmt: skip
    APP_UNKNOWN_TO_WHY = Words(
        "RK372",
        ERROR, "application that is not in the release",
        "{name} is not in the release {release}",
        "Did you mean `{nearest}`?",
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
