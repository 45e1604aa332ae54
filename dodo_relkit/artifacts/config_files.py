"""What goes into a release's `vm.args` and `sys.config`.

From the settings and the user's templates to bytes; reads and writes no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dodo_relkit.artifacts.templating import Variables, render_template
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import (
    Diagnostic,
    Place,
    Trouble,
    diagnostic,
    stop_on_errors,
)
from dodo_relkit.formats.sys_config import (
    SysConfig,
    dump_sys_config,
    load_sys_config,
    merge_sys_configs,
)
from dodo_relkit.formats.vm_args import (
    NodeName,
    cookie,
    default_vm_args,
    included_files,
    node_name,
    parse_vm_args,
)
from dodo_relkit.formats.vm_args_checks import check_vm_args
from dodo_relkit.release.cookie import weakness
from dodo_relkit.terms.model import Atom

DEFAULT_SYS_CONFIG = SysConfig(
    apps={"sasl": {"errlog_type": Atom("error"), "sasl_error_logger": Atom("false")}}
)
"""What every release begins with, as Distillery's: no progress reports."""


class Template(NamedTuple):
    """A file of the user's, rendered with the overlay variables."""

    file: str
    """Its path, as shown to the user; `.j2` makes it Jinja2."""
    data: bytes


class Made(NamedTuple):
    """What a maker gives."""

    content: bytes
    warnings: tuple[Diagnostic, ...]


def default_node(release_name: str) -> NodeName:
    """Return the node name of a release that sets none: `-name <rel>@127.0.0.1`."""
    return NodeName(name=f"{release_name}@127.0.0.1", long=True)


def make_vm_args(
    *,
    variables: Variables,
    template: Template | None,
    cookie_setting: str,
    node: NodeName | None,
    cookie_at_start: bool = False,
) -> Made:
    """Return the `vm.args` of a release.

    Without a template one is written from `node` (None: not distributed) and
    `cookie_setting` (empty: none). A template decides for itself; in it the variable
    `cookie` stands for the setting, `node_name` for the name. `cookie_at_start` says
    that the start script brings the cookie, so that none is missed. Warns of a
    template's cookie that is not the setting's, is easily guessed (but not in
    `dev_mode`), or is missing. Raises Trouble when the node would not start as
    written, or when a template does not render.
    """
    if template is None:
        file = "vm.args"
        text = default_vm_args(node, cookie_setting)
    else:
        file = template.file
        named: Variables = {
            "cookie": cookie_setting,
            "node_name": node.name if node else "",
            **variables,
        }
        text = render_template(file, template.data, named).decode()
    found = check_vm_args(text, file)
    if template is not None and not cookie_at_start:
        found.extend(_check_cookie(text, file, cookie_setting, variables))
    stop_on_errors(found)
    return Made(text.encode(), tuple(found))


def make_sys_config(
    *,
    variables: Variables,
    templates: Sequence[Template],
    defaults: SysConfig = DEFAULT_SYS_CONFIG,
    included: Iterable[str] = (),
) -> Made:
    """Return the `sys.config` of a release.

    The templates are rendered, read, and laid in order over `defaults`
    (`merge_sys_configs`); `included` are names of files that the node reads last.
    Raises Trouble with the errors of all templates.
    """
    config = defaults
    found: list[Diagnostic] = []
    for file, template in templates:
        try:
            data = render_template(file, template, variables)
            over, warnings = load_sys_config(data, file)
        except Trouble as trouble:
            found.extend(trouble.diagnostics)
            continue
        config = merge_sys_configs(config, over)
        found.extend(warnings)
    stop_on_errors(found)
    config = merge_sys_configs(config, SysConfig(after=tuple(included)))
    return Made(dump_sys_config(config), tuple(found))


def _check_cookie(
    text: str, file: str, setting: str, variables: Variables
) -> list[Diagnostic]:
    """Return warnings about the cookie of a user's file; release/cookie.py has more."""
    arguments = parse_vm_args(text)
    used = cookie(arguments)
    if setting and used != setting:
        place = Place(key="cookie")
        return [diagnostic(Code.VM_ARGS_OTHER_COOKIE, place, file=file)]
    if used is None:
        if node_name(arguments) is None or included_files(arguments):
            return []
        return [diagnostic(Code.VM_ARGS_NO_COOKIE, Place(file=file), file=file)]
    if setting or "${" in used or variables.get("dev_mode") is True:
        return []
    why = weakness(used, (str(variables.get("release_name", "")),))
    place = Place(file=file)
    return [diagnostic(Code.COOKIE_WEAK, place, profile=file, why=why)] if why else []
