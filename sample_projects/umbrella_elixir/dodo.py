"""An Elixir umbrella of two applications, compiled by mix."""

from dodo_relkit import Relkit, environment, mix, release

relkit = Relkit(
    default_release="shapes",
    default_environment="prod",
    environments=[
        environment("dev", dev_mode=True, include_erts=False, cookie="Dn5wYq1GzF7eKs3RjM9b"),
        environment("prod", include_erts=True, cookie="Dn5wYq1GzF7eKs3RjM9b"),
    ],
    releases=[
        release("shapes", version="0.2.0", applications=["shapes_web", "sasl"]),
    ],
    compile=mix(),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
