%% The HTTP listener: httpd of inets on the loopback interface, with this module
%% as its only handler.
-module(web_listener).
-export([start_link/0, port/0]).
-export([do/1]).

-include_lib("inets/include/httpd.hrl").

start_link() ->
    Root = filename:absname(code:lib_dir(web)),
    {ok, Pid} = inets:start(httpd,
                            [{port, port()},
                             {bind_address, {127, 0, 0, 1}},
                             {server_name, "web"},
                             {server_root, Root},
                             {document_root, Root},
                             {modules, [?MODULE]}],
                            stand_alone),
    true = link(Pid),
    true = register(?MODULE, Pid),
    {ok, Pid}.

do(#mod{request_uri = "/flag"}) ->
    {ok, Flag} = application:get_env(web, flag),
    answer(200, Flag);
do(#mod{request_uri = "/release"}) ->
    {ok, Release} = application:get_env(web, release),
    answer(200, Release);
do(#mod{request_uri = Path}) ->
    count(Path),
    case web_store:page(Path) of
        {ok, Text} -> answer(200, Text);
        error -> answer(404, "no such page")
    end.

answer(Status, Text) ->
    Body = lists:flatten(io_lib:format("~ts", [Text])),
    {proceed, [{response, {Status, Body}}]}.

%% web_metrics is optional: count only where it is in the release.
count(Path) ->
    case whereis(web_metrics) of
        undefined -> ok;
        _ -> web_metrics:count(Path)
    end.

%% Returns the port of the settings: a number, or text from an environment variable.
port() ->
    case application:get_env(web, port) of
        {ok, Port} when is_integer(Port) -> Port;
        {ok, Text} -> list_to_integer(Text)
    end.
