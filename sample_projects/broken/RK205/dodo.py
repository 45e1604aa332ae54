from dodo_relkit import Relkit

relkit = Relkit(releases=[])
DOIT_CONFIG = relkit.doit_config()
task_release = relkit.task_creator()
