"""Several applications, one included, one optional, with own sys.config, vm.args."""

from dodo_relkit import Relkit, environment, rebar3, release

relkit = Relkit(
    default_release="web",
    default_environment="prod",
    environments=[
        environment(
            "dev",
            dev_mode=True,
            include_erts=False,
            overlay_vars={"port": 8080},
        ),
        environment(
            "prod",
            include_erts=True,
            overlay_vars={"port": "${WEB_PORT}"},
        ),
    ],
    releases=[
        release(
            "web",
            version="1.2.0",
            applications=["web_metrics", "web", "sasl"],
            sys_config="config/sys.config.j2",
            vm_args="config/vm.args.j2",
        ),
    ],
    compile=rebar3(),
)
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
