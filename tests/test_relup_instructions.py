"""Each instruction and each error of make_relup, compared with the live systools."""

from __future__ import annotations

from pathlib import Path

from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term
from tests.live_relup import (
    RelupCase,
    live_relups,
    our_relup,
    without_stacks,
    write_app,
    write_release,
)

# name : instructions, {a, "1"} -> {a, "2"} with the modules m1 m2 m3 m4 in both,
# m_old in the first and m_new in the second only; {b, "1"} is in both
SOUND = {
    "nothing": "[]",
    "update/1": "[{update,m1}]",
    "update/2 supervisor": "[{update,m1,supervisor}]",
    "update/2 soft": "[{update,m1,soft}]",
    "update/2 advanced": "[{update,m1,{advanced,[x]}}]",
    "update/2 modules": "[{update,m1,[m2]},{load_module,m2}]",
    "update/3": "[{update,m1,{advanced,e},[m2]},{update,m2,soft,[]}]",
    "update/5": "[{update,m1,{advanced,e},soft_purge,brutal_purge,[]}]",
    "update/6 default": "[{update,m1,default,soft,soft_purge,soft_purge,[]}]",
    "update/6 infinity": "[{update,m1,infinity,soft,soft_purge,soft_purge,[]}]",
    "update/6 number": "[{update,m1,5000,{advanced,1},soft_purge,soft_purge,[]}]",
    "update/7 static": (
        "[{update,m1,static,default,{advanced,1},brutal_purge,soft_purge,[]}]"
    ),
    "update/7 dynamic": "[{update,m1,dynamic,7,{advanced,1},soft_purge,soft_purge,[]}]",
    "update of both kinds in one group": (
        "[{update,m1,static,default,{advanced,1},soft_purge,soft_purge,[m2]},"
        "{update,m2,dynamic,infinity,{advanced,2},soft_purge,soft_purge,[m3]},"
        "{update,m3,soft,soft_purge,brutal_purge,[]}]"
    ),
    "load_module/1": "[{load_module,m1}]",
    "load_module/2": "[{load_module,m1,[m2]},{load_module,m2}]",
    "load_module/4": "[{load_module,m1,soft_purge,brutal_purge,[]}]",
    "load_module on itself": "[{load_module,m1,[m1]}]",
    "add_module/1": "[{add_module,m_new}]",
    "add_module/2": "[{add_module,m_new,[m2]},{update,m2}]",
    "delete_module/1": "[{delete_module,m_old}]",
    "delete_module/2": "[{delete_module,m_old,[m2]},{update,m2,{advanced,[]}}]",
    "add_application/1": "[{add_application,b}]",
    "add_application/2 permanent": "[{add_application,b,permanent}]",
    "add_application/2 transient": "[{add_application,b,transient}]",
    "add_application/2 temporary": "[{add_application,b,temporary}]",
    "add_application/2 load": "[{add_application,b,load}]",
    "add_application/2 none": "[{add_application,b,none}]",
    "restart_application": "[{restart_application,a}]",
    "restart_application of a library": "[{restart_application,stdlib}]",
    "restart_application of another": "[{restart_application,b}]",
    "low level": (
        '[{load_object_code,{a,"2",[m1,m2]}},{apply,{m,f,[1]}},point_of_no_return,'
        "{suspend,[m1,{m2,3000}]},{load,{m1,soft_purge,brutal_purge}},"
        "{code_change,[{m1,x}]},{code_change,down,[{m2,x}]},{resume,[m2,m1]},"
        "{remove,{m3,brutal_purge,brutal_purge}},{purge,[m3,m4]},"
        "{stop,[m4]},{start,[m4]},{sync_nodes,id,[n@h]},{sync_nodes,id,{m,f,[]}},"
        "{apply,{m,f,[]}}]"
    ),
    "object code is moved forward": (
        '[{apply,{m,f,[]}},{load_object_code,{a,"2",[m1]}},{update,m2},'
        '{load_object_code,{a,"2",[m1,m3]}},{load,{m3,soft_purge,soft_purge}}]'
    ),
    "restart_new_emulator": "[{update,m1},restart_new_emulator,{update,m2}]",
    "restart_emulator": "[restart_emulator,{update,m2},restart_emulator]",
    "both restarts": "[{update,m1},restart_emulator,restart_new_emulator]",
    "restart and reboot": "[restart,reboot]",
    "a list among the instructions": "[[{purge,[m1]},restart],{update,m1},[]]",
    "a chain": "[{update,m1,[m3]},{update,m2},{update,m3,[m2]},{load_module,m4}]",
    "a circle": "[{update,m1,[m3]},{update,m2,[m1]},{update,m3,[m2]}]",
    "a circle that depends on a module": (
        "[{load_module,m4},{update,m1,[m3]},{apply,{m,f,[]}},{update,m3,[m1,m4]}]"
    ),
    "deep terms": '[{apply,{m,f,["text",<<1>>,#{a=>1.5},[1|2]]}}]',
    "strings of modules": '[{purge,[]},{suspend,""},{resume,[]}]',
}

