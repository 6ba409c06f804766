# SPDX-License-Identifier: MIT
# Completion of trillium's command line. What there is comes from trillium's own --help; only the values of options that
# take one of a few words stand here.

_trillium_words() { # of a help text on standard input: the first word of each indented line
    sed -n 's/^  \(-*[a-z][a-z-]*\).*/\1/p'
}

_trillium_guests() { # of `trillium ls`: numbers, and names that are one word
    awk '/^[0-9]/ { print $1; if (NF == 2 || (NF == 3 && $3 == "(paused)")) print $2 }'
}

_trillium() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} trillium=${COMP_WORDS[0]} subcommand= i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} != -* ]] && subcommand=${COMP_WORDS[i]} && break
    done
    if [ -z "$subcommand" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$trillium" --help 2>/dev/null | _trillium_words) --help --version" -- "$word")
        return
    fi
    case $before in
    --carrier) mapfile -t COMPREPLY < <(compgen -W 'shm socket' -- "$word") && return ;;
    --ir) mapfile -t COMPREPLY < <(compgen -W 'source spirv' -- "$word") && return ;;
    --svga-memory) mapfile -t COMPREPLY < <(compgen -W 'shared guest-backed' -- "$word") && return ;;
    --scheduler) mapfile -t COMPREPLY < <(compgen -W 'fair fcfs' -- "$word") && return ;;
    --sandbox) mapfile -t COMPREPLY < <(compgen -W 'strict best off' -- "$word") && return ;;
    --group) mapfile -t COMPREPLY < <(compgen -g -- "$word") && return ;;
    --profile | --socket-path | --shm | --token | --tls-certificate | --tls-key | --out | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    --attach) mapfile -t COMPREPLY < <(compgen -W "$("$trillium" ls 2>/dev/null | _trillium_guests)" -- "$word") && return ;;
    --cache) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
    esac
    case $subcommand in
    limit | pause | resume | kill)
        if [ "$before" = "$subcommand" ]; then
            local IFS=$'\n'
            mapfile -t COMPREPLY < <(compgen -W "$("$trillium" ls 2>/dev/null | _trillium_guests)" -- "$word")
            return
        elif [ "$subcommand" = limit ]; then
            compopt -o nospace 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -S = -W "$("$trillium" limit --help 2>/dev/null | sed -n 's/^  \([a-z_]*\)  .*/\1/p')" -- "$word")
            return
        fi ;;
    policy) [ "$before" = check ] && mapfile -t COMPREPLY < <(compgen -f -- "$word") && return
        [ "$before" = policy ] && mapfile -t COMPREPLY < <(compgen -W 'check reload' -- "$word") && return ;;
    esac
    # Behind the program of run, it is the program's turn.
    if [ "$subcommand" = run ]; then
        for ((i++; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
            --) break ;;
            --carrier | --ir | --svga-memory | --device | --profile | --cache | --worker-options | --sandbox | --variables) ((i++)) ;;
            -*) ;;
            *) break ;;
            esac
        done
        if ((i < COMP_CWORD)); then
            [ "${COMP_WORDS[i]}" = -- ] && ((i++))
            if ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then
                _command_offset "$i"
            elif ((i < COMP_CWORD)); then
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            else
                mapfile -t COMPREPLY < <(compgen -c -- "$word")
            fi
            return
        fi
    fi
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$trillium" "$subcommand" --help 2>/dev/null | _trillium_words)" -- "$word")
    elif [ "$subcommand" = run ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    fi
}
complete -o filenames -F _trillium trillium
