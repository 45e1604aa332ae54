#!/bin/sh
# Starts the run-time system that this file lies in, wherever that was put.
# For OTP installs without `dyn_erl`, which does the same.

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
EMU=beam
PROGNAME=${0##*/}
export BINDIR ROOTDIR EMU PROGNAME

exec "$BINDIR/erlexec" "$@"
