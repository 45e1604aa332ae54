%% Accepts clients. It never waits for long, so that it can be suspended; who comes
%% meanwhile waits in the listening socket; the state is that and how many came.
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
    {ok, {Listen, 0}}.

handle_call(port, _From, {Listen, Count}) ->
    {reply, element(2, inet:port(Listen)), {Listen, Count}};
handle_call(clients, _From, {Listen, Count}) ->
    {reply, Count, {Listen, Count}}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(accept, {Listen, Count}) ->
    self() ! accept,
    case gen_tcp:accept(Listen, 50) of
        {ok, Socket} ->
            {ok, Connection} = supervisor:start_child(till_conn_sup, [Socket]),
            ok = gen_tcp:controlling_process(Socket, Connection),
            till_conn:go(Connection),
            {noreply, {Listen, Count + 1}};
        {error, timeout} ->
            {noreply, {Listen, Count}}
    end.

code_change({down, _}, {Listen, _}, _Extra) -> {ok, Listen};
code_change(_, Listen, _Extra) -> {ok, {Listen, 0}}.
