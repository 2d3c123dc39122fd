# man3.awk -- reads headers and checks them, see man3.sh; man3_pages.awk writes the pages.  Every header is read twice:
# for its names (pass 1), and for its text (pass 2).
#
# A header is read as items, in order: comment, ruler (a comment that begins with ----, and starts a section),
# declaration, function, blank line.  Functions under one comment are a group, and a group is a page.  The comment of
# a function stands right above it, or above the types between; or it is that of the paragraph before, where that has
# types alone; or the type right above has comments of its own.

# ---- pass 1: names ---------------------------------------------------------------------------------

FNR == 1 && pass == 2 { finish_header(); begin_header() }

pass == 1 {
	if (/#define KM_VERSION/)
		version = unquoted($0)
	if (/^\tX\(KM_E[A-Z]*, [0-9]/) {
		name = $1
		gsub(/X\(|,/, "", name)
		meaning[name] = unquoted($0)
		errors[++n_errors] = name
	}
	if (/^KM_API/ && match($0, /km_[a-z0-9_]+\(/))
		known[substr($0, RSTART, RLENGTH - 1)] = 1
	else if (/^KM_API extern/ && match($0, /km_[a-z0-9_]+;/))
		known[substr($0, RSTART, RLENGTH - 1)] = 1
	else if (/^typedef struct km_[a-z0-9_]+ km_/)
		known[substr($4, 1, length($4) - 1)] = 1
	else if (/^} km_[a-z0-9_]+;/)
		known[substr($2, 1, length($2) - 1)] = 1
	else if (/^typedef .*km_[a-z0-9_]+\(/ && match($0, /km_[a-z0-9_]+\(/))
		known[substr($0, RSTART, RLENGTH - 1)] = 1
	next
}

# ---- pass 2: items ---------------------------------------------------------------------------------

{ read_line($0) }

END {
	if (pass == 2)
		finish_header()
	exit bad
}

function begin_header() {
	n = 0
	open_kind = ""
	header = FILENAME
	include = header
	if (match(include, /[^\/]*\/[^\/]*$/))
		include = substr(include, RSTART)
	overview = include ~ /engine\.h$/ ? "keymuster-engine" : "keymuster"
}

function add(what, line) {
	n++
	kind[n] = what
	text[n] = line
	at[n] = FNR
}

function read_line(line,    code) {
	if (open_kind != "") {
		text[n] = text[n] "\n" line
	} else if (line ~ /^[ \t]*$/) {
		add("blank", "")
		return
	} else if (line ~ /^\/\*/) {
		add("comment", line)
		open_kind = "comment"
	} else if (line ~ /^KM_API/) {
		add("function", line)
		open_kind = "function"
	} else if (line ~ /^#define KM_[A-Z_]+\(X\)/ || line ~ /^#define KM_/ && line !~ /^#define KM_(API|MUST|[A-Z]+_H$)/) {
		add("declaration", line)
		open_kind = "define"
	} else if (line ~ /^(typedef|enum)/) {
		add("declaration", line)
		open_kind = "type"
	} else {
		return
	}
	code = without_comments(text[n])
	if (open_kind == "comment" && line ~ /\*\/[ \t]*$/ || open_kind == "define" && line !~ /\\$/ ||
			open_kind == "function" && code ~ /;[ \t\n]*$/ && whole_comment(text[n]) ||
			open_kind == "type" && code ~ /;[ \t\n]*$/ && balanced(code) && whole_comment(text[n])) {
		open_kind = ""
		if (kind[n] == "comment" && text[n] ~ /^\/\* ----/)
			kind[n] = "ruler"
	}
}

function without_comments(s,    k, e) {
	while ((k = index(s, "/*"))) {
		e = index(substr(s, k + 2), "*/")
		s = substr(s, 1, k - 1) (e ? substr(s, k + e + 3) : "")
	}
	return s
}

function whole_comment(s,    opened, closed) {
	opened = gsub(/\/\*/, "", s)
	closed = gsub(/\*\//, "", s)
	return opened == closed
}

function balanced(s,    opened, closed) {
	opened = gsub(/{/, "", s)
	closed = gsub(/}/, "", s)
	return opened == closed
}

# ---- groups ----------------------------------------------------------------------------------------

function finish_header(    i) {
	if (!n)
		return
	n_groups = n_sections = 0
	prose_of[0] = ""
	for (i = 1; i <= n && kind[i] != "comment"; i++)
		;
	head = plain(text[i])
	section[0] = head
	sub(/^[^ ]* -- /, "", section[0])
	section[0] = sentence(section[0])
	check_errors(i)
	general_errors(head)
	group_all(i + 1)
	place_declarations()
	for (i = 1; i <= n_groups; i++)
		write_page(i)
	write_overview()
	n = 0
}

# Sections, groups of functions with their comment, and which declarations stand before which group.
function group_all(first,    i, own, before, has_types, has_functions, members_speak, last) {
	own = before = ""           # the comment of this paragraph, and of the one before if that has types alone
	has_types = has_functions = members_speak = 0
	last = "blank"
	split("", page_of)
	split("", group_of)
	for (i = first; i <= n; i++) {
		if (kind[i] != "blank")
			check_errors(i)
		if (kind[i] == "blank") {
			if (last != "blank")
				before = has_functions ? "" : own
			own = ""
			has_types = has_functions = members_speak = 0
		} else if (kind[i] == "ruler") {
			section[++n_sections] = title(text[i])
			prose_of[n_sections] = ruler_prose(text[i])
			own = before = ""
		} else if (kind[i] == "comment") {
			own = plain(text[i])
			has_functions = 0
		} else if (kind[i] == "declaration") {
			if (last != "comment" && last != "declaration" && last != "blank")
				own = ""
			comment_of[i] = last == "comment" ? own : ""
			section_of[i] = n_sections
			next_group[i] = n_groups + 1
			has_types = 1
			if (text[i] ~ /\/\*/)
				members_speak = 1
		} else {
			if (last != "function") {
				n_groups++
				functions[n_groups] = ""
				group_section[n_groups] = n_sections
				group_comment[n_groups] = own != "" ? own : before
				if (own == "" && before == "" && !members_speak && text[i] !~ /\/\*/)
					complain(i, name_of(text[i]) ": no comment")
				before = ""
			}
			has_functions = 1
			functions[n_groups] = functions[n_groups] " " i
			group_of[name_of(text[i])] = n_groups
			if (functions[n_groups] == " " i)
				page[n_groups] = name_of(text[i])
			check_can_fail(i)
		}
		last = kind[i]
	}
}

# A declaration stands on the page of the first function of its section that names it, or else of the next one;
# what no function follows, and what stands before the sections without a comment, on the header's own.
function place_declarations(    i, g, name, found) {
	for (g = 0; g <= n_groups; g++)
		declarations[g] = ""
	for (g = 0; g <= n_sections; g++)
		left[g] = ""
	for (i = 1; i <= n; i++) {
		if (kind[i] != "declaration")
			continue
		name = type_of(text[i])
		found = 0
		for (g = next_group[i]; g <= n_groups && group_section[g] == section_of[i] && !found; g++)
			if (name != "" && text[i] !~ /^typedef struct km_[a-z0-9_]+ km_/ && names(g, name))
				found = g
		g = next_group[i]
		if (!found && g <= n_groups && group_section[g] == section_of[i])
			found = g
		if (section_of[i] == 0 && comment_of[i] == "" && text[i] !~ /KM_[A-Z]+\(KM_/ && !names(found, name))
			found = 0
		if (found)
			declarations[found] = declarations[found] " " i
		else
			left[section_of[i]] = left[section_of[i]] " " i
		if (name != "")
			page_of[name] = found ? page[found] : overview
	}
}

# Does a function of that group name the type?
function names(g, name,    k, part, list) {
	if (name == "")
		return 0
	k = split(functions[g], list, " ")
	for (; k > 0; k--)
		if ((" " without_comments(text[list[k]]) " ") ~ ("[^a-z0-9_]" name "[^a-z0-9_]"))
			return 1
	return 0
}

function name_of(s) {
	s = without_comments(s)
	if (match(s, /km_[a-z0-9_]+\(/) || match(s, /km_[a-z0-9_]+;/))
		return substr(s, RSTART, RLENGTH - 1)
	return "?"
}

# The name that a typedef gives, or "".
function type_of(s) {
	s = without_comments(s)
	if (s !~ /^typedef/)
		return ""
	if (match(s, /km_[a-z0-9_]+;[ \t\n]*$/) && s ~ /}|^typedef struct/) {
		sub(/;[ \t\n]*$/, "", s)
		return substr(s, RSTART)
	}
	if (match(s, /km_[a-z0-9_]+\(/))
		return substr(s, RSTART, RLENGTH - 1)
	return ""
}

# ---- checks ----------------------------------------------------------------------------------------

function complain(i, what) {
	print header ":" at[i] ": " what >"/dev/stderr"
	bad = 1
}

function check_errors(i,    s) {
	s = text[i]
	while (match(s, /KM_E[A-Z]+/)) {
		if (!(substr(s, RSTART, RLENGTH) in meaning) && substr(s, RSTART + RLENGTH, 1) !~ /[A-Z_(]/ &&
				substr(s, RSTART, RLENGTH) != "KM_ERRORS")
			complain(i, substr(s, RSTART, RLENGTH) " is not in the list of errors")
		s = substr(s, RSTART + RLENGTH)
	}
}

# What the head says of all functions, or of those with randomness or new objects.
function general_errors(s) {
	gsub(/\n/, " ", s)
	any_error = random_error = ""
	if (match(s, /any function may return[^.]*\./))
		any_error = substr(s, RSTART, RLENGTH)
	if (match(s, /one that takes a km_random or makes an object may return[^.]*\./))
		random_error = substr(s, RSTART, RLENGTH)
}

function check_can_fail(i,    s) {
	s = without_comments(text[i])
	if (s !~ /^KM_API (KM_MUST )?km_err / || group_comment[n_groups] ~ /KM_E[A-Z]/ || any_error ~ /KM_E[A-Z]/)
		return
	if (random_error ~ /KM_E[A-Z]/ && (s ~ /km_random / || name_of(s) ~ /_new$/))
		return
	complain(i, name_of(s) ": can fail, and no error is named")
}
