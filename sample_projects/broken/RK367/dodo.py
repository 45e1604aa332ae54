from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            lib_dirs=["lib"],
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
