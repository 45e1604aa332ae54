"""Two releases over the same applications: a counter, and the counter with a log."""

from dodo_relkit import LOAD, Relkit, environment, erlc, release

relkit = Relkit(
    default_release="counter",
    default_environment="prod",
    environments=[environment("prod", include_erts=True, cookie="c7GpZt3KyN9fVd5WqE1x")],
    releases=[
        release("counter", version="1.0.0", applications=["counter", "sasl"]),
        release(
            "counter_log",
            version="1.1.0",
            applications=["counter_log", ("runtime_tools", LOAD), "sasl"],
        ),
    ],
    compile=erlc(app="apps/*"),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