REFUSED = {
    "unknown word": "[nonsense]",
    "unknown tuple": "[{updaet,m1}]",
    "unknown number": "[17]",
    "unknown binary": "[<<1>>]",
    "unknown in a list": "[[{load_module,m1}]]",
    "a string": '["ab"]',
    "empty tuple": "[{}]",
    "tuple without a name": '[{"update",m1}]',
    "update without module": "[{update}]",
    "update with too much": "[{update,1,2,3,4,5,6,7,8}]",
    "update with an odd change": "[{update,m1,hard}]",
    "apply without tuple": "[{apply,m,f,[]}]",
    "apply with too much": "[{apply,{m,f,[],x}}]",
    "apply with too much before": "[{apply,{m,f,[]},x},point_of_no_return]",
    "load with a pair": "[{load,{m1,soft_purge}}]",
    "bad_module": '[{update,"m1"}]',
    "bad_module in a list": "[{update,m1,[1]}]",
    "bad_module in suspend": "[{suspend,[{m1,1,2}]}]",
    "bad_module in a pair": "[{suspend,[{1,1}]}]",
    "bad_module in resume": '[{resume,["m"]}]',
    "bad_module in a string": '[{purge,"ab"}]',
    "bad_module in code_change": "[{code_change,[{1,2}]}]",
    "bad_module in apply": "[{apply,{1,f,[]}}]",
    "bad_module in sync_nodes": "[{sync_nodes,i,{1,f,[]}}]",
    "bad_module in load_object_code": '[{load_object_code,{a,"2",[1]}}]',
    "bad_module in add_module": "[{add_module,1}]",
    "bad_module in delete_module": "[{delete_module,m1,[1]}]",
    "bad_change": "[{update,m1,{advance,x}}]",
    "bad_change deep": "[{update,m1,soft_,soft_purge,soft_purge,[]}]",
    "bad_mod_type": "[{update,m1,odd,default,soft,soft_purge,soft_purge,[]}]",
    "bad_timeout": "[{update,m1,0,soft,soft_purge,soft_purge,[]}]",
    "bad_timeout in suspend": "[{suspend,[{m1,-1}]}]",
    "bad_timeout float": "[{suspend,[{m1,1.0}]}]",
    "bad_purge_method": "[{load_module,m1,purge,soft_purge,[]}]",
    "bad_purge_method last": "[{load,{m1,soft_purge,1}}]",
    "bad_purge_method in remove": "[{remove,{m1,a,b}}]",
    "bad_list": "[{load_module,m1,soft_purge,soft_purge,m2}]",
    "bad_list in suspend": "[{suspend,m1}]",
    "bad_list in code_change": "[{code_change,odd,{m1,x}}]",
    "bad_list in sync_nodes": "[{sync_nodes,i,{m,f}}]",
    "bad_args_list": "[{apply,{m,f,x}}]",
    "bad_func": "[{apply,{m,1,x}}]",
    "bad_node": "[{sync_nodes,i,[1]}]",
    "bad_application": '[{add_application,"b"}]',
    "bad_application removed": "[{remove_application,1}]",
    "bad_application restarted": "[{restart_application,1}]",
    "bad_start_type": "[{add_application,b,often}]",
    "bad_lib": '[{load_object_code,{"a","2",[]}}]',
    "bad_lib_vsn": "[{load_object_code,{a,2,[]}}]",
    "bad_mode": "[{code_change,dn,[{m1,x}]}]",
    "bad_code_change": "[{code_change,[m1]}]",
    "bad_code_change with mode": "[{code_change,up,[{m1,1,2}]}]",
    "several at once": "[{suspend,[1]},{update,m1,soft,a,b,c},nonsense]",
    "mnesia_backup": "[mnesia_backup]",
    "before the point": "[{update,m1},point_of_no_return]",
    "before the point, atom": "[restart_emulator,point_of_no_return]",
    "too_many_point_of_no_return": "[nonsense,point_of_no_return,point_of_no_return]",
    "no_object_code": "[{load,{m1,soft_purge,soft_purge}}]",
    "suspended_not_resumed": "[{suspend,[m1,{m2,1},m1]},{resume,[m2]}]",
    "resumed_not_suspended": "[{suspend,[m1]},{resume,[m2,m1,m3]}]",
    "code_change without suspend": "[{code_change,up,[{m1,x}]},{resume,[m1]}]",
    "start_not_stop": "[{start,[m1,m2]},{stop,[m2]}]",
    "stop_not_start": "[{stop,[m1,m2]}]",
    "no_such_application added": "[{add_application,nowhere}]",
    "no_such_application removed": "[{remove_application,nowhere}]",
    "no_such_application restarted": "[{restart_application,nowhere}]",
    "removed_application_present": "[{remove_application,a}]",
    "conflicting_versions": (
        '[{load_object_code,{a,"1",[m1]}},{load_object_code,{b,"1",[]}},'
        '{load_object_code,{a,"3",[m1]}},{load_object_code,{a,"4",[m1]}}]'
    ),
    "conflicting_versions with ours": '[{load_object_code,{a,"9",[m1]}},{update,m1}]',
    "no_such_module": "[{update,nowhere}]",
    "no_such_module of the other version": "[{add_module,m_old},{add_module,m_new}]",
    "undef_module": "[{update,m1,[m2,m3]}]",
    "muldef_module": "[{update,m1},{load_module,m1}]",
    "muldef_module by an application": "[{update,m1},{restart_application,a}]",
    "improper list of modules": "[{purge,[m1|m2]}]",
    "improper list of nodes": "[{sync_nodes,i,[n|m]}]",
    "improper list in the script": "[nonsense,[{purge,[]}|restart]]",
    "fault after an improper list": "[{purge,[m1|m2]},nonsense]",
    "fault in an improper list": "[{purge,[1|m2]}]",
}


