%% Accepts clients. It never waits for long, so that it can be suspended; who comes
%% meanwhile waits in the listening socket; the state is that and how many came, as a map.
-module(till_tcp).
-behaviour(gen_server).
-export([start_link/0, port/0, clients/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

port() -> gen_server:call(?MODULE, port).

clients() -> gen_server:call(?MODULE, clients).

init([]) ->
    {ok, Port} = application:get_env(till, port),
    Options = [binary, {packet, line}, {active, false}, {backlog, 128}],
    {ok, Listen} = gen_tcp:listen(Port, [{ip, {127, 0, 0, 1}} | Options]),
    self() ! accept,
    {ok, #{listen => Listen, clients => 0}}.

handle_call(port, _From, #{listen := Listen} = State) ->
    {reply, element(2, inet:port(Listen)), State};
handle_call(clients, _From, #{clients := Count} = State) ->
    {reply, Count, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(accept, #{listen := Listen, clients := Count} = State) ->
    self() ! accept,
    case gen_tcp:accept(Listen, 50) of
        {ok, Socket} ->
            {ok, Connection} = supervisor:start_child(till_conn_sup, [Socket]),
            ok = gen_tcp:controlling_process(Socket, Connection),
            till_conn:go(Connection),
            {noreply, State#{clients := Count + 1}};
        {error, timeout} ->
            {noreply, State}
    end.

code_change({down, v1}, #{listen := Listen}, _Extra) ->
    {ok, Listen};
code_change(v1, Listen, _Extra) ->
    {ok, #{listen => Listen, clients => 0}};
code_change({down, _}, #{listen := Listen, clients := Count}, _Extra) ->
    {ok, {Listen, Count}};
code_change(_, {Listen, Count}, _Extra) ->
    {ok, #{listen => Listen, clients => Count}}.
