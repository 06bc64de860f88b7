# report.awk - the bench's measurements ("CASE SERVER METRIC VALUE", tabs) as tables,
# then the goals. A figure is the best and the median of its rounds; a ratio is the
# median of the ratios of rounds that ran side by side.
BEGIN {
	FS = "\t"
	n_servers = split("echo testns nsd knot powerdns kzonecheck undelayed small harness 1 2", servers, " ")
	shown["echo"] = "echo (the limit)"
	shown["testns"] = "ldns-testns"
	shown["nsd"] = "NSD"
	shown["knot"] = "Knot DNS"
	shown["powerdns"] = "PowerDNS"
	shown["1"] = "harness, 1 worker"
	shown["2"] = "harness, 2 workers"

	shown["small"] = "harness, 50 names"
	shown["undelayed"] = "harness, no delays"

	title["small"] = "UDP, 12 names, 48 questions"
	title["names50"] = "UDP, 50 names, 200 questions"
	title["tcp"] = "TCP, 50 names, 8 connections, 200 questions under way"
	title["latency"] = "Latency over UDP at 20,000 questions a second, 50 names"
	title["pipelining"] = "TCP, 200 connections, 100 questions on each at once"
	title["100k"] = "UDP, 100,000 customers"
	title["first"] = "From start to first answer, 12 names"
	title["workers"] = "Two workers beside one, off filled buffers"
	title["delay"] = "Latency of the other names while one is delayed by half a second"

	n_metrics = split("cpu_us qps full_us full_qps p50_us p99_us load_ms loaded_mib used_mib lost " \
		"unanswered wrong", metrics, " ")
	label["cpu_us"] = "CPU us/query"
	label["qps"] = "queries/s"
	label["full_us"] = "us/query at full"
	label["full_qps"] = "queries/s at full"
	label["p50_us"] = "half within us"
	label["p99_us"] = "99% within us"
	label["load_ms"] = "ready in ms"
	label["loaded_mib"] = "MiB loaded"
	label["used_mib"] = "MiB in use"
	label["lost"] = "lost"
	label["unanswered"] = "unanswered"
	label["wrong"] = "wrong"
	more_is_better["qps"] = more_is_better["full_qps"] = 1
	total["lost"] = total["unanswered"] = total["wrong"] = 1
	digits["cpu_us"] = digits["full_us"] = digits["p50_us"] = digits["p99_us"] = 2
	digits["load_ms"] = digits["loaded_mib"] = digits["used_mib"] = 1
}

$3 == "skipped" {
	if (!($2 in skipped))
		skipped[$2] = $4
	next
}

$1 == "run" { run[$3] = $4; next }
$1 == "warm" { next }

{
	if (!($1 in seen)) {
		seen[$1] = 1
		cases[++n_cases] = $1
	}
	value[$1, $2, $3, ++count[$1, $2, $3]] = $4 + 0
	has[$1, $3] = 1
	has_server[$1, $2] = 1
}

# ---- figures ----

function sort(list, n, i, k, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (k = i - 1; k >= 1 && list[k] > x; k--)
			list[k + 1] = list[k]
		list[k + 1] = x
	}
}

