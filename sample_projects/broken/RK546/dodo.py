from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib"],
            include_erts=False,
            cookie="qX3vT8mZ1nR5kW9bL2dF",
            sys_config="config.exs",
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
