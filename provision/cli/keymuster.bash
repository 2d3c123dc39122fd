# keymuster.bash -- completion for bash: commands and options, as the command's own help has them.

_keymuster() {
	local me=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} command= words= i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		lab | state) [ -n "$command" ] && break || command=${COMP_WORDS[i]} ;;
		*)
			command+=${command:+ }${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [[ $word == -* ]]; then
		words="$("$me" help $command 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u) --quiet --verbose"
	elif [ -z "$command" ]; then
		words=$("$me" help | sed -n '/^Everywhere/,$d; s/^  \([a-z]*\) .*/\1/p')
	elif [ "$command" = lab ] || [ "$command" = state ]; then
		words=$("$me" help | sed -n "s/^  $command \([a-z|]*\) .*/\1/p" | tr '|' '\n')
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
# Where nothing fits, names of files.
complete -o default -F _keymuster keymuster
