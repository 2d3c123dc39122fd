#!/bin/sh
# man.sh -- the manual page, from the command's own help.  usage: man.sh path/to/keymuster >keymuster.1
set -e
help() {
	echo .nf
	"$1" help $2 | sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^[.']/\\\\\&&/"
	echo .fi
}
printf '.TH KEYMUSTER 1 "" "%s"\n' "$("$1" --version | head -1)"
printf '.SH NAME\nkeymuster \\- group keys for mission\\-critical groups by MIKEY\\-SAKKE\n.SH SYNOPSIS\n'
help "$1" ''
# Two words where the second is one in lower case: lab kms, lab user.
"$1" help | sed -n '/^Everywhere/,$d; /^  help /d; s/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\) .*/\1/p' | while read -r command; do
	printf '.SH KEYMUSTER %s\n' "$(echo "$command" | tr a-z A-Z)"
	help "$1" "$command"
done
