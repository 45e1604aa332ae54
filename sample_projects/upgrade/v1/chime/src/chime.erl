-module(chime).
-export([sound/0]).

sound() -> <<"ding">>.
