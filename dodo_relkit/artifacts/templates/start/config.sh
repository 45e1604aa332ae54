
# ---- vm.args and sys.config -------------------------------------------------

# Both are read by awk in the C locale, so that bytes stay bytes. `${NAME}` and
# `${NAME:-default}` are replaced once, from left to right: what a value holds is
# never looked at again.
awk_variables='
    # A whole file, its last newline or lack of one as well.
    function slurp(path,    all, part, got, end) {
        RS = "\001"
        while ((got = (getline part < path)) > 0) {
            all = all end part
            end = RS
        }
        close(path)
        if (got < 0) fail("cannot read " path)
        return all
    }
    function fail(message) {
        print message | "cat >&2"
        close("cat >&2")
        failed = 1
        exit 1
    }
    # Is there a variable at the start of the text? Sets value and span.
    function variable(text,    inner, cut, name) {
        if (!replace) return 0
        if (!match(text, /^[$][{][A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?[}]/)) return 0
        span = RLENGTH
        inner = substr(text, 3, span - 3)
        cut = index(inner, ":-")
        name = cut ? substr(inner, 1, cut - 1) : inner
        value = (name in ENVIRON) ? ENVIRON[name] "" : ""
        if (value == "" && cut) value = substr(inner, cut + 2)
        return 1
    }
'

# Reads vm.args by the rules of erlexec, takes the name and the cookie out and writes
# what is left, one argument a line. A value of the environment is always part of one
# argument. Prints the name flag, the name, the cookie and, on the last line, the
# arguments that whoever connects needs as well.
awk_vm_args='
    function words(text, depth,    i, n, c, rest, word, open, quote) {
        if (depth > 20) fail("-args_file leads back to itself")
        n = length(text)
        for (i = 1; i <= n; i++) {
            c = substr(text, i, 1)
            if (c == "$" && variable(substr(text, i, 4096))) {
                word = word value
                if (value != "") open = 1
                i += span - 1
            } else if (quote != "") {
                if (c == quote) quote = ""
                else word = word c
            } else if (c == "\"" || c == "\047") {
                quote = c
                open = 1
            } else if (c == "\\") {
                word = word substr(text, ++i, 1)
                open = 1
            } else if (c == "#" || c ~ /[ \t\n\r\f\v]/) {
                if (open) take(word, depth)
                word = ""
                open = 0
                if (c == "#") {
                    rest = index(substr(text, i), "\n")
                    if (rest == 0) return
                    i += rest - 1
                }
            } else {
                word = word c
                open = 1
            }
        }
        if (open) take(word, depth)
    }
    function take(word, depth,    was) {
        was = wanted
        if (extra) {
            emit(word)
        } else if (was == "-args_file") {
            wanted = ""
            words(slurp(word), depth + 1)
        } else if (was == "-name" || was == "-sname") {
            wanted = ""
            name_flag = was
            name = word
        } else {
            if (was == "-setcookie" && word !~ /^[-+]/) {
                cookies[++cookie_words] = word
                return
            }
            cookie_ends()
            wanted = ""
            if (word == "-extra") {
                extra = 1
                emit(word)
            } else if (word ~ /^-(args_file|name|sname|setcookie)$/) {
                wanted = word
            } else if (!(word == "-heart" && without_heart)) {
                emit(word)
            }
        }
    }
    # One word is the cookie of this node; two are the cookie of another node.
    function cookie_ends(    i) {
        if (cookie_words == 1) cookie = cookies[1]
        if (cookie_words > 1) {
            emit("-setcookie")
            for (i = 1; i <= cookie_words; i++) emit(cookies[i])
        }
        cookie_words = 0
    }
    function emit(word,    i, c, line) {
        if (word ~ /^[-+]/) shared = !extra && index(dist_names, " " word " ")
        for (i = 1; i <= length(word); i++) {
            c = substr(word, i, 1)
            line = line (c ~ /[A-Za-z0-9]/ || index("-_.,:@=/+", c) ? c : "\\" c)
        }
        if (line == "") line = "\047\047"
        left = left line "\n"
        if (shared) dist_flags = dist_flags line " "
    }
    BEGIN {
        dist_names = " -proto_dist -ssl_dist_opt -ssl_dist_optfile -epmd_module "
        dist_names = dist_names "-erl_epmd_port "
        without_heart = (mode == "eval")
        if (vm_args != "") words(slurp(vm_args), 0)
        replace = 0
        words(ENVIRON["relkit_erl_opts"], 0)
        cookie_ends()
        if (failed) exit 1
        if (out != "") printf "%s", left > out
        print name_flag; print name; print cookie; print dist_flags "."
    }
'

# Replaces variables in an Erlang configuration: inside a string or a quoted atom so
# that the value is exactly the text, elsewhere as it is, in comments not at all.
awk_sys_config='
    function inside(value, quote,    i, c, escaped) {
        for (i = 1; i <= length(value); i++) {
            c = substr(value, i, 1)
            if (c == "\\" || c == quote) c = "\\" c
            else if (c == "\n") c = "\\n"
            escaped = escaped c
        }
        return escaped
    }
    BEGIN {
        text = slurp(source)
        n = length(text)
        for (i = 1; i <= n; i++) {
            c = substr(text, i, 1)
            if (c == "$" && state != "%" && variable(substr(text, i, 4096))) {
                c = (state == "\"" || state == "\047") ? inside(value, state) : value
                i += span - 1
            } else if (state == "%") {
                if (c == "\n") state = ""
            } else if (state == "\"\"\"") {
                if (c == "\n" && match(substr(text, i), /^\n[ \t]*"""/)) {
                    c = substr(text, i, RLENGTH)
                    i += RLENGTH - 1
                    state = ""
                }
            } else if (state != "") {
                if (c == "\\") c = c substr(text, ++i, 1)
                else if (c == state) state = ""
            } else if (c == "$") {
                c = c substr(text, ++i, 1)
                if (c == "$\\") c = c substr(text, ++i, 1)
            } else if (c == "\"" && substr(text, i) ~ /^"""[ \t]*\n/) {
                state = "\"\"\""
                c = state
                i += 2
            } else if (c == "%" || c == "\"" || c == "\047") {
                state = c
            }
            printf "%s", c
        }
    }
'

# Prints 1 when variables are to be replaced, else 0.
replacing() {
    case ${REPLACE_OS_VARS:-${RELX_REPLACE_OS_VARS-}} in
    '' | false | 0) echo 0 ;;
    *) echo 1 ;;
    esac
}

# Prints the first file there is: the one named by the environment, the one of the
# configuration directory, the one of the release.
config_file() {
    if [ -n "$2" ]; then
        [ -r "$2" ] || die "cannot read $2"
        printf '%s\n' "$2"
        return
    fi
    for place in "${RELEASE_CONFIG_DIR:-$root}/$1" "$release_dir/$1"; do
        if [ -r "$place" ]; then
            printf '%s\n' "$place"
            return
        fi
    done
}

# Sets name_flag, vm_name, vm_cookie and dist_flags from vm.args and ERL_OPTS. With two
# arguments it also writes what is left of the arguments to the first;
# the second says for what: start or eval.
read_vm_args() {
    source=$(config_file vm.args "${VMARGS_PATH:-${RELEASE_VM_ARGS-}}") || exit 1
    hide
    facts=$(relkit_erl_opts="$erl_opts_default ${ERL_OPTS-}" LC_ALL=C awk \
        -v replace="$(replacing)" -v vm_args="$(awk_text "$source")" \
        -v out="$(awk_text "${1-}")" -v mode="${2-}" \
        "$awk_variables$awk_vm_args") || die "$source cannot be used"
    name_flag=${facts%%"$newline"*}
    facts=${facts#*"$newline"}
    vm_name=${facts%%"$newline"*}
    facts=${facts#*"$newline"}
    vm_cookie=${facts%%"$newline"*}
    facts=${facts#*"$newline"}
    dist_flags=${facts%.}
    unset facts
    show
}

# Prints text so that awk -v gives it back: awk reads escapes in it.
awk_text() { printf '%s' "$1" | sed 's/\\/\\\\/g'; }

# Sets sys_config, the file for -config; writes a copy to directory $1 if need be.
read_sys_config() {
    source=$(config_file sys.config "${SYS_CONFIG_PATH:-${RELEASE_SYS_CONFIG:-${RELX_CONFIG_PATH-}}}") || exit 1
    sys_config=$source
    [ -n "$source" ] || return 0
    case $(replacing)$source in
    0*.config) return ;;
    esac
    LC_ALL=C awk -v replace="$(replacing)" -v source="$(awk_text "$source")" \
        "$awk_variables$awk_sys_config" </dev/null | write_private "$1/sys.config"
    sys_config=$1/sys.config
}
