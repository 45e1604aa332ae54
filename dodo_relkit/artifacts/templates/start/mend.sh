
# ---- What a start finds of an upgrade ---------------------------------------

# In releases/.upgrade, which is there during an upgrade only:
#   before/     what is written meanwhile, as it was (relkit_files.erl)
#   restart     the node is to be started into another version (relkit_restart.erl)
#   restarting  the same, once a start has taken it; restarting.pid is its process

# Sets the versions of the start that an upgrade wants, as find_version does, and
# hybrid_dir when it leads from one run-time system to another: release_handler has put
# boot file and configuration there, and old_dir is that of the version before.
take_restart() {
    [ -f "$upgrade/restart" ] || return 1
    printf '%s\n' "$$" >"$upgrade/restarting.pid" &&
        mv -f "$upgrade/restart" "$upgrade/restarting" || return 1
    read -r _ erts boot_version version before_version <"$upgrade/restarting" || :
    version_given=${RELEASE_VSN-}
    release_dir=$root/releases/$version
    if [ "$boot_version" != "$version" ]; then
        hybrid_dir=$root/releases/$boot_version
        old_dir=$root/releases/$before_version
    fi
    put_configs_back
}

# Whether a daemon that ended is to be started again: for an upgrade, or after one that
# did not come up and still waits.
daemon_is_wanted() {
    by=
    for marker in "$upgrade/restart" "$upgrade/restarting"; do
        if [ -r "$marker" ]; then
            read -r by _ <"$marker" || :
            break
        fi
    done
    [ "$by" = daemon ] || return 1
    [ "$marker" = "$upgrade/restart" ] || owner_runs
}

# Puts back what was kept in releases/.upgrade/before, if that is needed for the
# version to start as a whole. What an upgrade wants is no upgrade that was cut off.
mend_releases() {
    [ -d "$upgrade" ] && [ ! -f "$upgrade/restart" ] || return 0
    if [ -f "$upgrade/restarting" ]; then
        if restarted_runs; then return; fi
    else
        tries=0
        while owner_runs; do
            tries=$((tries + 1))
            if [ "$tries" -gt 50 ]; then return; fi
            sleep 0.1 2>/dev/null || sleep 1
        done
    fi
    hybrid_dir=
    put_configs_back
    if ! releases_agree; then
        for kept in RELEASES start_erl.data; do
            if [ -f "$before/$kept" ]; then mv -f "$before/$kept" "$root/releases/$kept"; fi
        done
    fi
    for hybrid_dir in "$root"/releases/__new_emulator__*; do
        if [ -d "$hybrid_dir" ]; then rm -rf "$hybrid_dir"; fi
    done
    hybrid_dir=
    rm -rf "$upgrade" "$root/releases/new_start_erl.data"
    say "an upgrade was cut off: what it left half done is put right"
}

# A configuration is lent to release_handler (relkit_config.erl), which still needs it
# when it goes on with the upgrade after the restart.
put_configs_back() {
    for kept in "$before"/*.config; do
        place=${kept##*/}
        place=$root/releases/${place%.config}
        if [ ! -f "$kept" ] || [ ! -d "$place" ]; then continue; fi
        if [ -n "$hybrid_dir" ] && [ "$place" = "$release_dir" ]; then continue; fi
        if [ "$(cat "$kept")" = none ]; then
            rm -f "$place/sys.config" "$kept"
        else
            mv -f "$kept" "$place/sys.config"
        fi
    done
}

# Whether the asking VM of an upgrade is still there.
owner_runs() {
    owner=
    if [ -r "$before/owner" ]; then read -r owner <"$before/owner" || :; fi
    [ -n "$owner" ] || return 1
    is_ours "$owner"
}

# Whether the node that took a start is there. In a container its number may be ours.
restarted_runs() {
    taker=$$
    if [ -r "$upgrade/restarting.pid" ]; then read -r taker <"$upgrade/restarting.pid" || :; fi
    [ "$taker" != "$$" ] && is_ours "$taker"
}

# Whether a process is there and, where that can be seen, of this release.
is_ours() {
    alive "$1" || return 1
    [ ! -r "/proc/$1/cmdline" ] || tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$root"
}

# Whether start_erl.data and RELEASES are whole and call the same version permanent,
# and no start is left that nobody took.
releases_agree() {
    starts=
    read -r _ starts <"$root/releases/start_erl.data" || :
    [ -n "$starts" ] && [ -d "$root/releases/$starts" ] || return 1
    tr -d ' \t\n' <"$root/releases/RELEASES" | awk -v vsn="$starts" '
        { all = all $0 }
        END {
            count = split(all, each, "[{]release,")
            for (i = 2; i <= count; i++) {
                if (index(each[i], ",\"" vsn "\",") && each[i] ~ /,permanent[}]/) found = 1
                if (each[i] ~ /,tmp_current[}]/) tried = 1
            }
            exit !(found && !tried && all ~ /[]][.]$/)
        }'
}
