"""Where everything lies for one profile. Only paths; nothing is looked at.

All paths are relative to the project's root, with `/`, spelled once: doit takes two
spellings of one file for two files.
"""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.release.profile import Profile, elixir_configs, input_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The directories of one profile."""

    name: str
    """Of the release."""
    output: str
    """The release directory, `_build/<env>/rel/<name>`."""
    work: str
    """Our own files: plan, manifests, caches; never inside the release."""

    @property
    def catalog(self) -> str:
        """What the scan found."""
        return f"{self.work}/catalog.json"

    @property
    def scan_cache(self) -> str:
        """Which `.app` files were read, and how they looked."""
        return f"{self.work}/scan-cache.json"

    @property
    def digest_cache(self) -> str:
        """Digests of the application files, and how they looked."""
        return f"{self.work}/digest-cache.json"

    @property
    def segments(self) -> str:
        """Compressed parts of the tarball, by content."""
        return f"{self.work}/segments"

    def evaluated(self, config: str) -> str:
        """The terms that an Elixir configuration file comes to."""
        return f"{self.work}/config/{config.replace('/', '_')}.config"

    @property
    def baselines(self) -> str:
        """The earlier releases that an upgrade starts from."""
        return f"{self.work}/upgrade/baselines.json"

    def review(self, kind: str) -> str:
        """What the review found: as `txt` or `html`."""
        return f"{self.work}/upgrade/review.{kind}"

    def appup(self, app: str) -> str:
        """The appup of a changed application, found or generated."""
        return f"{self.work}/upgrade/appups/{app}.appup"

    @property
    def appup_notes(self) -> str:
        """What was said when the appups were found or generated."""
        return f"{self.work}/upgrade/appups.txt"

    def facet(self, facet: str) -> str:
        """One facet of the plan."""
        return f"{self.work}/plan/{facet}.json"

    def stamp(self, artifact: str) -> str:
        """What an artifact's task made: paths, digests, sizes."""
        return f"{self.work}/made/{artifact}.json"

    def manifest(self, tree: str) -> str:
        """What was put into a tree, and how it looked."""
        return f"{self.work}/{tree}-manifest.json"

    def release_file(self, template: str, vsn: str) -> str:
        """Return the place of a row's path for the release version `vsn`."""
        return f"{self.output}/{template.format(name=self.name, vsn=vsn)}"

    @property
    def output_mark(self) -> str:
        """Says that the release is built here: the way to our own directory."""
        return f"{self.output}/releases/.built-here"

    @property
    def output_place(self) -> str:
        """Says where the release is built: the way from our own directory."""
        return f"{self.work}/release-directory"

    def tarball(self, vsn: str) -> str:
        """The tarball of the release version `vsn`."""
        return f"{self._beside}{self.name}-{vsn}.tar.gz"

    @property
    def latest_tarball(self) -> str:
        """The tarball under a name that is known before the version is."""
        return f"{self._beside}{self.name}.tar.gz"

    @property
    def _beside(self) -> str:
        parent, slash, _ = self.output.rpartition("/")
        return parent + slash


def read_files(profile: Profile, layout: Layout, setting: str) -> list[str]:
    """Return the files to read for a setting that names files, in order.

    For an Elixir configuration that is the file of the terms it came to.
    """
    evaluated = elixir_configs(profile) if setting == "sys_config" else ()
    return [
        layout.evaluated(path) if path in evaluated else path
        for path in input_files(profile, setting)
    ]


def layout(name: str, environment: str, output_dir: str) -> Layout:
    """Return the layout of a profile."""
    return Layout(
        name=name,
        output=output_dir.rstrip("/"),
        work=f"_build/{environment}/relkit/{name}",
    )
