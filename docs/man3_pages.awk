# man3_pages.awk -- writes the pages of what man3.awk has read.

# ---- text ------------------------------------------------------------------------------------------

function unquoted(s) {
	sub(/^[^"]*"/, "", s)
	sub(/"[^"]*$/, "", s)
	return s
}

# A comment without its marks: lines, with those of a list indented.
function plain(s) {
	sub(/^[ \t]*\/\*[ \t]*/, "", s)
	sub(/[ \t]*\*\/[ \t]*$/, "", s)
	gsub(/\n[ \t]*\* ?/, "\n", s)
	return s
}

function title(s) {
	s = plain(s)
	sub(/\n.*/, "", s)
	gsub(/^-* *| *-*$/, "", s)
	return s
}

function ruler_prose(s) {
	s = plain(s)
	if (!sub(/^[^\n]*\n/, "", s))
		return ""
	sub(/^[ \t\n]+/, "", s)
	return s
}

function escaped(s) {
	gsub(/\\/, "\\e", s)
	return s
}

# A word of prose: our names in bold, functions and types that have a page with its section.
function marked(word, here,    before, name, after) {
	word = escaped(word)
	after = word
	word = ""
	while (match(after, /(km|KM)_[A-Za-z0-9_]+\*?/)) {
		before = substr(after, 1, RSTART - 1)
		name = substr(after, RSTART, RLENGTH)
		after = substr(after, RSTART + RLENGTH)
		word = word before "\\fB" name "\\fP" (name in known && name != here ? "(3)" : "")
	}
	return word after
}

# Words as lines of at most 76 octets, in bold where they are ours or as_they_are; none begins as a request does.
function filled(s, here, as_they_are,    count, words, k, line, result, word) {
	count = split(s, words, /[ \t\n]+/)
	line = result = ""
	for (k = 1; k <= count; k++) {
		word = as_they_are ? words[k] : marked(words[k], here)
		if (word == "")
			continue
		if (line != "" && length(line) + 1 + length(word) > 76) {
			result = result guarded(line) "\n"
			line = ""
		}
		line = line == "" ? word : line " " word
	}
	return line == "" ? result : result guarded(line) "\n"
}

