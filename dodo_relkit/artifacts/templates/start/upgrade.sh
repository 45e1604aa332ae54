
# ---- Another version on the running node ------------------------------------

# Prints the modules that do it. They run in the asking VM, as they stand here: there
# may be no compiler in the release.
upgrade_modules() {
    cat <<'END_OF_MODULES'
@relkit_upgrade.erl@
@relkit_install.erl@
@relkit_children.erl@
@relkit_relup.erl@
@relkit_restart.erl@
@relkit_node.erl@
@relkit_package.erl@
@relkit_config.erl@
@relkit_files.erl@
@relkit_words.erl@
END_OF_MODULES
}

# Evaluates modules from their text: calls between them stay calls, those of a name
# that no module here exports go to OTP. Then calls relkit_upgrade:main/1.
erl_upgrade='
{ok, All, _} = erl_scan:string(unicode:characters_to_list(Env("RELKIT_MODULES"))),
Cut = fun
    Next([], [], Forms) -> lists:reverse(Forms);
    Next([{dot, _} = Dot | Rest], Form, Forms) ->
        {ok, Parsed} = erl_parse:parse_form(lists:reverse([Dot | Form])),
        Next(Rest, [], [Parsed | Forms]);
    Next([Token | Rest], Form, Forms) -> Next(Rest, [Token | Form], Forms)
end,
{_, Functions} = lists:foldl(
    fun
        ({attribute, _, module, Module}, {_, Known}) -> {Module, Known};
        ({function, _, Function, Arity, Clauses}, {Module, Known}) ->
            {Module, maps:put({Module, Function, Arity}, Clauses, Known)};
        (_, Found) -> Found
    end,
    {none, #{}}, Cut(All, [], [])),
Call = fun CallIt(Module, Function, Given) ->
    Here = {value, fun(Local, Values) -> CallIt(Module, Local, Values) end},
    There = {value, fun
        ({Other, Name2}, Values) ->
            case maps:is_key({Other, Name2, length(Values)}, Functions) of
                true -> CallIt(Other, Name2, Values);
                false -> apply(Other, Name2, Values)
            end;
        (Fun, Values) -> apply(Fun, Values)
    end},
    Clauses = maps:get({Module, Function, length(Given)}, Functions),
    {value, Body, _} = erl_eval:expr({'\''fun'\'', 1, {clauses, Clauses}}, [], Here, There),
    apply(Body, Given)
end,
Word = fun(Variable) -> unicode:characters_to_list(Env(Variable)) end,
Wait = fun(Variable, Option) ->
    case Word(Variable) of
        "" -> [];
        "infinity" -> [{Option, infinity}];
        Seconds -> [{Option, 1000 * list_to_integer(Seconds)}]
    end
end,
Root = Word("RELKIT_ROOT"),
Job = #{
    target => Target, root => Root, releases => Root ++ "/releases",
    name => Word("RELKIT_NAME"), script => Word("RELKIT_SCRIPT"),
    action => Word("RELKIT_ACTION"), version => Word("RELKIT_VERSION"),
    file => Word("RELKIT_FILE"), permanent => Env("RELKIT_PERMANENT") =:= <<"yes">>,
    free => 1024 * list_to_integer(Word("RELKIT_FREE")),
    otp_lib => Word("RELKIT_OTP_LIB"), erts_included => Env("RELKIT_ERTS") =:= <<"yes">>,
    restart => Env("RELKIT_RESTART") =:= <<"yes">>, supervised => Word("RELEASE_SUPERVISED"),
    patience => list_to_integer(Word("RELKIT_SECONDS")),
    options => Wait("CODE_CHANGE_TIMEOUT", code_change_timeout)
        ++ Wait("SUSPEND_TIMEOUT", suspend_timeout)
},
Connect() orelse Refused(),
case Call(relkit_upgrade, main, [Job]) of
    {0, Said} -> io:put_chars([Said, "\n"]), Finish(0);
    {Failed, []} -> Finish(Failed);
    {Failed, Said} -> Complain(Said), Finish(Failed)
end.
'

# Asks the node to do $1 with the version $2 or, if that is a path, a tarball.
upgrade_node() {
    RELKIT_ACTION=$1
    RELKIT_VERSION=
    RELKIT_FILE=
    case $2 in
    '') ;; # commit takes the version that runs
    */* | *.tar.gz)
        [ -f "$2" ] || die_refused "there is no file $2"
        RELKIT_FILE=$(CDPATH='' cd -- "$(dirname -- "$2")" && pwd -P)/${2##*/}
        ;;
    *)
        sane_version "$2"
        RELKIT_VERSION=$2
        ;;
    esac
    refuse_build_output
    find_target
    RELKIT_FREE=$(df -Pk "$root/releases" | sed -n 's/.* \([0-9]\{1,\}\)  *[0-9]*%.*/\1/p')
    : "${RELKIT_FREE:=0}"
    for seconds in "${CODE_CHANGE_TIMEOUT-}" "${SUSPEND_TIMEOUT-}"; do
        case $seconds in
        infinity) ;;
        0 | *[!0-9]* | ???????*)
            die "CODE_CHANGE_TIMEOUT and SUSPEND_TIMEOUT are seconds, below a million, or infinity"
            ;;
        esac
    done
    RELKIT_SECONDS=${DAEMON_TIMEOUT:-60}
    case $RELKIT_SECONDS in
    *[!0-9]*) die "DAEMON_TIMEOUT is seconds" ;;
    esac
    RELKIT_MODULES=$(upgrade_modules)
    RELKIT_ROOT=$root
    RELKIT_NAME=$program_release
    RELKIT_SCRIPT=$script
    RELKIT_OTP_LIB=$otp_root/lib
    RELKIT_ERTS=${erts_included:-no}
    export RELKIT_ACTION RELKIT_VERSION RELKIT_FILE RELKIT_MODULES RELKIT_ROOT RELKIT_NAME \
        RELKIT_SCRIPT RELKIT_OTP_LIB RELKIT_ERTS RELKIT_FREE RELKIT_PERMANENT \
        RELKIT_RESTART RELKIT_SECONDS
    exec_client "$erl_upgrade"
}

