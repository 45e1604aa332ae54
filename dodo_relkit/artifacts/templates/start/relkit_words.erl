%% What went wrong with an upgrade, in words. Decides nothing.
-module(relkit_words).
-export([reason/1, say/2, stop/3]).

%% An error term of release_handler, of a call to the node, or of a file operation.
reason({existing_release, Vsn}) -> say("version ~ts is there already", [Vsn]);
reason({already_installed, Vsn}) -> say("version ~ts runs already", [Vsn]);
reason({no_such_release, Vsn}) -> say("version ~ts is not there: unpack it first", [Vsn]);
reason({permanent, Vsn}) -> say("version ~ts is permanent: it cannot be removed", [Vsn]);
reason({no_matching_relup, To, From}) ->
    say("no relup leads from ~ts to ~ts", [From, To]);
reason({bad_relup_file, File}) ->
    say("~ts is no relup: not {Version, [{From, _, Script}], [{To, _, Script}]}, or not for "
        "that version", [File]);
reason({bad_rel_file, File}) -> say("~ts is no .rel file", [File]);
reason({bad_rel_data, Term}) -> say("the .rel file holds no release: ~tP", [Term, 12]);
reason({bad_status, unpacked}) -> "it was unpacked but does not run: install it first";
reason({bad_status, old}) -> "it ran once but does not now: install it first";
reason({bad_status, Status}) -> say("its status is ~tp", [Status]);
reason({old_processes, Module}) ->
    say("processes still run code of ~ts from before the last upgrade, and the relup "
        "does not allow to kill them: wait until they are done, or stop them", [Module]);
reason({bad_lib_vsn, App, Vsn}) ->
    say("the relup is for another version of ~ts than ~ts", [App, Vsn]);
reason({missing_base_app, Vsn, App}) ->
    say("version ~ts lacks the application ~ts", [Vsn, App]);
reason({could_not_create_hybrid_boot, Why}) ->
    ["cannot make the boot file between the two run-time systems: ", reason(Why)];
reason({illegal_instruction_after_point_of_no_return, Instruction}) ->
    say("the relup is broken: ~tP is no instruction", [Instruction, 12]);
reason({illegal_option, Option}) -> say("release_handler does not know ~tp", [Option]);
reason({'heart:set_cmd() error', Why}) -> say("heart refuses the command: ~tp", [Why]);
reason({service_update_failed, Why}) -> say("the service was not changed: ~tp", [Why]);
reason({service_rename_failed, Why}) -> say("the service was not renamed: ~tp", [Why]);
reason({cannot_extract_file, File, Why}) ->
    say("cannot unpack ~ts: ~ts", [File, reason(Why)]);
reason({change_appl_data, Why}) ->
    say("the applications' data are not understood: ~tP", [Why, 12]);
reason({no_such_file, File}) -> say("there is no file ~tp", [File]);
reason({no_such_directory, File}) -> say("there is no directory ~tp", [File]);
reason({not_a_directory, File}) -> say("~tp is no directory", [File]);
reason({bad_masters, Nodes}) -> say("the master nodes do not answer: ~tp", [Nodes]);
reason(client_node) -> "this node gets its releases from a master node: ask that one";
reason(static_emulator) -> "the run-time system of this node is not to be restarted";
reason({badrpc, nodedown}) -> "the node went away";
reason({badrpc, {'EXIT', Why}}) -> reason(Why);
reason({badrpc, Why}) -> reason(Why);
reason({'EXIT', Why}) -> reason(Why);
reason({error, Why}) -> reason(Why);
reason({{badmatch, {error, Why}}, _Stack}) -> reason(Why);
reason({Why, {gen_server, call, [Server | _]}}) when is_atom(Server) ->
    say("~s ended meanwhile: ~ts", [Server, reason(Why)]);
reason({already_started, _}) -> "its name is taken already";
reason({code_change_failed, _Pid, Module, _Vsn, Why}) ->
    say("code_change of ~ts failed: ~ts", [Module, reason(Why)]);
reason({Why, Stack}) when is_list(Stack), Stack =/= [], is_tuple(hd(Stack)) ->
    case hd(Stack) of
        {M, F, Args, _} when is_list(Args) -> at(Why, M, F, length(Args));
        {M, F, Arity, _} when is_integer(Arity) -> at(Why, M, F, Arity);
        _ -> say("~tP", [Why, 15])
    end;
reason({Link, unsafe_symlink}) -> say("a link to ~ts leads out of it", [Link]);
reason({File, Posix}) when is_atom(Posix), is_list(File) -> reason({Posix, File});
reason({Posix, File}) when is_atom(Posix), is_list(File) ->
    say("~ts: ~ts", [File, reason(Posix)]);
reason(Posix) when is_atom(Posix) ->
    case file:format_error(Posix) of
        "unknown POSIX error" ++ _ -> atom_to_list(Posix);
        Words -> Words
    end;
reason(Other) -> say("~tP", [Other, 20]).

at(Why, Module, Function, Arity) ->
    say("~tP in ~ts:~ts/~w", [Why, 12, Module, Function, Arity]).

say(Format, Arguments) -> io_lib:format(Format, Arguments).

%% Ends the command with an exit code (see `help` in commands.sh).
stop(Status, Format, Arguments) -> throw({stop, Status, say(Format, Arguments)}).
