%% One client; the state is its socket.
-module(till_conn).
-vsn(v1).
-behaviour(gen_server).
-export([start_link/1, go/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link(Socket) -> gen_server:start_link(?MODULE, Socket, []).

%% To be called when the socket belongs to this process.
go(Connection) -> gen_server:cast(Connection, go).

init(Socket) -> {ok, Socket}.

handle_call(_Request, _From, State) -> {reply, unknown, State}.

handle_cast(go, Socket) -> listen(Socket).

handle_info({tcp, Socket, Line}, Socket) ->
    _ = gen_tcp:send(Socket, [till_protocol:answer(Line), $\n]),
    listen(Socket);
handle_info({tcp_closed, _}, Socket) ->
    {stop, normal, Socket}.

listen(Socket) ->
    _ = inet:setopts(Socket, [{active, once}]),
    {noreply, Socket}.
