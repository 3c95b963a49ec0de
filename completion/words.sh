# What may stand at a place of the command line; the same in bash and zsh.

# _ser2net_words PROGRAM WORD...: the words that may stand in the place of the last one, one a line.
_ser2net_words() {
  local program=$1 command=$2 value='' position=0
  local target=()
  shift
  if [ $# -eq 1 ]; then
    _ser2net_commands
    _ser2net_options daemon
    return
  fi
  case $command in
    --upgrade) shift ;;
    -*) command=daemon ;;
    *) shift ;;
  esac
  while [ $# -gt 1 ]; do
    if [ -n "$value" ]; then
      case $value in -H | --instance | --socket) target+=("$value" "$1") ;; esac
      value=''
    elif _ser2net_takes "$command $1"; then
      value=$1
    else
      case $1 in -*) ;; *) position=$((position + 1)) ;; esac
    fi
    shift
  done
  if [ -n "$value" ]; then
    _ser2net_values "$command $value"
    return
  fi
  case $1 in -*) _ser2net_options "$command" ;; esac
  case "$command $position" in
    watch\ * | set\ 0 | pulse\ 0 | say\ 0) _ser2net_ports ;;
    who\ 0 | attach\ 0 | take\ 0 | break\ 0 | disconnect\ 0 | log\ 0 | doctor\ 0) _ser2net_ports ;;
    pulse\ 1) printf '%s\n' esp-reset esp-download arduino-reset ;;
    set\ *) _ser2net_port_words ;;
    board\ 0) _ser2net_subcommands board ;;
    board\ 1) _ser2net_boards ;;
    fleet\ 0) printf '%s\n' run check console ;;
  esac
}

# Of the daemons that are asked: network ports, labels, ids and DEVICE names.
_ser2net_ports() {
  "$program" ports "${target[@]}" --json 2>/dev/null |
    grep -o '"\(port\|label\|id\|deviceName\)":"[^"\\]*"' | cut -d '"' -f 4 | grep -v '^/' | sort -u
}

_ser2net_boards() {
  "$program" board list 2>/dev/null | cut -f 1
}

# _ser2net_values 'COMMAND OPTION': the values of an option; none: names of files, or any text.
_ser2net_values() {
  case ${1#* } in
    --board) echo auto && _ser2net_boards ;;
    --dbus) printf '%s\n' system session; case $1 in daemon\ *) echo off ;; esac ;;
    --instance) "$program" ports --json 2>/dev/null | grep -o '"instance":"[^"\\]*"' | cut -d '"' -f 4 | sort -u ;;
  esac
}