function guarded(line) {
	return line ~ /^[.']/ ? "\\&" line : line
}

# Paragraphs, and lists whose items begin with "  - ".
function prose(s, here,    count, lines, k, part, result, is_item) {
	count = split(s, lines, "\n")
	result = part = ""
	is_item = 0
	for (k = 1; k <= count + 1; k++) {
		if (k > count || lines[k] ~ /^[ \t]*$/ || lines[k] ~ /^  - /) {
			if (part != "")
				result = result (is_item ? ".IP \\(bu 2\n" : ".PP\n") filled(part, here)
			is_item = lines[k] ~ /^  - /
			part = lines[k]
			sub(/^  - /, "", part)
		} else {
			part = part "\n" lines[k]
		}
	}
	sub(/^\.PP\n/, "", result)
	return result
}

# Code as lines of at most 76 octets, each as it is or going on further in.
function code_lines(s,    count, lines, k, result) {
	count = split(s, lines, "\n")
	result = ""
	for (k = 1; k <= count; k++) {
		gsub(/\t/, "    ", lines[k])
		sub(/[ ]+$/, "", lines[k])
		if (lines[k] != "")
			result = result code_line(lines[k])
	}
	return result
}

function code_line(line,    indent, words, count, k, result, now) {
	match(line, /^ */)
	indent = substr(line, 1, RLENGTH)
	count = split(substr(line, RLENGTH + 1), words, / +/)
	now = indent
	result = ""
	for (k = 1; k <= count; k++) {
		if (k > 1 && length(now) + 1 + length(words[k]) > 72) {
			result = result as_code(now) "\n"
			now = indent "        " words[k]
		} else {
			now = now (k > 1 ? " " : "") words[k]
		}
	}
	return result as_code(now) "\n"
}

function as_code(s) {
	s = escaped(s)
	gsub(/-/, "\\-", s)
	gsub(/\^/, "\\(ha", s)
	gsub(/~/, "\\(ti", s)
	gsub(/`/, "\\(ga", s)
	gsub(/'/, "\\(aq", s)
	return guarded(s)
}

# ---- declarations ----------------------------------------------------------------------------------

function declaration(i, here,    s, result) {
	s = text[i]
	if (s ~ /^#define [A-Z_]+\(X\)/)
		return (comment_of[i] == "" ? "" : ".PP\n" prose(comment_of[i], here)) list_of(s, here)
	result = comment_of[i] == "" || comment_of[i] == group_comment[group_of[here]] ? "" : ".PP\n" prose(comment_of[i], here)
	return result ".PP\n.nf\n" code_lines(shown(s)) ".fi\n" members(s, here)
}

# A type without comments, and without the machinery that makes an enumeration of a list.
function shown(s,    count, lines, k, result) {
	s = without_comments(s)
	count = split(s, lines, "\n")
	result = ""
	for (k = 1; k <= count; k++) {
		if (lines[k] ~ /^#(define|undef) .*_ENUM/)
			continue
		if (lines[k] ~ /^\t?KM_[A-Z_]+\(KM_[A-Z_]+\)/)
			lines[k] = "\t..."
		if (lines[k] !~ /^[ \t]*$/)
			result = result lines[k] "\n"
	}
	return result
}

# An X-list: name and number, and what it means.
function list_of(s, here,    result, entry, k, meant, words) {
	gsub(/\\\n/, "\n", s)
	result = ""
	while ((k = index(s, "X(KM_"))) {
		s = substr(s, k + 2)
		entry = s
		k = index(s, "X(KM_")
		if (k)
			entry = substr(s, 1, k - 1)
		match(entry, /^KM_[A-Z0-9_]+/)
		result = result ".TP\n\\fB" substr(entry, 1, RLENGTH) "\\fP"
		entry = substr(entry, RLENGTH + 1)
		if (match(entry, /^, [0-9]+/))
			result = result " (" substr(entry, 3, RLENGTH - 2) ")"
		sub(/^[^"]*"/, "", entry)
		words = ""
		if (match(entry, /^[^"\\]*",[ \t\n]*"/)) {
			words = substr(entry, 1, index(entry, "\"") - 1)
			entry = substr(entry, RLENGTH + 1)
		}
		sub(/"\)[ \t\n]*$/, "", entry)
		gsub(/\\"/, "\"", entry)
		gsub(/\\\\/, "\\", entry)
		meant = (words == "" ? "" : "\"" words "\": ") entry
		result = result "\n" filled(meant, here)
	}
	return result
}

# Members with a comment: beside them, or above.
function members(s, here,    result, k, e, before, after, comment, member, single) {
	result = ""
	single = s ~ /^#define/
	while ((k = index(s, "/*"))) {
		e = index(s, "*/")
		before = substr(s, 1, k - 1)
		comment = plain(substr(s, k, e - k + 2))
		s = substr(s, e + 2)
		member = before
		sub(/.*\n/, "", member)
		if (member ~ /^[ \t]*$/) {
			# Above: up to the next comment's line or the end of the member.
			member = s
			sub(/^\n/, "", member)
			if (match(member, /;/))
				member = substr(member, 1, RSTART)
		}
		gsub(/[ \t\n]+/, " ", member)
		gsub(/^ | $|[,;] ?$/, "", member)
		if (single) {
			result = result filled(comment, here)
			continue
		}
		sub(/^.*[{] /, "", member)
		result = result ".TP\n" tagged(member) "\n" filled(comment, here)
	}
	return result
}

# The tag of a list, which is one line.
function tagged(member) {
	return "\\fB" as_code(member) "\\fP"
}

# ---- pages -----------------------------------------------------------------------------------------

function page_head(name) {
	return ".TH " toupper(as_code(name)) " 3 \"\" \"keymuster " version "\" \"Library functions\"\n"
}

# The first sentence, as the line that apropos shows.
function summary(g) {
	return sentence(group_comment[g] == "" ? section[group_section[g]] : group_comment[g])
}

# Up to the first stop outside brackets and quotes; a colon is none behind a few words, or as part of a URI.
function sentence(s,    k, c, depth, quoted) {
	gsub(/[ \t\n]+/, " ", s)
	sub(/[.:;]$/, "", s)
	depth = quoted = 0
	for (k = 1; k <= length(s); k++) {
		c = substr(s, k, 1)
		depth += (c == "(") - (c == ")")
		if (c == "\"")
			quoted = !quoted
		if (depth || quoted || substr(s, k + 1, 1) != " ")
			continue
		if (c == "." || c == ";" || c == ":" && k > 16 && substr(s, 1, k) !~ /(sips?|tel):$/)
			break
	}
	s = substr(s, 1, k - 1)
	if (length(s) > 100)
		sub(/,.*/, "", s)
	return s
}

function names_line(g,    k, count, list, result) {
	count = split(functions[g], list, " ")
	result = ""
	for (k = 1; k <= count; k++)
		result = result (k > 1 ? ", " : "") name_of(text[list[k]])
	return result
}

function write_page(g,    file, count, list, k, s, notes) {
	file = out "/" page[g] ".3"
	count = split(functions[g], list, " ")
	printf "%s.SH NAME\n", page_head(page[g]) >file
	printf "%s", filled(names_line(g) " \\- " summary(g), page[g], 1) >file
	printf ".SH SYNOPSIS\n.nf\n#include \"%s\"\n", include >file
	for (k = 1; k <= count; k++)
		printf ".PP\n%s", prototype(text[list[k]]) >file
	printf ".fi\n.SH DESCRIPTION\n" >file
	if (group_comment[g] != "")
		printf "%s", prose(group_comment[g], page[g]) >file
	else
		printf "See below.\n" >file
	for (k = 1; k <= count; k++) {
		s = text[list[k]]
		if (s ~ /\/\*/)
			printf ".TP\n\\fB%s\\fP\n%s", name_of(s), filled(plain(substr(s, index(s, "/*"))), page[g]) >file
	}
	s = declarations[g]
	if (s != "") {
		printf ".SH TYPES AND CONSTANTS\n" >file
		count = split(s, list, " ")
		for (k = 1; k <= count; k++)
			printf "%s", (k == 1 ? first_part(declaration(list[k], page[g])) : declaration(list[k], page[g])) >file
	}
	write_errors(g, file)
	notes = bullets(head, page[g])
	if (notes != "")
		printf ".SH NOTES\n%s", notes >file
	printf ".SH SEE ALSO\n%s", see_also(g) >file
	close(file)
	count = split(functions[g], list, " ")
	for (k = 2; k <= count; k++)
		link_to(name_of(text[list[k]]), page[g])
	count = split(declarations[g], list, " ")
	for (k = 1; k <= count; k++)
		link_to(type_of(text[list[k]]), page[g])
}

# The head of a section is no place for .PP.
function first_part(s) {
	sub(/^\.PP\n/, "", s)
	return s
}

function link_to(name, target) {
	if (name == "" || name == target || name in group_of && page[group_of[name]] == name)
		return
	print ".so man3/" target ".3" >(out "/" name ".3")
	close(out "/" name ".3")
}

function prototype(s) {
	s = without_comments(s)
	sub(/^KM_API /, "", s)
	sub(/^KM_MUST /, "", s)
	gsub(/[ \t\n]+/, " ", s)
	return code_lines(s)
}

function write_errors(g, file,    k, count, list, s, any, random) {
	count = split(functions[g], list, " ")
	any = random = 0
	for (k = 1; k <= count; k++) {
		s = without_comments(text[list[k]])
		if (s ~ /^KM_API (KM_MUST )?km_err /) {
			any = 1
			if (s ~ /km_random / || name_of(s) ~ /_new$/)
				random = 1
		}
	}
	if (!any)
		return
	printf ".SH RETURN VALUE\n\\fBKM_OK\\fP, or why not; every output is zeroed then.\n.SH ERRORS\n" >file
	s = any_error (random ? " " random_error : "")
	for (k = 1; k <= n_errors; k++)
		if (errors[k] != "KM_OK" && (group_comment[g] " " s " ") ~ (errors[k] "[^A-Z]"))
			printf ".TP\n\\fB%s\\fP\n%s", errors[k], filled(meaning[errors[k]], page[g]) >file
}

# What the head says of threads, forks, secrets, time.
function bullets(s, here,    count, lines, k, item, result) {
	count = split(s, lines, "\n")
	result = item = ""
	for (k = 1; k <= count + 1; k++) {
		if (k > count || lines[k] ~ /^  - / || lines[k] ~ /^[ \t]*$/) {
			if (item ~ /^(Threads|Fork|Secret):|thread-safe|^Constant time|^When a function returns/)
				result = result ".IP \\(bu 2\n" filled(item, here)
			item = lines[k] ~ /^  - / ? substr(lines[k], 5) : ""
		} else if (item != "") {
			item = item "\n" lines[k]
		}
	}
	return result
}

# Pages that its functions and its comment name, and that of the header.
function see_also(g,    s, k, count, list, name, seen, result, line) {
	s = group_comment[g]
	count = split(functions[g] declarations[g], list, " ")
	for (k = 1; k <= count; k++)
		s = s " " text[list[k]]
	line = "\\fB" overview "\\fP(3)"
	result = ""
	split("", seen)
	while (match(s, /km_[a-z0-9_]+/)) {
		name = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		if (!(name in known) || name in seen || page_of[name] == page[g] || group_of[name] == g)
			continue
		seen[name] = 1
		line = line ","
		if (length(line) > 50) {
			result = result line "\n"
			line = ""
		}
		line = line (line == "" ? "" : " ") "\\fB" name "\\fP(3)"
	}
	return result line "\n"
}

function write_overview(    file, i, g, k, count, list, intro, part, is_empty) {
	file = out "/" overview ".3"
	intro = head
	sub(/^[^ ]* -- /, "", intro)
	intro = toupper(substr(intro, 1, 1)) substr(intro, 2)
	printf "%s.SH NAME\n%s", page_head(overview), filled(overview " \\- " section[0], overview, 1) >file
	printf ".SH SYNOPSIS\n.nf\n#include \"%s\"\n.PP\ncc file.c $(pkg\\-config \\-\\-cflags \\-\\-libs %s)\n.fi\n", include,
		as_code(overview) >file
	printf ".SH DESCRIPTION\n%s", prose(intro, overview) >file
	count = split(left[0], list, " ")
	if (count)
		printf ".SH CONSTANTS AND TYPES\n" >file
	for (k = 1; k <= count; k++)
		printf "%s", (k == 1 ? first_part(declaration(list[k], overview)) : declaration(list[k], overview)) >file
	for (k = 1; k <= count; k++)
		link_to(type_of(text[list[k]]), overview)
	printf ".SH FUNCTIONS\n" >file
	for (i = 0; i <= n_sections; i++) {
		if (i)
			printf ".SS %s\n", toupper(substr(section[i], 1, 1)) substr(section[i], 2) >file
		if (prose_of[i] != "")
			printf "%s", prose(prose_of[i], overview) >file
		is_empty = prose_of[i] == ""
		for (g = 1; g <= n_groups; g++)
			if (group_section[g] == i) {
				printf ".TP\n\\fB%s\\fP(3)\n%s", page[g], filled(listed(g), overview) >file
				is_empty = 0
			}
		if (!i)
			continue
		part = ""
		count = split(left[i], list, " ")
		for (k = 1; k <= count; k++)
			part = part declaration(list[k], overview)
		printf "%s", (is_empty ? first_part(part) : part) >file
		for (k = 1; k <= count; k++)
			link_to(type_of(text[list[k]]), overview)
	}
	close(file)
}

# What the header's page says of a page: its other functions, and its summary.
function listed(g,    s) {
	s = names_line(g)
	if (!sub(/^[^,]*, /, "", s))
		s = ""
	return (s == "" ? "" : s ": ") summary(g)
}
