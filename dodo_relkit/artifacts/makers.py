"""How the bytes of each row of the table come about: pure functions, one a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from dodo_relkit.artifacts.config_files import (
    Template,
    default_node,
    make_sys_config,
    make_vm_args,
)
from dodo_relkit.artifacts.start_script import StartScript, render_start_script
from dodo_relkit.artifacts.templating import (
    Variables,
    built_in_variables,
    overlay_variables,
)
from dodo_relkit.diagnostics import Diagnostic
from dodo_relkit.formats.rel import dump_rel
from dodo_relkit.formats.release_files import (
    InstalledLib,
    dump_releases,
    dump_start_erl_data,
    installed_release,
)
from dodo_relkit.formats.script import BootScript, dump_boot, dump_script, load_script
from dodo_relkit.release.boot import BootOptions, clean_release, make_boot
from dodo_relkit.release.facet_values import load_identity, load_target_place
from dodo_relkit.release.model import Release
from dodo_relkit.release.plan import load_outside, load_rel_facet, load_release
from dodo_relkit.release.profile import Profile, cookie_variable, profile_warnings
from dodo_relkit.target import Target, learn_target

OUTSIDE_VARIABLE = "ERTS_LIB_DIR"
"""The boot variable of applications that stay in the target's `lib`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a maker gets to see."""

    profile: Profile
    facets: Mapping[str, bytes]
    """The facets of the plan that the row names."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The user's files that the row's settings name, by path, in order."""
    made: Mapping[str, bytes] = field(default_factory=dict)
    """The first file of each row that the row needs, by the row's name."""
    start_clean: bytes = b""
    """The target's own `start_clean.boot`, for a row that reads the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a maker returns."""

    contents: tuple[bytes, ...]
    """One for each path of the row."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings; errors are raised as `Trouble`."""


def make_rel(inputs: Inputs) -> Made:
    """Make `<name>.rel` (rel(4)), the same at all its places."""
    content = dump_rel(load_rel_facet(inputs.facets))
    return Made(contents=(content, content, content))


def make_script(inputs: Inputs) -> Made:
    """Make `start.script` (script(4))."""
    options = replace(_boot_options(inputs), no_dot_erlang=inputs.profile.no_dot_erlang)
    boot = make_boot(load_release(inputs.facets), _target(inputs), options)
    return Made(contents=(dump_script(boot),))


def make_start_boot(inputs: Inputs) -> Made:
    """Make `start.boot`: what `start.script` says, as the target's VM reads it."""
    boot = load_script(inputs.made["script"], file="start.script")
    return Made(contents=(_boot_bytes(inputs, boot),))


def make_start_clean(inputs: Inputs) -> Made:
    """Make `start_clean.boot` and `.script`, which start no application of the user."""
    boot = make_boot(_clean(inputs), _target(inputs), _boot_options(inputs))
    return Made(contents=(_boot_bytes(inputs, boot), dump_script(boot)))


def make_no_dot_erlang(inputs: Inputs) -> Made:
    """Make `no_dot_erlang.boot`: start_clean that does not read `.erlang`."""
    options = replace(_boot_options(inputs), no_dot_erlang=True)
    boot = make_boot(_clean(inputs), _target(inputs), options)
    return Made(contents=(_boot_bytes(inputs, boot),))


def make_sys_config_file(inputs: Inputs) -> Made:
    """Make `sys.config` from the user's templates, merged in their order."""
    variables, found = _variables(inputs)
    made = make_sys_config(variables=variables, templates=_templates(inputs))
    return Made(contents=(made.content,), diagnostics=(*found, *made.warnings))


def make_vm_args_file(inputs: Inputs) -> Made:
    """Make `vm.args` from the user's template, or the default one."""
    variables, found = _variables(inputs)
    cookie = inputs.profile.cookie
    made = make_vm_args(
        variables=variables,
        template=next(iter(_templates(inputs)), None),
        cookie_setting=cookie if isinstance(cookie, str) else "",
        node=default_node(inputs.profile.name),
        cookie_at_start=cookie_variable(inputs.profile) != "",
    )
    warnings = (*found, *profile_warnings(inputs.profile), *made.warnings)
    return Made(contents=(made.content,), diagnostics=warnings)


def make_start_script(inputs: Inputs) -> Made:
    """Make `bin/<name>`."""
    identity, profile = load_identity(inputs.facets), inputs.profile
    script = StartScript(
        release_name=identity.name,
        erts_version=identity.erts_vsn,
        include_erts=profile.include_erts is not False,
        has_elixir=identity.elixir,
        erl_opts=profile.erl_opts,
        run_erl_env=profile.run_erl_env,
        cookie_variable=cookie_variable(profile),
    )
    return Made(contents=(render_start_script(script),))


def make_releases(inputs: Inputs) -> Made:
    """Make `RELEASES`, with this release as the permanent one."""
    installed = installed_release(load_rel_facet(inputs.facets))
    outside = load_outside(inputs.facets)
    library = load_target_place(inputs.facets).root + "/lib/"
    libs = tuple(
        InstalledLib(name=lib.name, vsn=lib.vsn, directory=library + outside[lib.name])
        if lib.name in outside
        else lib
        for lib in installed.libs
    )
    return Made(contents=(dump_releases([replace(installed, libs=libs)]),))


def make_start_erl_data(inputs: Inputs) -> Made:
    """Make `start_erl.data`."""
    identity = load_identity(inputs.facets)
    return Made(contents=(dump_start_erl_data(identity.erts_vsn, identity.vsn),))


MAKERS: dict[str, Callable[[Inputs], Made]] = {
    "rel": make_rel,
    "script": make_script,
    "boot": make_start_boot,
    "start_clean": make_start_clean,
    "no_dot_erlang": make_no_dot_erlang,
    "sys.config": make_sys_config_file,
    "vm.args": make_vm_args_file,
    "start_script": make_start_script,
    "RELEASES": make_releases,
    "start_erl.data": make_start_erl_data,
}
"""The maker of each row of the table, by the row's name."""


def _target(inputs: Inputs) -> Target:
    place = load_target_place(inputs.facets)
    return learn_target(
        inputs.start_clean, erts_vsn=place.erts_vsn, file=place.boot_file
    )


def _clean(inputs: Inputs) -> Release:
    return clean_release(load_release(inputs.facets))


def _boot_options(inputs: Inputs) -> BootOptions:
    library = load_target_place(inputs.facets).root + "/lib"
    return BootOptions(variables=((OUTSIDE_VARIABLE, library),))


def _boot_bytes(inputs: Inputs, boot: BootScript) -> bytes:
    return dump_boot(boot, _target(inputs).atoms)


def _templates(inputs: Inputs) -> list[Template]:
    return [Template(file, data) for file, data in inputs.files.items()]


def _variables(inputs: Inputs) -> tuple[Variables, tuple[Diagnostic, ...]]:
    identity, profile = load_identity(inputs.facets), inputs.profile
    built_in = built_in_variables(
        release_name=identity.name,
        release_version=identity.vsn,
        dev_mode=profile.dev_mode,
        include_erts=profile.include_erts,
        include_src=profile.include_src,
        include_system_libs=profile.include_system_libs,
        erl_opts=profile.erl_opts,
        run_erl_env=profile.run_erl_env,
        erts_vsn=identity.erts_vsn,
        output_dir=profile.output_dir,
    )
    return overlay_variables(built_in, profile.overlay_vars)
