#!/bin/bash
# header.sh -- provision/gmk.h can be bound to any language, and grow: no arrays in structs, no functions to call but those
# of km_*_calls, no bool, no FILE, and struct_size at the start of each struct.  First it shows on planted headers that it
# can fail.
# usage: tests/header.sh
# Ends in "N passed, N failed, N skipped"; exit 1 where one failed.
set -u
cd "${0%/*}/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/verdict.sh

# Structs that are given by value or in arrays, and so can never grow.
fixed='km_str km_time km_mark'

# What in header $1 is not so, a line each.
complaints() {
	awk -v fixed="$fixed" '
	BEGIN { n = split(fixed, word, " "); for (i = 1; i <= n; i++) is_fixed[word[i]] = 1 }
	function said(what) { print what ": " $0 }
	# without comments and strings
	{
		line = $0
		$0 = ""
		while (line != "")
			if (in_comment) {
				at = index(line, "*/")
				line = at ? substr(line, at + 2) : ""
				in_comment = !at
			} else {
				at = index(line, "/*")
				$0 = $0 (at ? substr(line, 1, at - 1) : line)
				line = at ? substr(line, at + 2) : ""
				in_comment = at > 0
			}
		gsub(/"[^"]*"/, "\"\"")
	}
	/^[ \t]*#[ \t]*include[ \t]*</ { said("system header") }
	/(^|[^A-Za-z0-9_])(bool|_Bool|FILE|va_list|time_t|long)([^A-Za-z0-9_]|$)/ { said("type") }
	/^(typedef )?struct[^;]*\{/ { in_struct = 1; first = ""; arrays = pointers = ""; next }
	in_struct && /^\}/ {
		name = $0
		gsub(/[} ;]/, "", name)
		in_struct = 0
		if (arrays != "")
			print "array in " name ": " arrays
		if (pointers != "" && name !~ /^km_[a-z_]*_calls$/)
			print "function in " name ": " pointers
		if (first !~ /^[ \t]*size_t struct_size;[ \t]*$/ && !(name in is_fixed))
			print "no struct_size in " name
		next
	}
	in_struct && first == "" && /[^ \t]/ { first = $0 }
	in_struct && /\[/ { arrays = $0 }
	in_struct && /\(\*/ { pointers = $0; next }
	/\(\*/ { said("function") }' "$1"
}

# planted WHAT TEXT SAID: that text is complained of so; SAID empty: it is not.
planted() {
	local what=$1 out
	shift
	printf '%b' "$1" >"$dir/planted.h"
	out=$(complaints "$dir/planted.h" | sed 's/:.*//')
	[ "$out" = "$2" ] || echo "$out"
	[ "$out" = "$2" ]
	verdict $? "$what is ${2:+not }let through"
}

size='\tsize_t struct_size;\n'
planted "an array in a struct" "typedef struct {\n${size}\tuint8_t uid[32];\n} km_made;\n" "array in km_made"
planted "a call in a struct" "typedef struct {\n${size}\tint (*each)(void *ctx);\n} km_pool_how;\n" "function in km_pool_how"
planted "a call in a km_*_calls" "typedef struct {\n${size}\tint (*each)(void *ctx);\n} km_pool_calls;\n" ""
planted "a struct without its size at the start" "typedef struct {\n\tuint32_t kms;\n${size}} km_kms_info;\n" "no struct_size in km_kms_info"
planted "a struct that does not grow" "typedef struct {\n\t/* seconds */\n\tint64_t seconds;\n} km_time;\n" ""
planted "a bool" "KM_API bool km_uri_same(km_str a, km_str b);\n" "type"
planted "a FILE" "KM_API void km_show(FILE *out);\n" "type"
planted "a call as an argument" "KM_API void km_tell(void (*remark)(void *ctx));\n" "function"
planted "a header of the system" "#include <stdio.h>\n" "system header"
planted "a comment of them" "/* FILE:LINE, *this\n * a bool (*) */ /* *is */\nKM_API void km_uid(uint8_t uid[KM_UID_BYTES]);\n" ""

none "$(complaints provision/gmk.h)" "provision/gmk.h is so"
verdicts
