"""Whether a node would really use what an upgrade brings.

A node that has an application in one version never takes another one of that version:
the commonest reason why "the upgrade did nothing". And release_handler crashes on
object files without attributes. Compares values; knows nothing of appups. That the
release itself has a new version is seen to where baselines are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import NOWHERE, Diagnostic, diagnostic
from dodo_relkit.formats.app import AppSpec
from dodo_relkit.formats.beam import Chunks
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.modules import (
    Change,
    ModuleChange,
    compare_modules,
    is_stripped,
)

SHOWN = 5
"""How many files a message names."""


def check_app_version(
    old: AppVersion, new: AppVersion, *, baseline: str
) -> tuple[Diagnostic, ...]:
    """Return the error of an application that changed and kept its version.

    `baseline` names the earlier release in words. UP_APP_VERSION_REUSED names the
    modules that were added, removed or changed (UP-12); nothing when the versions
    differ. Of what is not code, see `check_private_files`.
    """
    if old.vsn != new.vsn:
        return ()
    changes = compare_modules(old.modules, new.modules)
    named = tuple(
        f"{each.name} {_became(each)}"
        for each in changes
        if each.change is not Change.KEPT
    )
    if not named:
        return ()
    return (
        diagnostic(
            Code.UP_APP_VERSION_REUSED,
            app=new.name,
            vsn=new.vsn,
            baseline=baseline,
            modules=named,
        ),
    )


def check_private_files(
    app: AppSpec, old: Mapping[str, str], new: Mapping[str, str], *, baseline: str
) -> tuple[Diagnostic, ...]:
    """Return the warning that files in `priv` changed and the version did not.

    `old` and `new` have a digest by path. UP_PRIVATE_FILES: a node keeps the files it
    has, as release_handler unpacks no file over another (`keep_old_files`) and our
    script no application that is used. Not asked of `include`, which nothing reads at
    run time, nor of the `.app` file: what it says is in the boot script of the release,
    and release_handler takes it from there.
    """
    differing = [
        path for path in sorted({*old, *new}) if old.get(path) != new.get(path)
    ]
    if not differing:
        return ()
    more = len(differing) - SHOWN
    named = (*differing[:SHOWN], *([f"{more} more"] if more > 0 else []))
    code = Code.UP_PRIVATE_FILES
    facts = {"app": app.name, "vsn": app.vsn, "baseline": baseline}
    return (diagnostic(code, NOWHERE, files=named, **facts),)


def loaded_modules(script: Iterable[Term]) -> frozenset[str]:
    """Return the modules whose object files release_handler opens for a relup script.

    It reads the version in them: of what runs and of what comes, before a module is
    loaded as well as before it is removed (`release_handler_1:get_current_vsn/1`).
    """
    found: list[Term] = []
    for instruction in script:
        match instruction:
            case (Atom("load_object_code"), (_, _, modules)):
                found += list_items(modules) or []
            case (Atom("load" | "remove"), (module, _, _)):
                found.append(module)
    return frozenset(each.name for each in found if isinstance(each, Atom))


def check_loaded(app: AppSpec, modules: Mapping[str, Chunks]) -> tuple[Diagnostic, ...]:
    """Return the error of modules that release_handler opens and that were stripped.

    UP_STRIPPED: without attributes they have no version, and release_handler crashes
    on them (`beam_lib:version/1`).
    """
    bare = tuple(name for name in sorted(modules) if is_stripped(modules[name]))
    if not bare:
        return ()
    return (diagnostic(Code.UP_STRIPPED, app=app.name, vsn=app.vsn, modules=bare),)


def _became(change: ModuleChange) -> str:
    if change.change is not Change.CHANGED:
        return f"({change.change.value})"
    return f"(changed in {' '.join(change.parts)})"