die_refused() {
    say "$@"
    exit 2
}

sane_version() {
    case $1 in
    '' | . | .. | -* | *[!A-Za-z0-9._+~-]*)
        die_refused "a version is letters, digits and . _ + ~ -, not '$1'"
        ;;
    esac
}

# In the directory where the release was built the applications may be links into the
# sources, and the build writes there as well. That directory and the build's own name
# each other; a copy is not the one that is named.
refuse_build_output() {
    [ -f "$root/releases/.built-here" ] || return 0
    built_at=$(
        IFS= read -r way <"$root/releases/.built-here" && CDPATH='' cd -- "$root/$way" &&
            IFS= read -r way <release-directory && CDPATH='' cd -- "$way" && pwd -P
    ) 2>/dev/null || return 0
    if [ "$built_at" = "$root" ]; then
        die_refused "$root is where the release was built: unpack the tarball elsewhere" \
            "and upgrade there"
    fi
}

# The commands: $1 is the name, the rest what was given.
change_version() {
    RELKIT_PERMANENT=yes
    RELKIT_RESTART=no
    what=
    command=$1
    shift
    for argument; do
        case $command$argument in
        install--no-permanent | upgrade--no-permanent | downgrade--no-permanent) RELKIT_PERMANENT=no ;;
        install--restart | upgrade--restart | downgrade--restart) RELKIT_RESTART=yes ;;
        *)
            [ -z "$what" ] || die_refused "$command wants one version"
            what=$argument
            ;;
        esac
    done
    case $command$what in
    unpack | install | upgrade | downgrade | uninstall) die_refused "$command wants a version" ;;
    install*/* | uninstall*/*) die_refused "$command wants a version, not a file" ;;
    commit)
        refuse_build_output
        what=
        ;;
    esac
    case $command in
    downgrade) command=upgrade ;;
    esac
    upgrade_node "$command" "$what"
}

# For relkit_config:of_version/2: prints the file that is the sys.config of the version
# RELKIT_RELEASE_VSN, whose directory may be elsewhere, how it names the node, and its
# cookie.
config_of() {
    find_target
    make_node_dir
    release_dir=$RELKIT_RELEASE_DIR
    RELEASE_VSN=$RELKIT_RELEASE_VSN
    make_private "$node_dir/config-$RELEASE_VSN"
    read_sys_config "$node_dir/config-$RELEASE_VSN"
    find_node
    find_cookie
    hide
    printf '%s\n%s\n%s' "$sys_config" "$target" "$cookie"
    show
}