def write_upgrade(directory: Path, up: str, down: str) -> None:
    """Write two releases, and an appup of `a` with these instructions."""
    both = "m1,m2,m3,m4"
    write_app(directory, "b", "1", modules="[bm]")
    write_app(directory, "a", "1", modules=f"[{both},m_old]", applications="[b]")
    appup = f'{{"2",[{{"1",{up}}}],[{{"1",{down}}}]}}.'
    write_app(directory, "a", "2", modules=f"[{both},m_new]", appup=appup)
    write_release(directory, "base", "1", ['{a,"1"}', '{b,"1",temporary}'])
    write_release(directory, "top", "2", ['{a,"2",transient}', '{b,"1",load}'])


def answers(directory: Path, instructions: dict[str, str]) -> dict[str, Term]:
    """Return ours for each, up and down, after comparing them with systools'."""
    cases = {}
    for number, (title, text) in enumerate(instructions.items()):
        place = directory / str(number)
        # the version and the modules that are there are those of the other release
        down = text.replace('"2"', '"1"')
        for old, new in (("m_new", "+"), ("m_old", "m_new"), ("+", "m_old")):
            down = down.replace(old, new)
        write_upgrade(place, text, down)
        cases[f"{title}, up"] = RelupCase(directory=place, downs=())
        cases[f"{title}, down"] = RelupCase(directory=place, ups=())
    ours = {title: our_relup(case) for title, case in cases.items()}
    live = dict(zip(cases, live_relups(cases.values()), strict=True))
    for title in cases:
        assert without_stacks(ours[title]) == without_stacks(live[title]), title
    return ours


def test_every_instruction(tmp_path: Path) -> None:
    found = answers(tmp_path, SOUND)
    refused = {title for title in found if found[title][0] is not Atom("ok")}  # type: ignore[index]
    assert refused == set()


def test_every_refusal(tmp_path: Path) -> None:
    found = answers(tmp_path, REFUSED)
    allowed = {title for title in found if found[title][0] is Atom("ok")}  # type: ignore[index]
    assert allowed == set()
    for title, answer in found.items():
        tag = title.split(",")[0].split()[0]
        if "_" in tag and tag != "code_change":
            shown = format_term(answer)
            assert tag in shown or "function_clause" in shown, (title, shown)
