"""Python functions that a configuration names as `module:function`: found and called.

The module is looked for from the project's root. Knows not what a function is for.
Imported on every run of doit, for `hook_files`: keep it light.
"""

# ruff: noqa: PTH109, PTH113
# Paths are text here: objects would cost more than the looking.

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic


def hook_files(names: Iterable[str]) -> list[str]:
    """Return the files in the project that hold these functions, each once.

    A module that lies elsewhere, as an installed package, has none.
    """
    found = [file_of(name.partition(":")[0]) for name in names]
    return list(dict.fromkeys(path for path in found if path))


def file_of(module_name: str) -> str:
    """Return the file of a module by its place below the project's root, or ''."""
    path = module_name.replace(".", "/")
    places = (f"{path}.py", f"{path}/__init__.py")
    return next((each for each in places if os.path.isfile(each)), "")


def load_hook(name: str) -> Callable[..., Any]:
    """Import the module and return the function, which then raises only `Trouble`.

    Raises `Trouble` with HOOK_IMPORT when the module cannot be imported, HOOK_ABSENT
    when it has no such function; the function itself HOOK_FAILED for other exceptions.
    """
    module_name, _, function_name = name.partition(":")
    module = _imported(module_name, name)
    function = getattr(module, function_name, None)
    if not callable(function):
        absent = diagnostic(
            Code.HOOK_ABSENT,
            hook=name,
            function=function_name,
            file=module.__file__ or module_name,
        )
        raise Trouble([absent])

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Trouble:
            raise
        except Exception as error:
            told = diagnostic(Code.HOOK_FAILED, hook=name, reason=_told(error))
            raise Trouble([told]) from error

    return call


def _imported(module_name: str, name: str) -> ModuleType:
    """Import a module without writing bytecode: sources are only read."""
    import importlib

    root = os.getcwd()
    if root not in sys.path:
        sys.path.insert(0, root)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        importlib.invalidate_caches()
        return importlib.import_module(module_name)
    except Exception as error:
        told = diagnostic(
            Code.HOOK_IMPORT, hook=name, module=module_name, reason=_told(error)
        )
        raise Trouble([told]) from error
    finally:
        sys.dont_write_bytecode = before


def _told(error: Exception) -> str:
    """Return an exception in a line: kind, words, and where it was raised."""
    import traceback

    words = " ".join(traceback.format_exception_only(error)[-1].split())
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    if last is None or last.filename.startswith("<") or isinstance(error, ImportError):
        return words
    return f"{words} ({last.filename}, line {last.lineno})"
