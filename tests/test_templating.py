"""Templates of the user: what EEx and Jinja2 make of them, and what is refused."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.artifacts.templating import (
    built_in_variables,
    overlay_variables,
    render_eex,
    render_template,
    render_text,
)
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble

VARIABLES = {
    "release_name": "web",
    "release": {"name": "web", "version": "1.2.3"},
    "dev_mode": True,
    "is_upgrade": False,
    "upgrade_from": None,
    "port": 8080,
    "text": 'a\\b "c" <%= x %> & é€\n',
}
BINDINGS = (
    '[release_name: "web", release: %{name: "web", version: "1.2.3"}, '
    "dev_mode: true, is_upgrade: false, upgrade_from: nil, port: 8080, "
    'text: "a\\\\b \\"c\\" <%= x %> & é€\\n"]'
)

EEX = [
    "",
    "no tags at all, 100 % > < %> {{ }} {% %} # $",
    "-name <%= release_name %>@127.0.0.1\n",
    "<%=release_name%><%=   release_name\n%>",
    "<%= release.name %>-<%= release.version %>",
    "<%= dev_mode %> <%= is_upgrade %> <%= upgrade_from %>|<%= port %>",
    "<%= text %>",
    "a<%# a comment %>b<%# <%= %>c",
    "a<%!-- a %> comment --%>b",
    "<%% literal %> <%%= release_name %>",
    "  <%= release_name %>  \n\n  <%# c %>\nend\r\n",
    "{{<%= release_name %>,{a,{b}}}}.",
    "<%# c %>\n  <%= port %>\n<%% x %>\n",
    "é<%= release_name %>€",
]


@pytest.fixture(scope="module")
def elixir(tmp_path_factory):
    """Return what Elixir's EEx makes of the templates above, in one run."""
    directory = tmp_path_factory.mktemp("eex")
    for number, text in enumerate(EEX):
        (directory / f"{number}.eex").write_bytes(text.encode())
    (directory / "run.exs").write_text(
        f"bindings = {BINDINGS}\n"
        f"for n <- 0..{len(EEX) - 1} do\n"
        '  file = Path.join(hd(System.argv()), "#{n}.eex")\n'
        '  File.write!(file <> ".out", EEx.eval_file(file, bindings))\n'
        "end\n"
    )
    subprocess.run(["elixir", directory / "run.exs", directory], check=True)
    return [(directory / f"{n}.eex.out").read_bytes() for n in range(len(EEX))]


@pytest.mark.parametrize("number", range(len(EEX)))
def test_eex_is_rendered_as_elixir_does(elixir, number):
    data = EEX[number].encode()
    assert render_template("vm.args", data, VARIABLES) == elixir[number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ release_name }}.motd", "web.motd"),
        ("{{ release.version }}\n", "1.2.3\n"),
        ("{{ dev_mode }} {{ is_upgrade }} [{{ upgrade_from }}] {{ port }}", None),
        ("{% if dev_mode %}dev{% else %}prod{% endif %}", "dev"),
        ("{% if is_upgrade %}up{% endif %}{% if upgrade_from %}x{% endif %}", ""),
        ("{{ port + 1 }} {{ missing | default('none') }}", "8081 none"),
        ("<%= release_name %> & {# comment #}<\n\n", "<%= release_name %> & <\n\n"),
        ("{{ text }}", VARIABLES["text"]),
        ("{{ [true, none] | length }}{{ true }}", "2true"),
    ],
)
def test_jinja2_is_rendered_for_j2_files(text, expected):
    expected = "true false [] 8080" if expected is None else expected
    assert render_template("motd.j2", text.encode(), VARIABLES) == expected.encode()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>%={}#a\n\r é"))
def test_text_without_tags_stays_as_it_is(text):
    if "<%" not in text:
        assert render_template("x", text.encode(), {}) == text.encode()


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text())
def test_a_value_is_put_in_unchanged(before, value):
    before = before.replace("<%", "")
    assert render_eex("x", before + "\n<%= v %>", {"v": value}) == f"{before}\n{value}"


def troubles(file, text, variables=VARIABLES):
    with pytest.raises(Trouble) as caught:
        render_template(file, text.encode(), variables)
    return [
        (each.code, each.place.line, dict(each.facts))
        for each in caught.value.diagnostics
    ]


