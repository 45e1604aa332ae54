%% One client; the state is its socket and how many lines were
%% answered, as a map.
-module(till_conn).
-behaviour(gen_server).
-export([start_link/1, go/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).

start_link(Socket) -> gen_server:start_link(?MODULE, Socket, []).

%% To be called when the socket belongs to this process.
go(Connection) -> gen_server:cast(Connection, go).

init(Socket) -> {ok, #{socket => Socket, answered => 0}}.

handle_call(_Request, _From, State) -> {reply, unknown, State}.

handle_cast(go, State) -> listen(State).

handle_info({tcp, Socket, Line}, #{socket := Socket, answered := Answered} = State) ->
    _ = gen_tcp:send(Socket, [till_words:answer(Line), $\n]),
    listen(State#{answered := Answered + 1});
handle_info({tcp_closed, _}, State) ->
    {stop, normal, State}.

listen(#{socket := Socket} = State) ->
    _ = inet:setopts(Socket, [{active, once}]),
    {noreply, State}.

code_change({down, v1}, #{socket := Socket}, _Extra) ->
    {ok, Socket};
code_change(v1, Socket, _Extra) ->
    {ok, #{socket => Socket, answered => 0}};
code_change({down, _}, #{socket := Socket, answered := Answered}, _Extra) ->
    {ok, {Socket, Answered}};
code_change(_, {Socket, Answered}, _Extra) ->
    {ok, #{socket => Socket, answered => Answered}}.
