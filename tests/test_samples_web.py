"""web_erlang: included and optional applications, sys.config, vm.args, HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.nodes import booted, build, copy_sample, free_port, unpack


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = copy_sample("web_erlang", tmp_path_factory.mktemp("web"))
    build(project)
    return project


def test_the_listener_answers(built, tmp_path):
    root = unpack(built / "_build/prod/rel/web-1.2.0.tar.gz", tmp_path / "web")
    port = free_port()
    with booted(root, "web", REPLACE_OS_VARS="true", WEB_PORT=str(port)) as node:
        assert node.ask("web_listener:port().") == str(port)
        assert fetch(port, "/") == "It works"
        assert fetch(port, "/about") == "Served by inets"
        assert fetch(port, "/release") == "web-1.2.0"
        assert fetch(port, "/flag") == "set_in_vm_args"
        with pytest.raises(urllib.error.HTTPError):
            fetch(port, "/nowhere")
        assert node.ask("erlang:system_info(process_limit).") == "65536"
        # the optional application that is there was started, and before web
        counts = node.ask("web_metrics:counts().")
        assert '"/about" => 1' in counts
        assert '"/" => 1' in counts
        started = node.ask(
            "[A || {A, _, _} <- lists:reverse(application:which_applications())]."
        )
        assert started.index("web_metrics") < started.index("web,")
        # the included one is loaded with its settings, and not started on its own
        assert "web_store" not in started
        assert node.ask("element(1, application:get_env(web_store, pages)).") == "ok"


def test_the_included_application_is_only_loaded(built):
    script = (built / "_build/prod/rel/web/releases/1.2.0/start.script").read_text()
    assert "{application,load,[{application,web_store," in "".join(script.split())
    assert "{application,start_boot,[web_store" not in "".join(script.split())
    assert "web_tracing-" not in script


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as page:
        return page.read().decode()
