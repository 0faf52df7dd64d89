/**
 * What each shell reads to complete a command line. All hand the words to `cutter complete` as they were typed: nothing of a line is evaluated,
 * because a line that somebody pasted may hold `$(…)`. The answer is a line for each value, with a tab and a description, and at the end `:0`
 * where names of files may follow, else `:4`.
 */

/** Needs neither the package bash-completion nor a bash newer than 3.2. */
const BASH = `# bash completion for cutter

__cutter_complete() {
    local rest=\${COMP_LINE:0:COMP_POINT} word trimmed line files=no index
    local words=()
    # Bash also takes words apart at = and : and @. What no space separates is one word here.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        trimmed=\${rest#"\${rest%%[![:space:]]*}"}
        word=\${COMP_WORDS[index]}
        ((index == COMP_CWORD)) && word=$trimmed
        if ((index == 0)) || [[ $trimmed != "$rest" ]]; then
            words[\${#words[@]}]=$word
        else
            words[\${#words[@]} - 1]+=$word
        fi
        rest=\${trimmed#"$word"}
    done
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :0) files=yes ;;
            :*) ;;
            *) COMPREPLY[\${#COMPREPLY[@]}]=\${line%%$'\\t'*} ;;
        esac
    done < <(cutter complete -- "\${words[@]:1}" 2>/dev/null </dev/null)
    # Bash 3.2 has no compopt: it offers files wherever nothing else follows.
    if [[ $files == no ]] && type compopt >/dev/null 2>&1; then
        compopt +o default
    fi
}

complete -o default -F __cutter_complete cutter
`

const ZSH = `#compdef cutter
# zsh completion for cutter

_cutter() {
    local -a answer values
    local line files=no
    answer=("\${(@f)$(cutter complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
    for line in "\${answer[@]}"; do
        case $line in
            :0) files=yes ;;
            :*|'') ;;
            *) values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
        esac
    done
    [[ $PREFIX == --*=* ]] && compset -P '*='
    if (( \${#values} )); then
        _describe cutter values
    elif [[ $files == yes && $PREFIX != *['\`(']* ]]; then
        # The files of zsh run the commands that stand in a path.
        _files
    fi
}

# Read as a file of fpath it completes at once; sourced it is registered.
if [[ \${funcstack[1]} == _cutter ]]; then
    _cutter "$@"
else
    compdef _cutter cutter
fi
`

const FISH = `# fish completion for cutter

function __cutter_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (cutter complete -- $words[2..-1] "$current" 2>/dev/null </dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$current")
    set -l count 0
    for line in $answer
        if not string match -q -- ':*' $line
            printf '%s%s\\n' "$option" "$line"
            set count (math $count + 1)
        end
    end
    if test $count -eq 0; and contains -- :0 $answer
        __fish_complete_path "$current"
    end
end

complete -c cutter -e
complete -c cutter -f -a '(__cutter_complete)'
`

export const SHELL_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH }
