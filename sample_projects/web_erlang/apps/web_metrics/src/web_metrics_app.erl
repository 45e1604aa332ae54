-module(web_metrics_app).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).

start(_Type, _Args) ->
    supervisor:start_link({local, web_metrics_sup}, ?MODULE, []).

stop(_State) ->
    ok.

init([]) ->
    Metrics = #{id => web_metrics, start => {web_metrics, start_link, []}},
    {ok, {#{}, [Metrics]}}.
