"""Every trouble the user can meet: number, severity, words, advice. Nothing else.

Numbers are stable once released: 1xx terms and files, 2xx configuration,
3xx applications and releases, 4xx the target OTP, 5xx artifacts, 6xx output,
7xx upgrades, 8xx earlier releases and what is delivered.
`docs/codes.md` is made from this enum.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """What a trouble does to the build."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    """A person should look; `warnings_as_errors` does not stop at it."""


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
NOTICE = Severity.NOTICE


class Code(Enum):
    """The stable codes."""

    # 1xx: terms and files
    SYNTAX = Words(
        "RK101",
        ERROR, "syntax error in Erlang terms",
        "syntax error: expected {expected}, found {found}",
        "Correct the file at the place shown.",
    )  # fmt: skip
    NOT_ONE_TERM = Words(
        "RK102",
        ERROR, "not just one term",
        "expected one Erlang term, found {count}",
        "Leave one term in the file, ended by a full stop.",
    )  # fmt: skip
    NOT_UTF8 = Words(
        "RK103",
        ERROR, "text is not valid UTF-8",
        "the byte {byte} cannot stand here in UTF-8",
        "Save the file as UTF-8, or begin it with the line `%% coding: latin-1`.",
    )  # fmt: skip
    NO_EXTERNAL_TERM = Words(
        "RK104",
        ERROR, "bytes are no term in the external format",
        "the bytes are no Erlang term in the external term format: {reason}",
        "Make the file anew.",
    )  # fmt: skip
    NO_VALUE = Words(
        "RK105",
        ERROR, "term that a file cannot hold",
        "{what} in an external term has no meaning outside the node that made it",
        "Write only terms that file:consult/1 can read.",
    )  # fmt: skip
    NOT_ENCODABLE = Words(
        "RK106",
        ERROR, "term that the external format cannot hold",
        "the term cannot be written in the external term format: {reason}",
    )  # fmt: skip
    TOO_DEEP = Words(
        "RK107",
        ERROR, "term nested too deeply",
        "the term is nested too deeply to be {done}",
        "Look for a value that repeats itself inside itself.",
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
        "Add {{{key}, Value}} to the file; the value is {expected}.",
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
        " names.\n"
        "The tarball lies beside that directory: best let it end in /{{release}}.",
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
    TREE_UNREADABLE = Words(
        "RK307",
        ERROR, "directory of an application cannot be read",
        "cannot read the directory {path}, whose files belong in the release: {reason}",
        "Make it readable, or take it out of the application.",
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
    APP_NOT_STARTED = Words(
        "RK363",
        ERROR, "started application that needs one that is not started",
        "{name} ({type}) needs {needed}, whose start type is {needed_type}",
        "Give {needed} the start type {type}, or {name} the type {needed_type}.\n"
        "If that is what you want, list {name} in skip_mode_validation_for.",
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
    ERTS_NOT_THERE = Words(
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
    OTHER_BUILD = Words(
        "RK612",
        ERROR, "another build writes to the same place",
        "another build is writing {path} at the same time",
        "Wait until the other one has ended; build again.",
    )  # fmt: skip
    REFUSED = Words(
        "RK613",
        ERROR, "the operating system refuses",
        "cannot use {path}: {reason}",
        "Look at what is in that place and who may use it; build again.",
    )  # fmt: skip

    # 501-509: the start script
    SCRIPT_NUL = Words(
        "RK501",
        ERROR, "a NUL character in a setting of the start script",
        "the value holds a NUL character, which no shell script can",
        "Remove it.",
    )  # fmt: skip
    SCRIPT_VARIABLE_NAME = Words(
        "RK502",
        ERROR, "the cookie's variable has no name of a variable",
        "{variable} cannot be the name of an environment variable",
        "Use letters, digits and _, and no digit first.",
    )  # fmt: skip

    # 510-549: sys.config, vm.args, RELEASES, templates
    CONFIG_NOT_A_LIST = Words(
        "RK510",
        ERROR, "sys.config holds no single list",
        "the configuration must be one list of {{App, Parameters}}, found {found}",
        "Write [{{app, [{{key, value}}]}}]. and end it with a full stop.",
    )  # fmt: skip
    CONFIG_BAD_ENTRY = Words(
        "RK511",
        ERROR, "sys.config: wrong entry",
        "{entry} is neither {{App, Parameters}} nor the name of a file to include",
        "App is an atom and Parameters a list; a file's name is a string.",
    )  # fmt: skip
    CONFIG_BAD_PARAMETER = Words(
        "RK512",
        ERROR, "sys.config: wrong parameter",
        "{parameter} is no {{Key, Value}} whose key is an atom",
        "The node does not start with it.",
    )  # fmt: skip
    CONFIG_APP_TWICE = Words(
        "RK513",
        WARNING, "sys.config: application named twice",
        "application {app} has several entries; of one key the last value counts",
        "Write one entry for each application.",
    )  # fmt: skip
    CONFIG_KEY_TWICE = Words(
        "RK514",
        ERROR, "sys.config: key given twice",
        "application {app} has the key {key} more than once",
        "Keep one of them: the node does not start with both.",
    )  # fmt: skip
    CONFIG_UNQUOTED_VARIABLE = Words(
        "RK515",
        ERROR, "sys.config: variable outside of quotes",
        "{variable} stands outside of quotes, so the file is no Erlang term",
        'Write "{variable}": what is filled in at start is always a string.\n'
        "For another type put `-app key {variable}` into vm.args.",
    )  # fmt: skip
    CONFIG_NO_TEXT_FORM = Words(
        "RK516",
        ERROR, "sys.config: value without a text form",
        "{value} cannot be written in a file and read back",
        "Configure a module and a function name, or make the value at start.",
    )  # fmt: skip
    CONFIG_INCLUDE_MOVED = Words(
        "RK517",
        WARNING, "sys.config: included file between applications",
        "the included file {include} is now read after all applications of the file",
        "Put the names of included files first or last in the list.",
    )  # fmt: skip
    VM_ARGS_OPEN_QUOTE = Words(
        "RK520",
        WARNING, "vm.args: quote without an end",
        "the quote {quote} is never closed; the argument runs to the end of the file",
        "Close it. Within quotes a backslash is an ordinary character.",
    )  # fmt: skip
    VM_ARGS_NUL = Words(
        "RK521",
        ERROR, "vm.args: NUL character",
        "the file has a NUL character, where erl stops reading",
        "Remove it.",
    )  # fmt: skip
    VM_ARGS_TWO_NAMES = Words(
        "RK522",
        ERROR, "vm.args: several node names",
        "the node is named several times: {flags}",
        "Keep one -name or -sname.",
    )  # fmt: skip
    VM_ARGS_BAD_NAME = Words(
        "RK523",
        ERROR, "vm.args: wrong node name",
        "{flag} must be followed by one name, found {found}",
        "Write -name name@host or -sname name.",
    )  # fmt: skip
    VM_ARGS_TWO_COOKIES = Words(
        "RK524",
        ERROR, "vm.args: several cookies",
        "-setcookie is given {count} times without a node; the node ignores them all",
        "Keep one.",
    )  # fmt: skip
    VM_ARGS_BAD_COOKIE = Words(
        "RK525",
        ERROR, "vm.args: wrong cookie",
        "-setcookie must be followed by one cookie, found {found}",
        "Write -setcookie cookie, or -setcookie node cookie.",
    )  # fmt: skip
    VM_ARGS_OTHER_COOKIE = Words(
        "RK526",
        WARNING, "vm.args: the setting `cookie` is not used",
        "the setting `cookie` is not used, because {file} is your own",
        "Add `-setcookie <%= cookie %>` to that file, or remove the setting.",
    )  # fmt: skip
    VM_ARGS_NO_COOKIE = Words(
        "RK527",
        WARNING, "vm.args: no cookie",
        "{file} sets no cookie and neither does the setting `cookie`",
        "Add `-setcookie` to that file, or set `cookie`; until then the node takes the"
        " cookie in the home directory of the user it runs as.",
    )  # fmt: skip
    VM_ARGS_INCLUDES = Words(
        "RK530",
        WARNING, "vm.args: includes another file",
        "-args_file {include} is read at start and was not checked",
        "Its path is relative to the directory the node is started in.",
    )  # fmt: skip
    VM_ARGS_OBSOLETE = Words(
        "RK531",
        WARNING, "vm.args: obsolete flag",
        "{flag} means nothing any more: {why}",
        "Remove it.",
    )  # fmt: skip
    START_ERL_DATA_MALFORMED = Words(
        "RK533",
        ERROR, "malformed start_erl.data",
        "expected the versions of ERTS and of the release, found {found}",
        "Write `<erts version> <release version>` on one line.",
    )  # fmt: skip
    TEMPLATE_UNKNOWN_VARIABLE = Words(
        "RK540",
        ERROR, "template: unknown variable",
        "no overlay variable is named {variable}",
        "Did you mean {nearest}?\n"
        "Add it to the setting `overlay_vars`, or correct its name.",
    )  # fmt: skip
    TEMPLATE_SYNTAX = Words(
        "RK541",
        ERROR, "template: syntax error",
        "the template is not well formed: {problem}",
        "Correct the template at the place shown.",
    )  # fmt: skip
    TEMPLATE_CODE = Words(
        "RK542",
        ERROR, "template: Elixir code",
        "{found} is Elixir code; between <%= and %> only a variable's name may stand",
        "Put the value into `overlay_vars`, or name the file .j2 and use Jinja2.",
    )  # fmt: skip
    TEMPLATE_FAILED = Words(
        "RK543",
        ERROR, "template: rendering failed",
        "the template could not be rendered: {problem}",
        "Correct the template at the place shown.",
    )  # fmt: skip
    TEMPLATE_NOT_UTF8 = Words(
        "RK544",
        ERROR, "template: not UTF-8",
        "the byte at offset {offset} is not UTF-8",
        "Save the file as UTF-8.",
    )  # fmt: skip
    OVERLAY_VARIABLE_SHADOWS = Words(
        "RK545",
        WARNING, "overlay variable hides a built-in one",
        "the overlay variable {variable} is built in; your value takes its place",
        "Choose another name unless you mean it.",
    )  # fmt: skip

    ELIXIR_CONFIG = Words(
        "RK546",
        ERROR, "Elixir configuration could not be evaluated",
        "{file} could not be evaluated: {reason}",
        "What Elixir said about it stands above.",
    )  # fmt: skip

    BAD_RELEASE = Words(
        "RK320",
        ERROR, "not a release resource file",
        "the file does not hold a release term",
        "Write {{release, {{Name, Vsn}}, {{erts, ErtsVsn}}, [Application]}}.",
    )  # fmt: skip
    BAD_RELEASE_NAME = Words(
        "RK321",
        ERROR, "release name is no string",
        "the name of the release is {value}, which is not a string",
        "Write the name in double quotes.",
    )  # fmt: skip
    BAD_RELEASE_VSN = Words(
        "RK322",
        ERROR, "release version is no string",
        "the version of the release is {value}, which is not a string",
        "Write the version in double quotes.",
    )  # fmt: skip
    BAD_ERTS_VSN = Words(
        "RK323",
        ERROR, "erts version is no string",
        "the erts version of the release is {value}, which is not a string",
        "Write the version in double quotes.",
    )  # fmt: skip
    BAD_RELEASE_ENTRY = Words(
        "RK324",
        ERROR, "entry of a release that is no application",
        "{entry} has none of the forms of an application in a release",
        "Write {{Name, Vsn}}, {{Name, Vsn, Type}}, {{Name, Vsn, Included}} or\n"
        "{{Name, Vsn, Type, Included}}, as in rel(4).\n"
        "Type is permanent, transient, temporary, load or none.",
    )  # fmt: skip
    MISSING_MANDATORY_APP = Words(
        "RK325",
        ERROR, "release without kernel or stdlib",
        "the release has no application {app}",
        "Add {app}; every release needs it.",
    )  # fmt: skip
    MANDATORY_APP_TYPE = Words(
        "RK326",
        ERROR, "kernel or stdlib is not permanent",
        "{app} has the start type {type}, but must be permanent",
        "Remove the start type of {app}.",
    )  # fmt: skip
    APP_TWICE = Words(
        "RK327",
        ERROR, "application listed twice in a release",
        "the application {app} stands more than once in the release",
        "Remove all but one of its entries.",
    )  # fmt: skip
    REL_NOT_FOUND = Words(
        "RK328",
        ERROR, "release resource file not found",
        "there is no file {file}",
        "The directories searched are: {searched}.",
    )  # fmt: skip
    NO_TERM = Words(
        "RK329",
        ERROR, "file without a term",
        "no whole Erlang term can be read from {file}",
        "End the term with a full stop and a new line.",
    )  # fmt: skip
    APP_FILE_NOT_FOUND = Words(
        "RK330",
        ERROR, "application resource file not found",
        "the release lists {app} {vsn}, but no {app}.app was found",
        "Compile the application, or add its ebin directory to the path.\n"
        "Found instead: {near}.",
    )  # fmt: skip
    APP_VSN_NOT_FOUND = Words(
        "RK331",
        ERROR, "application has another version",
        "the release lists {app} {wanted}, but {file} is version {found}",
        "Change the version in the release to {found}, or add the directory of {app} "
        "{wanted} to the path.",
    )  # fmt: skip
    APP_NAME_MISMATCH = Words(
        "RK332",
        ERROR, "application resource file of another application",
        "the file found for {app} is that of the application {found} {vsn}",
        "Rename the file to {found}.app, or the application in it to {app}.",
    )  # fmt: skip
    INCLUDE_NOT_IN_APP = Words(
        "RK333",
        ERROR, "release includes what the application does not",
        "the release lets {app} include {included}, but {app}.app does not list it",
        "Add it to included_applications in {app}.app, or remove it from the release.",
    )  # fmt: skip
    UNDEFINED_APP = Words(
        "RK334",
        ERROR, "application missing from the release",
        "the application {app} is not in the release, but {wanted_by} needs it",
        "Add {app} to the release, or remove it from the .app file of {wanted_by}.\n"
        "Did you mean {near}?",
    )  # fmt: skip
    REGISTERED_TWICE = Words(
        "RK335",
        ERROR, "two applications register the same name",
        "the name {name} is registered by {first} and by {second}",
        "Rename one process, and correct `registered` in its .app file.",
    )  # fmt: skip
    INCLUDED_TWICE = Words(
        "RK336",
        ERROR, "application included by two applications",
        "the application {name} is included by {first} and by {second}",
        "Only one application may include another; let one of them use it instead.",
    )  # fmt: skip
    MODULE_TWICE = Words(
        "RK337",
        ERROR, "module of two applications",
        "the module {name} belongs to {first} and to {second}",
        "Rename one of them, or remove one of the applications.",
    )  # fmt: skip
    CIRCULAR_APPS = Words(
        "RK338",
        ERROR, "applications need each other in a circle",
        "applications need each other in a circle: {path}",
        "Remove one of these from `applications` or `included_applications`.",
    )  # fmt: skip
    INCLUDE_CIRCLE = Words(
        "RK339",
        ERROR, "applications include each other in a circle",
        "applications include each other in a circle: {path}",
        "Remove one of these from `included_applications`.",
    )  # fmt: skip
    MODULE_NOT_FOUND = Words(
        "RK340",
        ERROR, "module without object file",
        "the module {module} of {app} has no object file in {directory}",
        "Compile it, or remove it from `modules` in {app}.app.",
    )  # fmt: skip
    UNPLACED_APP = Words(
        "RK341",
        ERROR, "application that must start before itself",
        "{app} cannot be put before {wanted_by}, which needs it: {reason}",
        "Let {wanted_by} name {app} only once, either in `applications` or in "
        "`included_applications`.",
    )  # fmt: skip
    MISSING_SASL = Words(
        "RK342",
        NOTICE, "release without sasl",
        "the release has no application sasl, so it cannot be upgraded while it runs",
        "Add sasl to its applications if a node is ever to be upgraded from it.",
    )  # fmt: skip
    SOURCE_NOT_FOUND = Words(
        "RK343",
        WARNING, "module without source",
        "the source of the module {module} of {app} was not found",
    )  # fmt: skip
    OBJECT_OUT_OF_DATE = Words(
        "RK344",
        WARNING, "source is newer than the object file",
        "the source of the module {module} of {app} is newer than its object file",
        "Compile it.",
    )  # fmt: skip
    UNDEFINED_FUNCTION = Words(
        "RK345",
        WARNING, "call of a function that does not exist",
        "{module}:{function}/{arity} is called, but is not defined in the release",
        "Add the application that holds {module}, or correct the call.\n"
        "It is called by {callers}.",
    )  # fmt: skip
    WARNINGS_AS_ERRORS = Words(
        "RK346",
        ERROR, "warnings count as errors",
        "there are warnings, and they count as errors",
        "Correct what the warnings say.",
    )  # fmt: skip
    BAD_OPTION = Words(
        "RK347",
        ERROR, "option of a wrong form",
        "the option {option} should be {expected}",
    )  # fmt: skip
    FILE_NOT_WRITTEN = Words(
        "RK348",
        ERROR, "file cannot be written",
        "cannot write {file}: {reason}",
    )  # fmt: skip
    APP_ENTRY_TWICE = Words(
        "RK349",
        ERROR, "entry twice in a list of an application resource file",
        "`{key}` of {app} names {entries} more than once",
        "Remove all but one; systools refuses it since OTP 26.",
    )  # fmt: skip
    BAD_SCRIPT = Words(
        "RK350",
        ERROR, "not a boot script",
        "the file does not hold a boot script: {reason}",
        "Make it again with the systools of its OTP, or with this tool.",
    )  # fmt: skip
    OBJECT_UNREADABLE = Words(
        "RK351",
        ERROR, "object file cannot be checked",
        "the calls of {app} cannot be checked: {file}: {reason}",
        "Compile the application again.",
    )  # fmt: skip

    # 4xx: the target OTP
    OTP_NOT_FOUND = Words(
        "RK401",
        ERROR, "no OTP found",
        "no Erlang/OTP was found: {reason}",
        "Install Erlang, set ERL_ROOTDIR, or give the directory of an OTP as "
        "`include_erts`.",
    )  # fmt: skip
    OTP_WITHOUT_ERTS = Words(
        "RK402",
        ERROR, "OTP without run-time system",
        "{root} holds no directory erts-<version>, so it is not an OTP",
        "Give the directory that holds bin, lib and erts-<version>.",
    )  # fmt: skip
    SEVERAL_ERTS = Words(
        "RK403",
        ERROR, "OTP with several run-time systems",
        "{root} holds several run-time systems: {found}",
        "Give an OTP with one of them, or let releases/start_erl.data name one.",
    )  # fmt: skip
    OTP_INCOMPLETE = Words(
        "RK404",
        ERROR, "OTP lacks a directory",
        "the OTP at {root} has no directory {missing}",
        "Install it again, or give another OTP.",
    )  # fmt: skip
    NO_START_CLEAN = Words(
        "RK405",
        ERROR, "OTP without start_clean.boot",
        "the OTP at {root} has no start_clean.boot in releases/<N> or bin",
        "Install it again; its facts are learned from that file.",
    )  # fmt: skip
    BAD_START_CLEAN = Words(
        "RK406",
        ERROR, "start_clean.boot is not understood",
        "the target's start_clean.boot is not understood: {reason}",
        "Please report this with the version of your OTP.",
    )  # fmt: skip
    COMPILE_FAILED = Words(
        "RK551",
        ERROR,
        "the applications could not be compiled",
        "compiling failed: {reason}",
        "Correct what the compiler says above.",
    )
    CONFIG_FILE_ABSENT = Words(
        "RK552",
        ERROR,
        "a file that a setting names is not there",
        "the file {file} that the setting {setting} names is not there",
        "Create it, or correct the setting.",
    )
    NOT_PLANNED = Words(
        "RK553",
        ERROR,
        "a release has not been planned yet",
        "there is no plan of the release {release} yet",
        "Build it first, with doit release.",
    )
    ALREADY_THERE = Words(
        "RK554",
        ERROR,
        "a file that would be written is already there",
        "{path} is already there",
        "Remove it, or say --force to replace it.",
    )

    TAR_WITHOUT_BOOT = Words(
        "RK620",
        ERROR, "no boot file for the tarball",
        "neither start.boot nor {name}.boot is in {directories}",
        "Make the boot script of the release before its tarball.",
    )  # fmt: skip
    TAR_RELUP = Words(
        "RK621",
        ERROR, "relup cannot go into the tarball",
        "{file} is not one term {{Vsn, UpFrom, DownTo}}",
        "Make it anew with `make_relup`, or remove it.",
    )  # fmt: skip
    TAR_SYS_CONFIG = Words(
        "RK622",
        ERROR, "sys.config cannot go into the tarball",
        "{file} is not one list of {{Application, Settings}} and file names",
        "Correct the file: see config(4).",
    )  # fmt: skip
    TAR_UNREADABLE = Words(
        "RK623",
        ERROR, "file cannot be added to the tarball",
        "cannot add {path}: {reason}",
        "Make the file readable, or remove the link that leads nowhere.",
    )  # fmt: skip
    TAR_NOT_OPENED = Words(
        "RK624",
        ERROR, "tarball cannot be made",
        "cannot make {path}: {reason}",
        "Make its directory first, and make it writable.",
    )  # fmt: skip

    # 7xx: upgrades
    APPUP_MALFORMED = Words(
        "RK701",
        ERROR, "not an appup file",
        "the file does not hold a tuple {{Vsn, UpFrom, DownTo}} of a version and lists",
        "Write one term of the form of appup(4), ended by a full stop.",
    )  # fmt: skip
    APPUP_INSTRUCTIONS = Words(
        "RK702",
        ERROR, "instructions of an appup are no list",
        "the instructions for {pattern} are no list",
        "Write a list of the instructions of appup(4).",
    )  # fmt: skip
    APPUP_ENTRY = Words(
        "RK703",
        WARNING, "entry of an appup that fits no version",
        "the entry {entry} fits no version",
        "Write {{Vsn, Instructions}}, where Vsn is a string, or a binary with a "
        "regular expression.",
    )  # fmt: skip
    APPUP_PATTERN = Words(
        "RK704",
        ERROR, "version pattern that cannot be used",
        "the version pattern {pattern} cannot be used: {reason}",
        "Write a regular expression of the module `re`, or the version as a string.",
    )  # fmt: skip
    RELUP_MALFORMED = Words(
        "RK705",
        ERROR, "not a relup file",
        "the file is no relup: {found}",
        "Make it anew.",
    )  # fmt: skip
    APPUP_NOT_READ = Words(
        "RK706",
        ERROR, "no appup file that can be read",
        "the application {app} is of another version than before and {file} cannot "
        "be read: {reason}",
        "Write the file, or generate it: see appup(4).",
    )  # fmt: skip
    APPUP_LACKS_VERSION = Words(
        "RK707",
        ERROR, "appup file says nothing of a version",
        "{file} has no entry for {direction} version {vsn} of the application {app}",
        "It has entries for: {known}.\n"
        "Add an entry {{\"{vsn}\", Instructions}}.",
    )  # fmt: skip
    APPUP_VSN_DIFFERS = Words(
        "RK708",
        WARNING, "appup file is for another version of its application",
        "the appup of {app} is for version {found}, but the application is of "
        "version {vsn}",
        "Correct the version at the head of {file}.",
    )  # fmt: skip
    UPGRADE_WITHOUT_SASL = Words(
        "RK709",
        ERROR, "release without sasl cannot be upgraded",
        "the release {name} {vsn} has no sasl, which does the upgrade",
        "Add sasl to its applications.",
    )  # fmt: skip
    ERTS_CHANGED = Words(
        "RK710",
        WARNING, "run-time system changes",
        "the run-time system changes: {top} has erts {top_erts}, {base} has "
        "{base_erts}; the emulator will be restarted",
    )  # fmt: skip
    UPGRADE_FROM_PRE_R15 = Words(
        "RK711",
        WARNING, "upgrade from before OTP R15",
        "{base} is of an OTP before R15; the emulator will be restarted last",
        "Compile the new code with the old emulator.",
    )  # fmt: skip
    INSTRUCTION_UNKNOWN = Words(
        "RK712",
        ERROR, "unknown upgrade instruction",
        "{instruction} is no upgrade instruction",
        "Did you mean `{meant}`?\n"
        "`{name}` has one of the forms: {forms}.",
    )  # fmt: skip
    INSTRUCTION_ARGUMENT = Words(
        "RK713",
        ERROR, "upgrade instruction with a wrong argument",
        "{value} in the instruction {instruction} is not {expected}",
        "Correct the instruction: see appup(4).",
    )  # fmt: skip
    MNESIA_BACKUP = Words(
        "RK714",
        ERROR, "upgrade instruction that OTP does not implement",
        "the instruction mnesia_backup is not implemented in OTP",
        "Remove it; call a function of your own with {{apply, {{M, F, Args}}}}.",
    )  # fmt: skip
    BEFORE_NO_RETURN = Words(
        "RK715",
        ERROR, "upgrade instruction before the point of no return",
        "{instruction} stands before point_of_no_return, where only "
        "load_object_code and apply may stand",
        "Move it behind point_of_no_return.",
    )  # fmt: skip
    NO_RETURN_TWICE = Words(
        "RK716",
        ERROR, "several points of no return",
        "there is more than one point_of_no_return among the instructions",
        "Leave one.",
    )  # fmt: skip
    NO_OBJECT_CODE = Words(
        "RK717",
        ERROR, "module to load without object code",
        "{module} is loaded, but no load_object_code names it",
        "Add {{load_object_code, {{App, Vsn, [{module}]}}}}, or use load_module.",
    )  # fmt: skip
    SUSPENDED_NOT_RESUMED = Words(
        "RK718",
        ERROR, "suspended and not resumed",
        "processes with {modules} are suspended and not resumed",
        "Add {{resume, [{modules}]}}.",
    )  # fmt: skip
    RESUMED_NOT_SUSPENDED = Words(
        "RK719",
        ERROR, "resumed and not suspended",
        "processes with {modules} are resumed and not suspended",
        "Add {{suspend, [{modules}]}} before.",
    )  # fmt: skip
    STARTED_NOT_STOPPED = Words(
        "RK720",
        ERROR, "started and not stopped",
        "processes with {modules} are started and were not stopped",
        "Add {{stop, [{modules}]}} before.",
    )  # fmt: skip
    STOPPED_NOT_STARTED = Words(
        "RK721",
        ERROR, "stopped and not started",
        "processes with {modules} are stopped and not started",
        "Add {{start, [{modules}]}}.",
    )  # fmt: skip
    INSTRUCTED_APP_UNKNOWN = Words(
        "RK722",
        ERROR, "instruction for an application that is not there",
        "{instruction}: the application {app} is not in the release it is {when}",
        "Did you mean `{near}`?",
    )  # fmt: skip
    REMOVED_APP_STAYS = Words(
        "RK723",
        ERROR, "removed application is in the release",
        "{{remove_application, {app}}}: the application {app} is in the release that "
        "is installed",
        "Use restart_application, or take {app} out of the release.",
    )  # fmt: skip
    LIB_VSNS_CONFLICT = Words(
        "RK724",
        ERROR, "two versions of one application to load from",
        "load_object_code names {app} in the versions {first} and {second}",
        "Leave the version of the release that is installed.",
    )  # fmt: skip
    MODULE_NOWHERE = Words(
        "RK725",
        ERROR, "module of an instruction is in no application",
        "no application of the release that is installed has the module {module}",
        "Did you mean `{near}`?\n"
        "List it in `modules` of the application's .app file.",
    )  # fmt: skip
    DEPENDENCY_UNKNOWN = Words(
        "RK726",
        ERROR, "instruction depends on a module without instruction",
        "the instruction for {by} depends on {module}, for which there is none",
        "Take {module} out of the dependencies, or add an instruction for it.",
    )  # fmt: skip
    MODULE_INSTRUCTED_TWICE = Words(
        "RK727",
        ERROR, "two instructions for one module",
        "there are two instructions for the module {module}",
        "Leave one; add_application and restart_application load the modules of "
        "the application too.\n"
        "It goes from {old} to {new}: say it in the appup of {new} alone, and for a "
        "generated one set `upgrade_strategies` to skip for it.",
    )  # fmt: skip
    SCRIPT_NOT_LOW_LEVEL = Words(
        "RK728",
        ERROR, "instruction that a relup cannot hold",
        "{instruction} cannot stand in a relup",
        "Give back low-level instructions only: see appup(4).",
    )  # fmt: skip
    NO_POINT_OF_NO_RETURN = Words(
        "RK729",
        ERROR, "relup script without point of no return",
        "the script has no point_of_no_return",
        "Keep that of the script that was given.",
    )  # fmt: skip

    UP_APP_VERSION_REUSED = Words(
        "RK740",
        ERROR, "an application changed without a new version",
        "{app} {vsn} is not the {app} {vsn} of {baseline}: {modules}",
        "Give {app} a new version (`vsn` in {app}.app, or `version` in mix.exs): a "
        "node that has {app} {vsn} will not load another {app} {vsn}.",
    )  # fmt: skip
    UP_STRIPPED = Words(
        "RK743",
        ERROR, "a stripped module cannot be upgraded",
        "{app} {vsn} has no attributes in {modules}, and release_handler crashes on such "
        "modules when it loads or removes them",
        "Leave the chunk `Attr` in object files (`beam_lib:strip` takes it away, "
        "`mix release` does not), and upgrade from a release that has it.\n"
        "Or restart the run-time system: `restart_emulator` in the setting "
        "upgrade_strategies.",
    )  # fmt: skip
    UP_CHILDREN_UNREAD = Words(
        "RK744",
        WARNING, "children of a supervisor cannot be read",
        "{module} changed, and its children cannot be told from its code: {reason}",
        "If it gained or lost children, start and stop them in an appup of your own.",
    )  # fmt: skip
    UP_CHILD_UNREACHED = Words(
        "RK745",
        WARNING, "a child cannot be started or stopped",
        "the child {child} of {module} is {what}, but not by the upgrade: {reason}",
        "Write `{{apply, {{supervisor, …}}}}` into an appup of your own.",
    )  # fmt: skip
    UP_KIND_CHANGED = Words(
        "RK746",
        WARNING, "a module runs other processes than before",
        "{module} was a {old} and is a {new}, and no supervisor whose children can be "
        "read runs it: {app} is restarted",
        "Choose another strategy for {module}, or write the appup yourself.",
    )  # fmt: skip
    UP_TRANSFORM = Words(
        "RK747",
        ERROR, "a transform made a faulty instruction",
        "the transform {transform} of {app} ({old} to {new}) made {instruction}: {reason}",
        "Correct the transform.",
    )  # fmt: skip
    UP_APPUP_VERSION = Words(
        "RK748",
        ERROR, "an appup is for another version",
        "the appup of {app} is for version {found}, not for {vsn}",
        "Update the version at its top, or remove it to have one generated.",
    )  # fmt: skip
    UP_APPUP_DIRECTION = Words(
        "RK749",
        ERROR, "an appup lacks a direction",
        "the appup of {app} {vsn} does not say how to go {direction} {old}",
        "Add an entry for {old}, or remove the appup to have one generated.",
    )  # fmt: skip
    UP_APPUP_UNCOVERED = Words(
        "RK750",
        WARNING, "an appup passes over modules that changed",
        "the appup of {app}, {direction} {old}, says nothing of {modules}",
        "Add instructions for them: until the node restarts it runs the code it has.",
    )  # fmt: skip
    UP_APPUP_UNKNOWN_MODULE = Words(
        "RK751",
        ERROR, "an appup names a module that is not there",
        "the appup of {app}, {direction} {old}, names {module}, which is {reason}",
        "Correct the name, or remove the instruction.",
    )  # fmt: skip
    UP_APPUP_INSTRUCTION = Words(
        "RK752",
        ERROR, "an appup has a faulty instruction",
        "the appup of {app}, {direction} {old}, has {instruction}: {reason}",
        "Correct it: see appup(4).",
    )  # fmt: skip
    UP_APPUP_MODULE_KIND = Words(
        "RK753",
        ERROR, "an appup treats a module as what it is not",
        "the appup of {app}, {direction} {old}, says {instruction}, but {module} is "
        "{reason}",
        "Use the instruction that fits what became of the module.",
    )  # fmt: skip
    UP_RUNS_ON = Words(
        "RK754",
        WARNING, "what runs does not learn of a change",
        "{subject} {change}, but {reason}",
        "Stop and start it in an appup of your own (`{{apply, {{supervisor, "
        "terminate_child, …}}}}`, `delete_child`, `start_child`), or restart the node.",
    )  # fmt: skip
    UP_STATE_LOST = Words(
        "RK755",
        WARNING, "an upgrade stops processes, and their state is lost",
        "{subject} {change}: {consequence}",
        "Write the appup yourself if the state is to be kept.",
    )  # fmt: skip
    REVIEW_REPLACED = Words(
        "RK756",
        NOTICE, "a child is exchanged for one of another module",
        "the child {child} of {supervisor} is a process of {new} in the newer version and "
        "of {old} in the older: the upgrade stops the one and starts the other, and the "
        "state is lost",
        "Keep the name of the module if the state is to be kept.",
    )  # fmt: skip

    REVIEW_STATE = Words(
        "RK760",
        WARNING, "a state changes its shape and nothing changes it",
        "{direction}, processes of {module} go on with {before}, but the code that runs "
        "then expects {after}: {reason}",
        "Write a clause of {callback} for it, and `{{update, {module}, "
        "{{advanced, []}}}}` into the appup.",
    )  # fmt: skip
    REVIEW_STATE_UNREAD = Words(
        "RK761",
        NOTICE, "the state of a process cannot be read",
        "whether the state of {module} changes its shape cannot be told: {reason}",
        "Look at `init` of both versions yourself.",
    )  # fmt: skip
    REVIEW_CLAUSE = Words(
        "RK762",
        WARNING, "no clause of code_change fits",
        "{direction}, {callback} of {module} is called with {arguments}, and no clause "
        "of it fits",
        "Add a clause: the upgrade fails where it is called, and the node restarts.",
    )  # fmt: skip
    REVIEW_HELD_FUN = Words(
        "RK763",
        NOTICE, "a fun may be held across a purge",
        "{function} of {module} makes a fun that {holder}; the upgrade purges the code "
        "it belongs to: then a call of it fails (badfun), and who is inside it is killed",
        "Keep `fun {module}:Name/Arity`, or data, instead of the fun.",
    )  # fmt: skip
    REVIEW_SHARED = Words(
        "RK764",
        WARNING, "a record or struct changed and a module was left out",
        "{what} changed ({changes}), and {user} uses it but is not in the upgrade of "
        "{app}",
        "Compile {user} again, or add it to the appup, so that all see the same fields.",
    )  # fmt: skip
    REVIEW_NO_INSTRUCTION = Words(
        "RK765",
        WARNING, "a process keeps running code that changed",
        "{module} is a {kind} and changed, but {direction} the upgrade has no "
        "instruction for it",
        "Add `{{update, {module}, …}}` or `{{load_module, {module}}}` to the appup.",
    )  # fmt: skip
    REVIEW_RESTART = Words(
        "RK766",
        WARNING, "the upgrade restarts what nobody asked to restart",
        "{direction}, the upgrade restarts {what}: {reason}",
        "Its state is lost and its requests fail. Ask for it in the configuration, or "
        "write instructions that keep it running.",
    )  # fmt: skip
    REVIEW_NOT_FOUND = Words(
        "RK767",
        WARNING, "release_handler does not find the processes of a module",
        "the child {child} of {supervisor} runs {module}, but lists {listed} as its "
        "modules: it is not suspended when {module} changes",
        "Name {module} in the `modules` of the child specification.",
    )  # fmt: skip
    REVIEW_CALLBACK_MODE = Words(
        "RK768",
        WARNING, "a gen_statem changes its callback mode unasked",
        "callback_mode of {module} changed, and {direction} its processes do not get that "
        "of the code they run then",
        "On the way up use `{{update, {module}, {{advanced, []}}}}`: gen_statem asks right "
        "after code_change.\n"
        "On the way down use `{{update, {module}, static, default, {{advanced, []}}, "
        "brutal_purge, brutal_purge, []}}`: it asks the older code then.",
    )  # fmt: skip
    REVIEW_NO_CODE_CHANGE = Words(
        "RK769",
        WARNING, "an advanced update calls what is not there",
        "{direction}, {callback} of {module} is called, but the module does not have it",
        "Export it, or use `{{update, {module}, soft}}`; as it is, the upgrade fails "
        "and the node restarts.",
    )  # fmt: skip

    REVIEW_DYNAMIC = Words(
        "RK770",
        WARNING, "a child cannot say which modules it runs",
        "the child {child} of {supervisor} has `dynamic` as its modules, but {module} is "
        "no gen_event: release_handler asks it before it suspends any process, gets no "
        "answer, and the upgrade fails",
        "Name {module} in the `modules` of the child specification.",
    )  # fmt: skip
    REVIEW_CODE_CHANGE = Words(
        "RK771",
        WARNING, "code_change cannot do its work",
        "{direction}, {callback} of {module} is called with {arguments}, and {reason}",
        "Correct the clause: the upgrade fails where it is called, and the node restarts.",
    )  # fmt: skip
    REVIEW_SPAWNED = Words(
        "RK772",
        NOTICE, "a process that nobody suspends stays in older code",
        "a process that `spawn` or its like started runs {function} of {module}, and stays "
        "in the older code when {module} changes: it is killed when the version is made "
        "permanent or, with a soft purge, stays there, and the next upgrade is refused",
        "Make it a gen_server, a gen_statem or a special process (sys), as child of a "
        "supervisor; or stop it before and start it after the instructions of {module}.",
    )  # fmt: skip
    REVIEW_STATE_GONE = Words(
        "RK773",
        WARNING, "a gen_statem may be in a state that is no more",
        "{direction}, a process of {module} may be in the state {state}, but the code that "
        "runs then has no {state}/3",
        "Keep the function, or write a clause of code_change/4 that gives another state, "
        "and `{{update, {module}, {{advanced, []}}}}` into the appup.",
    )  # fmt: skip
    REVIEW_UNTIL_RESTART = Words(
        "RK774",
        NOTICE, "a change that holds from the next restart of the node",
        "{what} changed ({changes}): a running node goes on as it was started",
        "Restart the node when it suits, or upgrade it with `--restart`.",
    )  # fmt: skip
    REVIEW_INCLUSION = Words(
        "RK775",
        WARNING, "an application becomes an included one, or stops being one",
        "{direction}, {app} becomes {becomes}, but no instruction {does}",
        "Write `{{apply, {{application, {function}, [{app}]}}}}` into the appup of the "
        "application that includes it in one of the versions.",
    )  # fmt: skip
    REVIEW_SWITCHED = Words(
        "RK776",
        WARNING, "a process cannot become one of another kind",
        "{direction}, processes of {module} go on as a {before}, but the code that runs "
        "then is that of a {after}: they crash",
        "Exchange them: `{{apply, {{supervisor, terminate_child, [Sup, Id]}}}}` before "
        "the instructions of {module}, `restart_child` after them.",
    )  # fmt: skip
    REVIEW_KEPT = Words(
        "RK777",
        NOTICE, "a record or struct that changed may be kept in its older form",
        "{what} changed ({changes}), and one that {function} of {module} makes {holder}: "
        "what is there keeps the older form",
        "Convert it in the `code_change` of its owner, or in a function that an `apply` of "
        "the appup calls; or have the newer code take both forms.",
    )  # fmt: skip
    REVIEW_SUPERVISOR_INIT = Words(
        "RK778",
        WARNING, "the init of a supervisor cannot be called once more",
        "{direction}, init/1 of {module} is called again {what}",
        "{remedy}: when init/1 fails, the upgrade fails and the node restarts.",
    )  # fmt: skip
    REVIEW_MESSAGE = Words(
        "RK779",
        WARNING, "a message of the other form may be under way",
        "{direction}, processes of {module} may get {forms}, {sent}, and {what}",
        "Keep clauses for the forms of both versions in both, or change the form in two "
        "upgrades: first take both, then send the new one.",
    )  # fmt: skip
    REVIEW_STATE_CALL = Words(
        "RK799",
        WARNING, "a code_change waits for a process that is suspended",
        "{direction}, {callback} of {module} waits for {awaited}, which is suspended then: "
        "it gets no answer, the upgrade fails, and the node restarts",
        "Have it read what it needs from a table, or ask in the first call after the "
        "upgrade.",
    )  # fmt: skip

    BASELINE_NOT_FOUND = Words(
        "RK801",
        ERROR, "a baseline is not there",
        "there is no release to upgrade from at {given}",
        "Give a version in the output directory, a release directory, or a tarball.\n"
        "The output directory has the versions {versions}.",
    )  # fmt: skip
    BASELINE_NO_EARLIER = Words(
        "RK802",
        ERROR, "there is no earlier version to upgrade from",
        "{output} has no version of {name} but the one being built, {vsn}",
        "Raise the version of the release if {vsn} was delivered before; or give the "
        "tarball of an earlier release instead of `latest`.",
    )  # fmt: skip
    BASELINE_NO_REL = Words(
        "RK803",
        ERROR, "a baseline has no .rel file",
        "{baseline} has no .rel file in `releases/` or in a directory below it",
        "Give a release directory or its tarball, with `releases` and `lib` at its top.",
    )  # fmt: skip
    BASELINE_OTHER_NAME = Words(
        "RK804",
        ERROR, "a baseline is of another release",
        "{baseline} is a release of {found}, not of {name}",
        "Give an earlier version of {name}, or name the release as it was named.",
    )  # fmt: skip
    BASELINE_TWO_VERSIONS = Words(
        "RK805",
        ERROR, "a baseline has several versions",
        "{baseline} has {name} in the versions {versions}, and does not say which one "
        "runs",
        "Add the version that is meant: `{baseline}@VERSION`.",
    )  # fmt: skip
    BASELINE_NO_VERSION = Words(
        "RK806",
        ERROR, "a baseline has not the version asked for",
        "{baseline} does not have {name} in version {vsn}, but in {versions}",
        "Correct the version after the `@`.",
    )  # fmt: skip
    BASELINE_SAME_VSN = Words(
        "RK807",
        ERROR, "a baseline has the version being built",
        "{baseline} is version {vsn} of {name}, which is being built",
        "Raise the version of the release; or give another baseline.",
    )  # fmt: skip
    BASELINE_APP_ABSENT = Words(
        "RK808",
        ERROR, "a baseline lacks applications",
        "{baseline} lists {apps} in its .rel, but has no such directory in `lib`",
        "Give the whole release; a delta tarball is no baseline.\n"
        "For a release without OTP's applications, have the OTP installed that it was "
        "built with.",
    )  # fmt: skip
    BASELINE_APP_VSN = Words(
        "RK809",
        ERROR, "a baseline has an application in another version",
        "{baseline} lists {app} in version {wanted}, but in its `lib` it is {found}",
        "What was released is gone: with `dev_mode` `lib` has links to what was compiled "
        "last. Give a tarball.",
    )  # fmt: skip
    BASELINE_TARBALL = Words(
        "RK810",
        ERROR, "the tarball of a baseline cannot be read",
        "{baseline} cannot be read: {reason}",
        "Get the tarball anew: it may have been cut short.",
    )  # fmt: skip
    BASELINE_UNSAFE = Words(
        "RK811",
        ERROR, "the tarball of a baseline has an unsafe member",
        "{baseline} has a member {member}, which leads out of it",
        "Do not use this tarball: no tool makes such a release.",
    )  # fmt: skip
    BASELINE_STRIPPED = Words(
        "RK812",
        WARNING, "a baseline was stripped",
        "{baseline} has no debug information in {apps}",
        "What changed is told from the code alone, and the states of processes cannot be "
        "compared.\nKeep tarballs of unstripped releases for upgrades.",
    )  # fmt: skip
    BASELINE_LINKED = Words(
        "RK813",
        WARNING, "a baseline has links to what was compiled last",
        "{baseline} has links for {apps}, as `dev_mode` makes them",
        "What changed since then without a new version cannot be seen. Give a tarball.",
    )  # fmt: skip
    BASELINE_TWICE = Words(
        "RK814",
        ERROR, "two baselines have one version",
        "{baseline} and {other} are both version {vsn}",
        "Give one of them.",
    )  # fmt: skip
    DELTA_NO_BASELINES = Words(
        "RK815",
        ERROR, "a delta tarball without a baseline",
        "a delta of {name} {vsn} was asked for, but no release to upgrade from is given",
        "Set `upgrade_from`, or ask for no delta.",
    )  # fmt: skip
    UP_PRIVATE_FILES = Words(
        "RK830",
        WARNING, "files in priv changed without a new version",
        "{app} {vsn} of {baseline} has other files in priv: {files}",
        "Give {app} a new version if they matter: a node that has {app} {vsn} keeps the "
        "files it has.",
    )  # fmt: skip
    BASELINE_REPLACED = Words(
        "RK831",
        WARNING, "a baseline was built over",
        "{baseline} has {apps} as they are now: whether they changed since {vsn} without "
        "a new version cannot be told",
        "Give the tarball of {vsn}: in the directory where releases are built, an "
        "application has one directory for each of its versions.",
    )  # fmt: skip
    APPUP_ABSENT = Words(
        "RK780",
        ERROR,
        "an application that changed has no appup",
        "the application {app} changed and has no appup: there is no {file}",
        "OTP's own applications need the appup they are delivered with; for others, write one.",
    )
    NOT_REVIEWED = Words(
        "RK781",
        ERROR,
        "an upgrade has not been reviewed yet",
        "there is no review of an upgrade to {release} yet",
        "Build it with the setting upgrade_from, or with doit release --upgrade.",
    )
    NO_APPUP_MADE = Words(
        "RK782",
        ERROR,
        "there is no appup of an application",
        "there is no appup of {app} for {release}: it did not change, or no upgrade was built",
        "Build an upgrade first, with the setting upgrade_from or doit release --upgrade.",
    )
    WISH_UNKNOWN = Words(
        "RK783",
        WARNING,
        "a setting of an upgrade names no module",
        "{setting} names {name}, which is no module and no application of the release",
        "Correct the name, or remove it.",
    )
    HOOK_IMPORT = Words(
        "RK784",
        ERROR,
        "a module with a Python function of the user's cannot be imported",
        "{module}, which {hook} names, cannot be imported: {reason}",
        "Modules are looked for from the project's root, `a.b` in a/b.py, and where Python finds its packages.",
    )
    HOOK_ABSENT = Words(
        "RK785",
        ERROR,
        "a module lacks the function that a setting names",
        "{hook}: {file} has no function {function}",
        "Define it there, or correct the setting.",
    )
    HOOK_FAILED = Words(
        "RK786",
        ERROR,
        "a Python function of the user's failed",
        "{hook} failed: {reason}",
        "Correct the function.",
    )
    HOOK_RESULT = Words(
        "RK787",
        ERROR,
        "the relup hook returned no script",
        "{hook} returned {found} on the way {direction} {base}; a script is a list or tuple of Erlang terms",
        "Return the script, changed or not.",
    )
    UP_STARTER_RUNS = Words(
        "RK790",
        NOTICE,
        "processes may begin unseen during an upgrade",
        "{direction}, processes that run {children} may begin unseen while it changes: {reason}",
        "Such a process goes on with the state of the other version. Let a gen_server start them that "
        "waits for nobody, so that it can be suspended first and resumed last; or see that none begins "
        "during the upgrade.",
    )
    UP_CHILD_LATE = Words(
        "RK791",
        NOTICE,
        "a child starts after code that calls it",
        "the child {child} of {supervisor} needs {module} to start, and {module} calls it: for a moment "
        "nobody answers there",
        "Let {module} do without {child} until it is there, or let one of the two not need the other.",
    )
    REVIEW_STARTER = Words(
        "RK792",
        WARNING,
        "who starts processes is not suspended while they change",
        "{direction}, {starter} may start processes that run {children} between the listing of those that "
        "are suspended and the loading of the code",
        "Such a process goes on with the state of the other version. Put `{{suspend, [{starter}]}}` first "
        "and `{{resume, [{starter}]}}` last among the instructions.",
    )
    REVIEW_TARGET_RESTART = Words(
        "RK793",
        NOTICE,
        "an application of OTP or Elixir restarts",
        "{direction}, the upgrade restarts {what}: the appup that came with {app} {vsn} says so",
        "What it holds and the connections it serves are lost. Let who uses it begin anew, or keep the "
        "version of {app} that the earlier release has.",
    )
    UP_USER_RUNS = Words(
        "RK794",
        NOTICE,
        "a process goes on while what it uses stops or changes",
        "{direction}, {use}, and it cannot be suspended meanwhile: {reason}",
        "For a moment a call of it may fail. Let the one that is named last not wait for {module}, or see "
        "that nobody asks {module} during the upgrade.",
    )
    REVIEW_LOST_EARLY = Words(
        "RK796",
        WARNING,
        "an application loses what another still calls",
        "{direction}, {app} loses {lost} before {other} {ends}, whose module {caller} calls it: until then "
        "such a call fails",
        "Have both versions of {app} know it, so that it goes one release later.\n"
        "Or write `{{suspend, [{processes}]}}` first into the appup of {app}, and "
        "`{{resume, [{processes}]}}` last into that of {other}.",
    )
    REVIEW_TAKEN = Words(
        "RK797",
        WARNING,
        "two applications that follow each other have the same names",
        "{direction}, {app} {does} while {other} still runs, and both have {what}: the second process of a "
        "name cannot start, and modules go with the application that goes",
        "Keep the name of the application, or give its processes and modules other names; or have a "
        "`relup_hook` stop {other} and remove its modules before those of {app} are loaded.",
    )
    REVIEW_STARTS_EARLY = Words(
        "RK798",
        WARNING,
        "an application starts before what it calls is there",
        "{direction}, {app} starts before {other} has {lacks}, which {caller} calls {when}: until then such "
        "a call fails",
        "Add {app} in a release of its own after the one that brings this, or have a `relup_hook` put its "
        "start last.",
    )

    REVIEW_FIRST_START = Words(
        "RK795",
        WARNING,
        "what a process does first is not done when its code changes",
        "{direction}, {function} of {module} calls {call}, but nothing calls {function} then, and "
        "{reason}{used}",
        "Do it with {remedy} as well, or have who uses it do it when it is not there.",
    )

    @property
    def number(self) -> str:
        """The stable number, as `RK101`."""
        return self.value.number

    @property
    def severity(self) -> Severity:
        """Whether it stops the build."""
        return self.value.severity
