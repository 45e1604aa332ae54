"""One release in three versions: `doit release version=2` builds version 2.0.0."""

from doit import get_var

from dodo_relkit import Relkit, environment, erlc, release

version = int(get_var("version", "3"))
relkit = Relkit(
    default_release="till",
    default_environment="prod",
    environments=[environment("prod", include_erts=True)],
    releases=[
        release(
            "till",
            version=f"{version}.0.0",
            applications=["till", "sasl"],
            upgrade_from=[f"{earlier}.0.0" for earlier in range(1, version)],
            cookie="Hn5tYw8QcJ2rXb7DkV3m",
        ),
    ],
    compile=erlc(app=f"v{version}/*"),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
