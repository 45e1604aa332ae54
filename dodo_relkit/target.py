"""What is true of the target OTP, learned from its own `start_clean.boot`.

An OTP's boot scripts are made by its own systools, so one of them tells what every
boot script for that OTP holds besides its applications. Reads no file: `edge/otp.py`
finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.formats.rel import atom_names
from dodo_relkit.formats.script import load_boot
from dodo_relkit.terms.etf import AtomEncoding, atom_encoding_of
from dodo_relkit.terms.model import Atom, Term, list_items


class Slot(Enum):
    """A place in a boot script where the release's own instructions stand."""

    MANDATORY_PATH = "path of kernel and stdlib"
    MODULES = "path and modules of each application"
    PATH = "path of all applications"
    LOAD = "load each application but kernel"
    START = "start each application"
    DOT_ERLANG = "run the user's .erlang"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelProcess:
    """An instruction `kernelProcess` whose argument is kernel's specification."""

    name: str
    module: str
    function: str


FramePart = Slot | KernelProcess | Term
"""What stands at one place of a boot script; a term is an instruction as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The facts of one OTP install that its releases depend on."""

    otp_vsn: str
    """The OTP release, as `25`."""
    erts_vsn: str
    """Of the run-time system, as `13.1.5`."""
    preloaded: tuple[str, ...]
    """Modules that the VM holds from the start."""
    mandatory: tuple[str, ...]
    """Modules that the boot script loads before anything else, in its order."""
    spec_keys: tuple[str, ...]
    """Keys of an application specification, in order; `start_phases` and `mod` stand
    only in those that have them."""
    atoms: AtomEncoding
    """How `term_to_binary` writes atoms."""
    frame: tuple[FramePart, ...]
    """What every boot script holds, in order, with slots for the release's own."""


_BEHAVE_KEYS = ("start_phases", "mod")
# Keys that systools leaves out when they say nothing, in the order it writes them.

_APPLIED = {
    ("application", "load"): Slot.LOAD,
    ("application", "start_boot"): Slot.START,
    ("c", "erlangrc"): Slot.DOT_ERLANG,
}
# Calls in a boot script that depend on the release.

_ENTRIES_ONCE_SINCE = 26
# The fact no file tells: since SASL 4.2.1 systools refuses a list of names in an .app
# file that holds one twice.


def refuses_repeated_entries(target: Target) -> bool:
    """Whether that OTP's systools refuses an `.app` list with an entry twice."""
    major = target.otp_vsn.partition(".")[0]
    return major.isdigit() and int(major) >= _ENTRIES_ONCE_SINCE


def knows_optional(target: Target) -> bool:
    """Whether that OTP knows `optional_applications` (OTP 24 and later)."""
    return "optional_applications" in target.spec_keys


def learn_target(start_clean: bytes, *, erts_vsn: str, file: str = "") -> Target:
    """Return the facts that the bytes of an OTP's `start_clean.boot` tell.

    `erts_vsn` is what the directory `erts-<version>` of that OTP says; `file` is for
    the messages. Raises RK406 when the boot file is none of an OTP this project knows
    how to read.
    """
    script = load_boot(start_clean, file)
    atoms = atom_encoding_of(start_clean)
    if atoms is None:
        raise _not_understood("it holds no atoms")
    frame = _learn_frame(script.instructions)
    missing = [slot.value for slot in Slot if slot not in frame]
    if missing:
        raise _not_understood(f"it has no place for: {'; '.join(missing)}")
    return Target(
        otp_vsn=script.vsn,
        erts_vsn=erts_vsn,
        preloaded=_names_in("preLoaded", script.instructions),
        mandatory=_names_in("primLoad", script.instructions),
        spec_keys=_learn_keys(script.instructions),
        atoms=atoms,
        frame=frame,
    )


def _learn_frame(instructions: tuple[Term, ...]) -> tuple[FramePart, ...]:
    """Put a slot in the place of each run of instructions of one application.

    The script reads: mandatory path, mandatory modules, {path, primLoad} of each
    application up to the progress `modules_loaded`, the path of all, kernel processes,
    load, start, .erlang. What else stands between them is kept as it is.
    """
    frame: list[FramePart] = []
    loading = False
    for instruction in instructions:
        match instruction:
            case (Atom("progress"), Atom(stage)):
                loading = stage == "kernel_load_completed"
                if stage == "started" and Slot.DOT_ERLANG not in frame:
                    frame.append(Slot.DOT_ERLANG)
        part = _part_of(instruction, loading, Slot.MANDATORY_PATH in frame)
        if not (isinstance(part, Slot) and part in frame):
            frame.append(part)
    return tuple(frame)


def _part_of(instruction: Term, loading: bool, has_path: bool) -> FramePart:
    match instruction:
        case (Atom("path" | "primLoad"), _) if loading:
            return Slot.MODULES
        case (Atom("path"), _):
            return Slot.PATH if has_path else Slot.MANDATORY_PATH
        case (Atom("kernelProcess"), Atom(name), (Atom(module), Atom(function), _)) if (
            _kernel_spec(instruction) is not None
        ):
            return KernelProcess(name=name, module=module, function=function)
        case (Atom("apply"), (Atom(module), Atom(function), _)):
            return _APPLIED.get((module, function), instruction)
    return instruction


def _names_in(key: str, instructions: tuple[Term, ...]) -> tuple[str, ...]:
    for instruction in instructions:
        match instruction:
            case tuple((Atom(found), modules)) if found == key:
                names = atom_names(modules)
                if names is not None:
                    return names
    raise _not_understood(f"it has no list of modules in {key}")


def _learn_keys(instructions: tuple[Term, ...]) -> tuple[str, ...]:
    for instruction in instructions:
        properties = _kernel_spec(instruction)
        if properties is None:
            continue
        keys = [
            key.name
            for key, _ in properties
            if type(key) is Atom and key.name not in _BEHAVE_KEYS
        ]
        return (*keys, *_BEHAVE_KEYS)
    raise _not_understood("no kernel process is given the specification of kernel")


def _kernel_spec(instruction: Term) -> list[tuple[Term, Term]] | None:
    """Return kernel's properties from `{kernelProcess, _, {_, _, [KernelSpec]}}`."""
    match instruction:
        case (
            Atom("kernelProcess"),
            _,
            (_, _, [(Atom("application"), Atom("kernel"), properties)]),
        ):
            pairs = list_items(properties) or []
            return [(each[0], each[1]) for each in pairs if type(each) is tuple]
    return None


def _not_understood(reason: str) -> Trouble:
    return Trouble([diagnostic(Code.BAD_START_CLEAN, reason=reason)])
