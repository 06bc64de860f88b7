#!/bin/sh
# Reports each #include that harness/LAYERS does not allow, and each library header
# that is included outside the folder that is its door.
set -eu
cd "$(dirname "$0")/../../harness"
bad=0
for f in */*.c */*.h; do
	from=${f%%/*}
	allowed=$(awk -v m="$from" '$1 == m { sub(/^[^:]*:/, ""); print }' LAYERS)
	for to in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$f" | sort -u); do
		[ "$to" = "$from" ] && continue
		case " $allowed " in
		*" $to "*) ;;
		*) echo "harness/$f: $from may not include $to"; bad=1 ;;
		esac
	done
	awk '$1 == "door" { print $2, $4 }' LAYERS | while read -r library door; do
		[ "$door" = "$from" ] && continue
		! grep -q "^#include <${library}[./]" "$f" || echo "harness/$f: only $door may include <$library>"
	done >"${TMPDIR:-/tmp}/doors.$$"
	if [ -s "${TMPDIR:-/tmp}/doors.$$" ]; then
		cat "${TMPDIR:-/tmp}/doors.$$"
		bad=1
	fi
	rm -f "${TMPDIR:-/tmp}/doors.$$"
done
exit $bad
