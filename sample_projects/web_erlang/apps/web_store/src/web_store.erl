-module(web_store).
-behaviour(gen_server).
-export([start_link/0, page/1]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Returns {ok, Text} or error.
page(Path) ->
    gen_server:call(?MODULE, {page, Path}).

init([]) ->
    {ok, Pages} = application:get_env(web_store, pages),
    {ok, maps:from_list(Pages)}.

handle_call({page, Path}, _From, Pages) ->
    {reply, maps:find(Path, Pages), Pages}.

handle_cast(_Request, Pages) ->
    {noreply, Pages}.
