# Completion of ser2net for bash: commands, options, and the ports, labels and boards that there are at the moment.
# shellcheck shell=bash

@words@

_ser2net() {
  local words=() word
  # Not COMP_WORDS: bash separates words at colons, which network ports have.
  read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
  [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
  local last=${words[${#words[@]} - 1]}
  local kept=${last%"${last##*:}"}
  COMPREPLY=()
  while IFS= read -r word; do
    [[ $word == "$last"* ]] || continue
    word=${word#"$kept"}
    [[ $word =~ [^[:alnum:]_.,:/@%+=-] ]] && word=$(printf %q "$word") # a label with blanks
    COMPREPLY+=("$word")
  done < <(_ser2net_words "${words[@]}")
  [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
  return 0
}

# Where nothing fits, names of files are offered.
complete -o bashdefault -o default -F _ser2net ser2net
