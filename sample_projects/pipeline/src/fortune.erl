-module(fortune).
-export([tell/1, count/0]).

%% Returns the fortune with this number, from 1.
tell(Number) ->
    lists:nth(Number, fortune_data:all()).

count() ->
    length(fortune_data:all()).
