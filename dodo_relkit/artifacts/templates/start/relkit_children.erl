%% Whether the children run that the instructions of a relup start. release_handler looks
%% at the result of no `apply`.
-module(relkit_children).
-export([check/4]).

%% Ends the command if one does not: the version that runs is not made permanent then. An
%% upgrade whose last step is a restart had them started by their supervisors.
check(Way, Job, #{vsn := Vsn} = Package, From) when Way =:= live; Way =:= first ->
    Started = started(Job, relkit_relup:script(Job, Package, From), []),
    case lists:append([fault(Job, Sup, Id, How) || {{Sup, Id}, How} <- Started]) of
        [] -> ok;
        Faults ->
            relkit_words:stop(4, "version ~ts runs, and is not made permanent: ~ts. The node "
                "starts as ~ts, until commit",
                [Vsn, lists:join("; ", Faults), relkit_restart:starts(Job)])
    end;
check(_, _, _, _) -> ok.

%% The children that the instructions leave started: [{{Supervisor, Id}, Function}].
started(_, [], Found) -> Found;
started(Job, [{apply, {Module, Function, [Sup, Child]}} | Rest], Found) when
    Module =:= supervisor; Module =:= 'Elixir.Supervisor'
->
    Others = [Each || {Key, _} = Each <- Found, Key =/= {Sup, Child}],
    case Function of
        restart_child -> started(Job, Rest, Others ++ [{{Sup, Child}, Function}]);
        start_child -> started(Job, Rest, Found ++ added(Job, Module, Sup, Child));
        _ -> started(Job, Rest, Others)
    end;
started(Job, [_ | Rest], Found) -> started(Job, Rest, Found).

%% Those of a simple_one_for_one are not looked at, nor those that may end as they like.
added(_, supervisor, Sup, #{id := Id} = Spec) ->
    [{{Sup, Id}, start_child} || maps:get(restart, Spec, permanent) =:= permanent];
added(_, supervisor, Sup, {Id, _, permanent, _, _, _}) -> [{{Sup, Id}, start_child}];
added(Job, 'Elixir.Supervisor' = Module, Sup, Child) ->
    case relkit_node:attempt(Job, Module, child_spec, [Child, []]) of
        #{id := _} = Spec -> added(Job, supervisor, Sup, Spec);
        _ -> []
    end;
added(_, _, _, _) -> [].

%% `undefined` is also what a child is that gave `ignore`, or that is transient and done.
%% The first is seen by trying again, which may also help now that all code is there.
fault(Job, Sup, Id, How) ->
    Children = relkit_node:attempt(Job, supervisor, which_children, [Sup]),
    case is_list(Children) andalso lists:keyfind(Id, 1, Children) of
        {Id, undefined, _, _} ->
            case relkit_node:attempt(Job, supervisor, get_childspec, [Sup, Id]) of
                {ok, #{restart := permanent}} -> again(Job, Sup, Id);
                _ -> []
            end;
        false when is_list(Children), How =:= start_child -> [words(Sup, Id, "")];
        _ -> []
    end.

again(Job, Sup, Id) ->
    case relkit_node:attempt(Job, supervisor, restart_child, [Sup, Id]) of
        {Wrong, Why} when Wrong =:= badrpc; Wrong =:= error, Why =/= running, Why =/= restarting ->
            [words(Sup, Id, [": ", relkit_words:reason(Why)])];
        _ -> []
    end.

words(Sup, Id, Why) ->
    relkit_words:say("child ~tp of ~tp does not run~ts", [Id, Sup, Why]).
