from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib"],
            include_erts=False,
            vm_args="rel/vm.args",
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
