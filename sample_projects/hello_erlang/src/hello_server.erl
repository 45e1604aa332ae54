-module(hello_server).
-behaviour(gen_server).
-export([start_link/0, greet/1]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Returns the greeting for Name and how many were greeted so far.
greet(Name) when is_binary(Name) ->
    gen_server:call(?MODULE, {greet, Name}).

init([]) ->
    {ok, Greeting} = application:get_env(hello, greeting),
    {ok, {unicode:characters_to_binary(Greeting), 0}}.

handle_call({greet, Name}, _From, {Greeting, Count}) ->
    Answer = <<Greeting/binary, ", ", Name/binary, "!">>,
    {reply, {Answer, Count + 1}, {Greeting, Count + 1}}.

handle_cast(_Request, State) ->
    {noreply, State}.
