#!/bin/sh
# Starts the release that this file lies in as an embedded system, in the background.
# Usage: start [START_ERL_DATA]

self=$0
while [ -h "$self" ]; do
    link=$(readlink "$self") || exit 1
    case $link in
        /*) self=$link ;;
        *) self=$(dirname -- "$self")/$link ;;
    esac
done

BINDIR=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd -P) || exit 1
ROOTDIR=${BINDIR%/*/*}
RELDIR=${RELDIR:-$ROOTDIR/releases}
DATA=${1:-$RELDIR/start_erl.data}
export BINDIR ROOTDIR RELDIR DATA

mkdir -p "$ROOTDIR/log" || exit 1
# run_erl gives its last argument to a shell, which finds the values by their names.
# shellcheck disable=SC2016
exec "$BINDIR/run_erl" -daemon /tmp/ "$ROOTDIR/log" \
    'exec "$BINDIR/start_erl" "$ROOTDIR" "$RELDIR" "$DATA"'
