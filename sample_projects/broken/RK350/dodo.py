from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib"],
            cookie="qX3vT8mZ1nR5kW9bL2dF",
            include_erts="otp",
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
