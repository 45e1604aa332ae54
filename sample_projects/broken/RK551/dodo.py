from dodo_relkit import Relkit, erlc, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            include_erts=False,
            cookie="qX3vT8mZ1nR5kW9bL2dF",
        ),
    ],
    compile=erlc(),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
