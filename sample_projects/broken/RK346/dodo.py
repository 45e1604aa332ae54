from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib", "more/*/ebin"],
            include_erts=False,
            cookie="qX3vT8mZ1nR5kW9bL2dF",
            warnings_as_errors=True,
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
