# verdict.sh -- how scripts of tests say what passed and failed; they source it.

passed=0 failed=0

# arch_of OBJECTS: the name of the architecture of objects in this directory, as asm/ has it.
arch_of() {
	case $("${READELF:-readelf}" -h "$1/engine/init.c.o") in
	*'Advanced Micro Devices X86-64'*) echo x86_64 ;;
	*AArch64*) echo aarch64 ;;
	*) echo other ;;
	esac
}

# verdict CODE NAME: 0 has passed.
verdict() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $2"
	else
		failed=$((failed + 1))
		echo "FAILED $2"
	fi
}

# none TEXT NAME: has passed where there is no text.
none() {
	[ -z "$1" ] || echo "$1"
	[ -z "$1" ]
	verdict $? "$2"
}

# The last line; 1 where one failed.
verdicts() {
	echo "# $passed passed, $failed failed, 0 skipped"
	[ $failed = 0 ]
}

# skip_all WHAT WHY: nothing of this can be tried here.
skip_all() {
	echo "[  SKIPPED ] $1: $2"
	echo "# 0 passed, 0 failed, 1 skipped"
	exit 0
}
