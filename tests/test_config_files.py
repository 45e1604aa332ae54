"""The vm.args and sys.config of a release, from settings and templates."""

import pytest

from dodo_relkit.artifacts.config_files import (
    DEFAULT_SYS_CONFIG,
    Template,
    default_node,
    make_sys_config,
    make_vm_args,
)
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.sys_config import SysConfig, load_sys_config
from dodo_relkit.formats.vm_args import NodeName, cookie, node_name, parse_vm_args
from dodo_relkit.terms.model import Atom

VARIABLES = {"release_name": "web", "port": 8080, "dev_mode": False}
COOKIE = "aB3dE5fG7hI9"


def vm_args(template=None, **changed):
    given = {
        "variables": VARIABLES,
        "template": Template("rel/vm.args", template.encode()) if template else None,
        "cookie_setting": COOKIE,
        "node": default_node("web"),
    }
    made = make_vm_args(**{**given, **changed})
    return made.content.decode(), [each.code for each in made.warnings]


def test_the_default_vm_args_name_the_node_and_set_the_cookie():
    text, warnings = vm_args()
    arguments = parse_vm_args(text)
    assert node_name(arguments) == NodeName(name="web@127.0.0.1", long=True)
    assert cookie(arguments) == COOKIE
    assert [each.text for each in arguments if each.text.startswith(("-", "+"))] == [
        "-name",
        "-setcookie",
    ]
    assert warnings == []


def test_without_a_cookie_or_a_name_there_is_none():
    text, warnings = vm_args(cookie_setting="")
    assert cookie(parse_vm_args(text)) is None
    assert warnings == []
    assert node_name(parse_vm_args(vm_args(node=None)[0])) is None


def test_a_template_decides_for_itself():
    text, warnings = vm_args(
        "-sname <%= release_name %>\n-setcookie <%= cookie %>\n+Q <%= port %>\n"
    )
    assert text == f"-sname web\n-setcookie {COOKIE}\n+Q 8080\n"
    assert warnings == []


def test_a_jinja2_template_is_told_by_its_name():
    template = Template(
        "vm.args.j2", b"-name {{ node_name }} -setcookie {{ cookie }}\n"
    )
    made = make_vm_args(
        variables=VARIABLES,
        template=template,
        cookie_setting=COOKIE,
        node=default_node("web"),
    )
    assert made.warnings == ()
    assert made.content.decode() == f"-name web@127.0.0.1 -setcookie {COOKIE}\n"


@pytest.mark.parametrize(
    ("text", "changed", "codes"),
    [
        ("-sname a", {}, [Code.VM_ARGS_OTHER_COOKIE]),
        ("-sname a -setcookie x", {}, [Code.VM_ARGS_OTHER_COOKIE]),
        ("-sname a", {"cookie_setting": ""}, [Code.VM_ARGS_NO_COOKIE]),
        ("-sname a", {"cookie_setting": "", "cookie_at_start": True}, []),
        ("+A 10", {"cookie_setting": ""}, []),
        ("-sname a -setcookie monster", {"cookie_setting": ""}, [Code.COOKIE_WEAK]),
        ("-sname a -setcookie ${COOKIE}", {"cookie_setting": ""}, []),
        (
            "-sname a -args_file other",
            {"cookie_setting": ""},
            [Code.VM_ARGS_INCLUDES],
        ),
        (
            "-sname a -setcookie monster",
            {"cookie_setting": "", "variables": {**VARIABLES, "dev_mode": True}},
            [],
        ),
    ],
)
def test_a_template_is_looked_at(text, changed, codes):
    assert vm_args(text, **changed)[1] == codes


def test_a_template_that_names_the_node_twice_is_refused():
    with pytest.raises(Trouble) as caught:
        vm_args("-name a@h\n-sname <%= release_name %>\n-setcookie <%= cookie %>")
    assert [(each.code, each.place.line) for each in caught.value.diagnostics] == [
        (Code.VM_ARGS_TWO_NAMES, 2)
    ]
    assert caught.value.diagnostics[0].place.source == "-sname web"


def sys_config(*texts, **changed):
    templates = [
        Template(f"rel/{number}.config", text.encode())
        for number, text in enumerate(texts)
    ]
    made = make_sys_config(variables=VARIABLES, templates=templates, **changed)
    return load_sys_config(made.content)[0], [each.code for each in made.warnings]


def test_the_default_sys_config_is_quiet():
    assert sys_config() == (DEFAULT_SYS_CONFIG, [])
    assert sys_config(defaults=SysConfig()) == (SysConfig(), [])


def test_templates_are_rendered_and_merged_in_order():
    config, warnings = sys_config(
        '[{web, [{http, [{port, <%= port %>}, {host, "a"}]}]}].',
        '[{web, [{http, [{host, "${HOST}"}]}]}, {sasl, [{errlog_type, all}]}].',
    )
    assert config.apps == {
        "web": {"http": [(Atom("port"), 8080), (Atom("host"), "${HOST}")]},
        "sasl": {"errlog_type": Atom("all"), "sasl_error_logger": Atom("false")},
    }
    assert warnings == []


def test_included_files_come_last():
    config, warnings = sys_config('["first"].', included=("/etc/web.config",))
    assert config == SysConfig(
        apps=DEFAULT_SYS_CONFIG.apps, before=("first",), after=("/etc/web.config",)
    )
    assert warnings == []


def test_the_errors_of_all_templates_are_gathered():
    with pytest.raises(Trouble) as caught:
        sys_config("[{a, ${B}}].", "[<%= c %>].", "[{d, []}, {d, []}].", "e.")
    assert [(each.code, each.place.file) for each in caught.value.diagnostics] == [
        (Code.CONFIG_UNQUOTED_VARIABLE, "rel/0.config"),
        (Code.TEMPLATE_UNKNOWN_VARIABLE, "rel/1.config"),
        (Code.CONFIG_APP_TWICE, "rel/2.config"),
        (Code.CONFIG_NOT_A_LIST, "rel/3.config"),
    ]


def test_warnings_are_handed_on():
    assert sys_config("[{d, []}, {d, []}].")[1] == [Code.CONFIG_APP_TWICE]
