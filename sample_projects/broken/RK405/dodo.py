from dodo_relkit import Relkit, release

relkit = Relkit(
    releases=[
        release(
            "broken",
            applications=["a"],
            lib_dirs=["lib"],
            cookie="a_cookie_of_some_length",
            include_erts="otp",
        ),
    ],
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
