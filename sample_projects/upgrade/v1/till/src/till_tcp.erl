%% Accepts clients. It never waits for long, so that it can be suspended; who comes
%% meanwhile waits in the listening socket, which is the state.
-module(till_tcp).
-vsn(v1).
-behaviour(gen_server).
-export([start_link/0, port/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

port() -> gen_server:call(?MODULE, port).

init([]) ->
    {ok, Port} = application:get_env(till, port),
    Options = [binary, {packet, line}, {active, false}, {backlog, 128}],
    {ok, Listen} = gen_tcp:listen(Port, [{ip, {127, 0, 0, 1}} | Options]),
    self() ! accept,
    {ok, Listen}.

handle_call(port, _From, Listen) -> {reply, element(2, inet:port(Listen)), Listen}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(accept, Listen) ->
    self() ! accept,
    case gen_tcp:accept(Listen, 50) of
        {ok, Socket} ->
            {ok, Connection} = supervisor:start_child(till_conn_sup, [Socket]),
            ok = gen_tcp:controlling_process(Socket, Connection),
            till_conn:go(Connection);
        {error, timeout} ->
            ok
    end,
    {noreply, Listen}.
