"""The steps before anything is made: what there is, and what the release will be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dodo_relkit.diagnostics import Diagnostic, Trouble, stop_on_errors
from dodo_relkit.edge.catalog_file import Found, read_found, write_found
from dodo_relkit.edge.files import read_file, read_json, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.otp import find_erts_vsn, find_start_clean, read_target
from dodo_relkit.edge.places import places_of
from dodo_relkit.edge.producing import absent_files
from dodo_relkit.edge.scan import scan
from dodo_relkit.edge.steps import Saved
from dodo_relkit.formats.rel import load_rel
from dodo_relkit.release.catalog import Catalog, make_catalog
from dodo_relkit.release.checks import check_objects, check_places, check_release
from dodo_relkit.release.facet_values import TargetPlace
from dodo_relkit.release.model import Release
from dodo_relkit.release.plan import Plan, dump_facets
from dodo_relkit.release.profile import Profile
from dodo_relkit.release.resolve import Resolved, resolve, resolve_rel
from dodo_relkit.terms.text import consult_one


def scan_step(profile: Profile, layout: Layout) -> Saved:
    """Write the catalog of all applications that were found, and of the target."""
    places = places_of(profile, layout)
    cache = Path(layout.scan_cache)
    result = scan(places, cache=read_json(cache))
    root = places.target_lib.removesuffix("/lib")
    boot_file = find_start_clean(root)
    found = Found(
        target=TargetPlace(
            root=root,
            boot_file=boot_file,
            sha256=hashlib.sha256(Path(boot_file).read_bytes()).hexdigest(),
            erts_vsn=find_erts_vsn(root),
        ),
        apps=result.apps,
        faulty=result.faulty,
        odd=result.odd,
    )
    write_found(layout.catalog, found)
    write_file(cache, json.dumps(result.cache).encode())
    return {"applications": len(result.apps)}, result.warnings


def plan_step(profile: Profile, layout: Layout) -> Saved:
    """Decide the release, check it, and write the plan's facets.

    Raises `Trouble` with all that is wrong, before anything is written.
    """
    found = read_found(layout.catalog)
    resolved = _resolve(profile, found)
    diagnostics = [
        *absent_files(profile, "rel"),
        *resolved.diagnostics,
    ]
    release = resolved.release
    if release is None:
        raise Trouble(diagnostics)
    target = read_target(found.target.root)
    diagnostics += check_release(release, target)
    diagnostics += check_places(release)
    diagnostics += check_objects(release)
    diagnostics += _odd(release, found)
    stop_on_errors(diagnostics)
    plan = Plan(
        release=release,
        target=found.target,
        copies_system=profile.include_system_libs,
    )
    for facet, content in dump_facets(plan).items():
        write_file(layout.facet(facet), content)
    return {"version": release.rel.vsn}, tuple(diagnostics)


def catalog_of(found: Found) -> Catalog:
    """Return the catalog of what the scan found."""
    return make_catalog(found.apps, found.faulty)


def _resolve(profile: Profile, found: Found) -> Resolved:
    catalog = make_catalog(found.apps, found.faulty, profile.lib_dirs)
    erts_vsn = found.target.erts_vsn
    if not profile.rel:
        return resolve(profile, catalog, erts_vsn=erts_vsn)
    if not Path(profile.rel).is_file():
        return Resolved(release=None, diagnostics=())
    rel = load_rel(consult_one(read_file(profile.rel), profile.rel), profile.rel)
    return resolve_rel(rel, profile, catalog, erts_vsn=erts_vsn)


def _odd(release: Release, found: Found) -> list[Diagnostic]:
    return [each for name in release.apps for each in found.odd.get(name, ())]