def test_all_unknown_variables_are_named_with_their_place():
    assert troubles("a.eex", "x\n <%= relase_name %>\n<%= release.nam %> <%= q %>") == [
        (
            Code.TEMPLATE_UNKNOWN_VARIABLE,
            2,
            {"variable": "relase_name", "nearest": ("release_name", "release")},
        ),
        (
            Code.TEMPLATE_UNKNOWN_VARIABLE,
            3,
            {"variable": "nam", "nearest": ("name",)},
        ),
        (Code.TEMPLATE_UNKNOWN_VARIABLE, 3, {"variable": "q", "nearest": ()}),
    ]


def test_an_unknown_variable_of_jinja2_is_named_with_its_line():
    found = troubles("a.j2", "x\n\n {{ relase_name }}\n{{ q }}")
    assert [each[:2] for each in found] == [(Code.TEMPLATE_UNKNOWN_VARIABLE, 3)]
    assert found[0][2]["variable"] == "relase_name"
    assert "release_name" in found[0][2]["nearest"]


@pytest.mark.parametrize(
    ("file", "text", "code", "line"),
    [
        ("a", "\n<%= release_name", Code.TEMPLATE_SYNTAX, 2),
        ("a", "<%# never\nclosed", Code.TEMPLATE_SYNTAX, 1),
        ("a", "<%!-- never %>", Code.TEMPLATE_SYNTAX, 1),
        ("a", "\n\n<%= String.upcase(release_name) %>", Code.TEMPLATE_CODE, 3),
        ("a", "<% if dev_mode do %>x<% end %>", Code.TEMPLATE_CODE, 1),
        ("a", "<%= %>", Code.TEMPLATE_CODE, 1),
        ("a", "<%= 1 %>", Code.TEMPLATE_CODE, 1),
        ("a", "<%= port.x %>", Code.TEMPLATE_UNKNOWN_VARIABLE, 1),
        ("a.j2", "\n{{ release_name", Code.TEMPLATE_SYNTAX, 2),
        ("a.j2", "\n{% if %}", Code.TEMPLATE_SYNTAX, 2),
        ("a.j2", "{{ release.nam }}", Code.TEMPLATE_FAILED, 1),
        ("a.j2", "\n{{ 1 / 0 }}", Code.TEMPLATE_FAILED, 2),
        ("a.j2", "{{ port + 'a' }}", Code.TEMPLATE_FAILED, 1),
        ("a.j2", "\n{% include 'x' %}", Code.TEMPLATE_FAILED, 2),
        ("a.j2", "{% for i in range(10**9) %}{% endfor %}", Code.TEMPLATE_FAILED, 1),
    ],
)
def test_what_cannot_be_rendered_is_an_error_with_its_line(file, text, code, line):
    assert [each[:2] for each in troubles(file, text)][:1] == [(code, line)]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ release_name.__class__ }}",
        "{{ release.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ '{0.__class__}'.format(1) }}",
    ],
)
def test_a_template_cannot_reach_python(text):
    assert [each[0] for each in troubles("a.j2", text)] == [Code.TEMPLATE_FAILED]


def test_a_file_that_is_no_utf8_is_refused():
    with pytest.raises(Trouble) as caught:
        render_template("a", b"ab\xff", {})
    (found,) = caught.value.diagnostics
    assert (found.code, found.facts["offset"]) == (Code.TEMPLATE_NOT_UTF8, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (None, ""), (1, "1"), (0, "0"), ("a", "a")],
)
def test_values_print_as_in_erlang(value, text):
    assert render_text(value) == text


def built_in(**changed):
    given = {
        "release_name": "web",
        "release_version": "1.2.3",
        "dev_mode": False,
        "include_erts": True,
        "include_src": False,
        "include_system_libs": "/opt/otp",
        "erl_opts": "",
        "run_erl_env": "",
        "erts_vsn": "13.1.5",
        "output_dir": "_build/prod/rel/web",
    }
    return built_in_variables(**{**given, **changed})


def test_the_built_in_variables_are_those_of_distillery():
    assert list(built_in()) == [
        "release",
        "release_name",
        "release_version",
        "is_upgrade",
        "upgrade_from",
        "dev_mode",
        "include_erts",
        "include_src",
        "include_system_libs",
        "erl_opts",
        "run_erl_env",
        "erts_vsn",
        "output_dir",
    ]
    assert built_in()["is_upgrade"] is False
    assert built_in(upgrade_from="1.2.2")["is_upgrade"] is True


def test_a_user_variable_that_hides_a_built_in_one_gives_a_warning():
    variables, found = overlay_variables(built_in(), {"erts_vsn": "9", "port": 1})
    assert (variables["erts_vsn"], variables["port"]) == ("9", 1)
    assert [(each.code, each.facts["variable"], each.is_error) for each in found] == [
        (Code.OVERLAY_VARIABLE_SHADOWS, "erts_vsn", False)
    ]
