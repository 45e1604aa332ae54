"""The smallest release: one application, compiled by erlc."""

from dodo_relkit import Relkit, current_version, environment, erlc, release

relkit = Relkit(
    default_release="hello",
    default_environment="prod",
    environments=[
        environment("dev", dev_mode=True, include_erts=False),
        environment("prod", include_erts=True),
    ],
    releases=[
        release(
            "hello",
            version=current_version("hello"),
            applications=["hello", "sasl"],
            cookie="Lk4vQz8RbT1nXw6Jm2Hs",
        ),
    ],
    compile=erlc("src/*.erl"),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