# Of a sorted list.
function middle(list, n) {
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function load(c, s, m, i) {
	for (i = 1; i <= count[c, s, m]; i++)
		work[i] = value[c, s, m, i]
	sort(work, count[c, s, m])
	return count[c, s, m]
}

function median(c, s, m, n) {
	n = load(c, s, m)
	return n ? middle(work, n) : ""
}

function best(c, s, m, n) {
	n = load(c, s, m)
	return n ? work[m in more_is_better ? n : 1] : ""
}

function sum(c, s, m, i, x) {
	for (i = 1; i <= count[c, s, m]; i++)
		x += value[c, s, m, i]
	return x + 0
}

# Of rounds side by side: a by b, or a less b; the median of them.
function paired(c, a, b, m, how, i, n) {
	n = count[c, a, m] < count[c, b, m] ? count[c, a, m] : count[c, b, m]
	for (i = 1; i <= n; i++) {
		work[i] = value[c, a, m, i]
		if (how == "less")
			work[i] -= value[c, b, m, i]
		else if (value[c, b, m, i] > 0)
			work[i] /= value[c, b, m, i]
	}
	sort(work, n)
	return n ? middle(work, n) : ""
}

function number(x, m) {
	return sprintf("%." digits[m] + 0 "f", x)
}

# ---- tables ----

function cell(c, s, m) {
	if (!count[c, s, m])
		return "-"
	if (m in total)
		return number(sum(c, s, m), m)
	if (count[c, s, m] == 1)
		return number(value[c, s, m, 1], m)
	return number(best(c, s, m), m) " " number(median(c, s, m), m)
}

function table(c, i, k, m, s) {
	printf "\n%s\n%-20s", title[c], ""
	for (k = 1; k <= n_metrics; k++)
		if ((c, metrics[k]) in has)
			printf " %18s", label[metrics[k]]
	print ""
	for (i = 1; i <= n_servers; i++) {
		s = servers[i]
		if (!((c, s) in has_server))
			continue
		printf "  %-18s", s in shown ? shown[s] : s
		for (k = 1; k <= n_metrics; k++) {
			m = metrics[k]
			if ((c, m) in has)
				printf " %18s", cell(c, s, m)
		}
		print ""
	}
}

# ---- goals ----

# Without a figure, the goal could not be tried.
function goal(what, x, wanted, unit, met) {
	n_goals++
	if (x == "") {
		printf "  %-52s %18s %12s\n", what, wanted, "not measured"
		return
	}
	n_met += met
	printf "  %-52s %18s %12s  %s\n", what, wanted, sprintf("%.2f", x) unit,
		met ? "met" : "NOT MET"
}

function at_most(what, x, limit, unit, of) {
	goal(what, x, "<= " limit unit of, unit, x <= limit)
}

function at_least(what, x, limit, unit, of) {
	goal(what, x, ">= " limit unit of, unit, x >= limit)
}

function difference(x, y) {
	return x == "" || y == "" ? "" : x - y
}

function quotient(x, y) {
	return x == "" || y == "" || y == 0 ? "" : x / y
}

function lost_or_wrong() {
	if (!count["pipelining", "harness", "lost"])
		return ""
	return sum("pipelining", "harness", "lost") + sum("pipelining", "harness", "wrong")
}

function goals() {
	printf "\n%-54s %18s %12s\n", "Goals", "wanted", "measured"
	at_most("UDP, 50 names: CPU a query", paired("names50", "harness", "nsd", "cpu_us"), 1, "", " of NSD's")
	at_most("  the same with full buffers", paired("names50", "harness", "nsd", "full_us"), 1, "", " of NSD's")
	at_most("UDP, " big ": CPU a query", paired("1m", "harness", "nsd", "cpu_us"), 1, "", " of NSD's")
	at_most("  the same with full buffers", paired("1m", "harness", "nsd", "full_us"), 1, "", " of NSD's")
	at_most("TCP: CPU a query", paired("tcp", "harness", "powerdns", "cpu_us"), 1, "", " of PowerDNS's")
	at_least("two workers: capacity", paired("workers", "2", "1", "full_qps"), 1.7, "", " of one's")
	at_most("100,000 customers: loaded", best("100k", "harness", "load_ms"), 100, " ms")
	at_most("100,000 customers: memory", best("100k", "harness", "loaded_mib"), 34, " MiB")
	at_least("100,000 customers: rate", paired("100k", "harness", "small", "qps"), 0.9, "", " of 50 names'")
	at_least("  the same with full buffers", paired("100k", "harness", "small", "full_qps"), 0.9, "", " of 50 names'")
	at_most(big ": ready after kzonecheck is",
		difference(best("1m", "harness", "load_ms"), best("1m", "kzonecheck", "load_ms")), 500, " ms")
	at_most(big ": memory",
		quotient(best("1m", "harness", "used_mib"), best("1m", "nsd", "used_mib")), 0.5, "", " of NSD's")
	at_most("latency: above NSD's", paired("latency", "harness", "nsd", "p50_us", "less"), 1, " us")
	at_most("first answer after the start", best("first", "harness", "load_ms"), 10, " ms")
	at_most("200 TCP connections: lost or wrong", lost_or_wrong(), 0, "")
	# One held up would wait for milliseconds; the delayed ones want answers, too.
	at_most("latency beside a delayed name: above that without",
		paired("delay", "harness", "undelayed", "p50_us", "less"), 5, " us")
	printf "  %d of %d met\n", n_met, n_goals
}

END {
	big = run["customers"] == 1000000 ? "a million customers" : run["customers"] " customers"
	title["1m"] = "UDP, " big
	print "Best and median of the rounds; what is lost or wrong is summed up. \"At full\": off"
	print "filled socket buffers, where nobody waits for the next question."
	for (i = 1; i <= n_cases; i++)
		table(cases[i])
	print ""
	for (s in skipped)
		print "skipped: " (s in shown ? shown[s] : s) ": " skipped[s]
	goals()
	printf "\n%d s; other work took %d%% of the processors meanwhile%s.\n",
		run["seconds"], run["others"],
		(run["others"] >= 10 ? ": too much to trust rates and latencies" : "")
}
