# shellcheck shell=bash
# What every test script shares: where things lie, how a result is printed and
# counted, scratch folders that go away. It knows nothing of any single test.
#
# A script prints "ok - NAME", "not ok - NAME: why" or "skip - NAME: why" and
# ends with `finish KIND`, which prints the counts and exits.
#
#   top_srcdir    the sources           (default: the parent of tests/)
#   top_builddir  where it was built    (default: here, or build/ of the sources)
#   TMGPORT       the command           (default: tmgport in top_builddir)
#   TMGPORT_REQUIRE=1  a missing program is a failure, not a skip

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_srcdir=$(cd "${top_srcdir:-$lib_dir/..}" && pwd)
if [ -z "${top_builddir:-}" ]; then
	for top_builddir in "$PWD" "$top_srcdir/build" "$top_srcdir"; do
		[ -x "$top_builddir/tmgport" ] && break
	done
fi
top_builddir=$(cd "$top_builddir" && pwd)
TMGPORT=${TMGPORT:-$top_builddir/tmgport}
export top_srcdir top_builddir TMGPORT
# Outputs must not depend on these; tests must not either.
export LC_ALL=C NO_COLOR=1 PYTHONDONTWRITEBYTECODE=1
# A sanitizer's own end must not look like one of ours.
export ASAN_OPTIONS="${ASAN_OPTIONS:-exitcode=99:detect_leaks=1:allocator_may_return_null=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-exitcode=99:print_stacktrace=1}"
export LSAN_OPTIONS="${LSAN_OPTIONS:-exitcode=99}"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Where python3 is a wrapper script, starting it hundreds of times takes minutes.
if command -v python3 >/dev/null 2>&1; then
	python3_real=$(python3 -c 'import sys; print(sys.executable)')
	python3() {
		"$python3_real" "$@"
	}
fi

passed=0
failed=0
skipped=0
scratch=
cleanup_hooks=()

ok() {
	passed=$((passed + 1))
	printf 'ok - %s\n' "$1"
}

not_ok() {
	failed=$((failed + 1))
	printf 'not ok - %s: %s\n' "$1" "$2"
}

skip() {
	if [ "${TMGPORT_REQUIRE:-0}" = 1 ]; then
		not_ok "$1" "$2"
	else
		skipped=$((skipped + 1))
		printf 'skip - %s: %s\n' "$1" "$2"
	fi
}

# For what may be missing even where everything is required: another file of
# the project that comes later, a right that the machine does not give.
skip_always() {
	skipped=$((skipped + 1))
	printf 'skip - %s: %s\n' "$1" "$2"
}

finish() {
	printf '%s: %d passed, %d failed, %d skipped\n' "$1" "$passed" "$failed" "$skipped"
	if [ "$failed" -gt 0 ]; then
		exit 1
	elif [ $((passed + skipped)) -eq 0 ]; then
		echo "$1: nothing was tested" >&2
		exit 1
	elif [ "$passed" -eq 0 ]; then
		exit 77
	fi
	exit 0
}

# `bail KIND WHY`: the whole script cannot run.
bail() {
	not_ok "$1" "$2"
	finish "$1"
}

# `need KIND PROGRAM...`: skips the whole script when one is missing.
need() {
	local kind=$1 p
	shift
	for p in "$@"; do
		if ! command -v "$p" >/dev/null 2>&1; then
			skip "$kind" "$p is missing"
			finish "$kind"
		fi
	done
}

need_command() {
	[ -x "$TMGPORT" ] || bail "$1" "no command at $TMGPORT; build first"
}

# Runs when the script ends, last registered first.
at_exit() {
	cleanup_hooks=("$1" "${cleanup_hooks[@]}")
}

run_hooks() {
	local hook
	for hook in "${cleanup_hooks[@]}"; do
		eval "$hook"
	done
}
trap run_hooks EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Makes the scratch folder of the script: $scratch.
make_scratch() {
	# shellcheck disable=SC2034 # for the script that asked
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/tmgport-test.XXXXXX") || exit 1
	# shellcheck disable=SC2016 # expanded when it runs
	at_exit 'chmod -R u+w "$scratch" 2>/dev/null; rm -rf "$scratch"'
}

sanitized() {
	grep -q __asan_init "$TMGPORT" 2>/dev/null
}

# `run OUT ERR COMMAND...`: runs with a time limit of $limit seconds (20); the
# status is in $status.
run() {
	local out=$1 err=$2
	shift 2
	timeout -k 5 "${limit:-20}" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

# The first lines of a file, joined, for the reason of a "not ok".
brief() {
	head -n "${2:-3}" "$1" | cut -c1-200 | tr '\n\t' '| ' | tr -d '\000-\037\177'
}

# The extra options of a fixture, into the array $args.
fixture_args() {
	local line
	args=()
	if [ -f "$top_srcdir/fixtures/$1.args" ]; then
		while IFS= read -r line || [ -n "$line" ]; do
			[ -n "$line" ] && args+=("$line")
		done <"$top_srcdir/fixtures/$1.args"
	fi
}

# The names of all fixtures that are exports, one a line, sorted.
fixture_names() {
	local f
	for f in "$top_srcdir"/fixtures/*.xml; do
		[ -f "$f" ] && basename "$f" .xml
	done
}

# `produce NAME DIR`: everything that a golden directory holds, made now. The
# command runs in the sources, so that messages name fixtures/NAME.xml. Sets
# $status to the exit status of convert, $problem when something else failed.
produce() {
	local name=$1 dir=$2 file=fixtures/$1.xml st
	problem=
	mkdir -p "$dir" || return
	fixture_args "$name"
	cd "$top_srcdir" || return
	run "$dir/inspect.txt" "$dir/.inspect.err" "$TMGPORT" inspect "$file"
	[ "$status" -le 1 ] || problem="inspect: status $status: $(brief "$dir/.inspect.err")"
	run "$dir/inspect.json" "$dir/.inspect.err" "$TMGPORT" inspect -f json "$file"
	[ "$status" -le 1 ] || problem="inspect -f json: status $status: $(brief "$dir/.inspect.err")"
	run "$dir/.stdout" "$dir/messages.txt" "$TMGPORT" convert -t nginx,haproxy -o "$dir/.out" \
		"${args[@]}" "$file"
	st=$status
	printf '%d\n' "$st" >"$dir/status"
	for t in nginx haproxy; do
		[ -d "$dir/.out/$t" ] && mv "$dir/.out/$t" "$dir/$t"
	done
	# Anything else in the output directory is part of the contract too.
	if find "$dir/.out" -mindepth 1 2>/dev/null | grep -q .; then
		# shellcheck disable=SC2034 # for the script that asked
		problem="convert wrote more than nginx/ and haproxy/: $(ls -A "$dir/.out")"
	fi
	rm -rf "$dir/.out" "$dir/.inspect.err" "$dir/.stdout"
	status=$st
	cd "$OLDPWD" || return
}
