#!/bin/sh
# man3.sh -- pages of section 3, from the comments of the public headers: a page for each comment and the functions
# below it, links to it for its other names and types, and a page for each header with its conventions.
# usage: man3.sh DIR HEADER...        the first holds the list of errors; DIR is made anew
# Exit 1 where a function has no comment, can fail and names no error, or a comment names an error that is not there.
set -e
here=$(dirname "$0")
dir=$1
shift
rm -rf "$dir"
mkdir -p "$dir"
awk -f "$here/man3.awk" -f "$here/man3_pages.awk" -v out="$dir" pass=1 "$@" pass=2 "$@"
