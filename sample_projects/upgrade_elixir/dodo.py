"""One Elixir release in two versions: `STATION=1 doit release` builds version 1.0.0."""

import os

from dodo_relkit import Relkit, environment, mix, release

major = os.environ.get("STATION", "2")  # mix.exs reads it as well
earlier = ["_build/prod/rel/station-1.0.0.tar.gz"] if major == "2" else []
relkit = Relkit(
    default_release="station",
    default_environment="prod",
    environments=[environment("prod", include_erts=True)],
    releases=[
        release(
            "station",
            version=f"{major}.0.0",
            applications=["station", "sasl"],
            upgrade_from=earlier,
            cookie="Vb3nKz8RtQ6wLx1HcY5m",
        ),
    ],
    compile=mix(),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
