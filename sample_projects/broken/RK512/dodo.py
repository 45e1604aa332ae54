from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib"],
            include_erts=False,
            cookie="a_cookie_of_some_length",
            sys_config="config/sys.config",
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
