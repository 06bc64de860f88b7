# harness: which DNS layouts deliver mail. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr/local
MODE    ?= release
ifeq ($(origin CC),default)
CC := cc
endif

B := build/$(MODE)
# As many jobs as processors, unless told otherwise on the command line.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-print-directory

# Rows of tables leave out what is zero.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 \
        -Wno-missing-field-initializers

# One line a build mode; each builds in a folder of its own.
FLAGS.release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS.debug   := -O0 -g3
FLAGS.asan    := -O1 -g -fsanitize=address -fno-omit-frame-pointer
FLAGS.ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
FLAGS.tsan    := -O1 -g -fsanitize=thread
FLAGS.cov     := -O0 -g --coverage
FLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined

# Asked when the first recipe needs it, that is after the packages are there.
PKGS       := ldns libevent libzscanner libfyaml jansson libxml-2.0 libidn2 libpcap libcrypto
PKG_CFLAGS  = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS    = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
TEST_LIBS   = $(eval TEST_LIBS := $(shell pkg-config --libs cmocka))$(TEST_LIBS)

DIALECT    := -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -iquote harness -iquote tests
ALL_CFLAGS  = $(DIALECT) -pthread $(WARN) $(FLAGS.$(MODE)) -MMD -MP $(PKG_CFLAGS) $(CFLAGS)

SRC    := $(wildcard harness/*/*.c)
HDRS   := $(wildcard harness/*/*.h)
LIBOBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out harness/cli/main.c,$(SRC)))
SUPOBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/support/*.c))
TESTS  := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
FUZZ   := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH  := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))
SERVER_BENCH := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/server/*.c))
SOAK   := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/soak/*.c))
SH     := $(wildcard harness/lab/*.sh harness/lab/drivers/*.sh .ci/run .ci/install-packages tests/*.sh tests/*/*.sh)

SCENARIOS := $(sort $(wildcard scenarios/*.conf))

all: $(B)/harness                       ## build the program, build/release/harness

run: $(B)/harness                       ## build, then run every scenario
	@$(B)/harness run $(SCENARIOS)

# ---- packages -----------------------------------------------------------

# A stamp a purpose: asking dpkg each time would be most of a second `make run`.
build/.packages-%: .ci/packages
	@mkdir -p build
	@test -n "$(NO_DEPS)" || .ci/install-packages $*
	@touch $@

# Whoever has a Node.js of another origin has npm with it, and Debian's conflicts with that.
build/.packages-npm: .ci/packages
	@mkdir -p build
	@test -n "$(NO_DEPS)" || command -v npm >/dev/null || .ci/install-packages npm
	@touch $@

$(LIBOBJ) $(B)/obj/harness/cli/main.o: | build/.packages-build
$(SUPOBJ) $(TESTS:$(B)/%=$(B)/obj/%.o): | build/.packages-build build/.packages-test build/.packages-lab

# ---- building -----------------------------------------------------------

$(B)/harness: $(B)/obj/harness/cli/main.o $(LIBOBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/libharness.a: $(LIBOBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Shell files that are inside the program.
$(B)/obj/harness/lab/program.o: $(wildcard harness/lab/drivers/*.sh)
$(B)/obj/harness/lab/root.o: harness/lab/root.sh
$(B)/obj/harness/report/verified.o: docs/verified.ndjson

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(SUPOBJ) $(B)/libharness.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS) $(LIBS)

$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(B)/libharness.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS)

# The clients of the server benches read questions as the soak test does.
$(B)/tests/bench/server/%: $(B)/obj/tests/bench/server/%.o $(B)/obj/tests/support/queries.o $(B)/libharness.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/tests/soak/soak: $(SOAK) $(B)/obj/tests/support/queries.o $(B)/libharness.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/libharness.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS) $(LIBS)

# V=1 shows the commands.
Q   := $(if $(V),,@)
say  = @$(if $(V),:,printf '  %-5s %s\n' $(1) $(2))

# ---- tests --------------------------------------------------------------

check: unit-tests golden-tests scenario-tests loopback-tests serve-tests docs-check   ## all tests

unit-tests: $(TESTS)
	@tests/unit.sh $(TESTS)

golden-tests: $(B)/harness | unit-tests build/.packages-test
	@tests/golden.sh $(B)/harness

# What the real programs did, as recorded, then what the sources say.
scenario-tests: $(B)/harness | golden-tests
	@$(B)/harness run -q tests/observed/debian/*.conf
	@$(B)/harness run -q tests/observed/*.conf
	@$(B)/harness run -q $(SCENARIOS)

# The same over sockets. A sanitizer needs no more than some clients.
LOOPBACK_CLIENTS ?= *
loopback-tests: $(B)/harness | scenario-tests
	@tests/loopback.sh $(B)/harness $(B)/loopback '$(LOOPBACK_CLIENTS)' \
	    $(SCENARIOS) $(wildcard tests/observed/*.conf)

# dig, and delv as a validator, ask servers of ours; it takes three seconds.
serve-tests: $(B)/harness | golden-tests build/.packages-test
	@timeout 60 tests/serve.sh $(B)/harness
	@timeout 120 tests/update.sh $(B)/harness
	@timeout 60 tests/dnssec.sh $(B)/harness

asan ubsan tsan:                        ## the tests under a sanitizer
	@$(MAKE) MODE=$@ LOOPBACK_CLIENTS='postfix,qmail*' unit-tests golden-tests scenario-tests \
	    loopback-tests serve-tests

coverage:                               ## line coverage by file, worst first
	@$(MAKE) MODE=cov unit-tests scenario-tests >/dev/null
	@cd build/cov/obj && gcov -r -s $(CURDIR) -n $$(find harness -name '*.gcda') 2>/dev/null | \
	    awk -F"[:%' ]" '/^File/ { f = $$3 } f && /^Lines/ { print $$3 "% " f; f = "" }' | sort -n

# The real programs; they are built when first needed, too.
lab-roots: $(B)/harness build/.packages-roots build/.packages-npm   ## what the real programs run from, in build/lab
	@$(B)/harness lab build

fuzz:                                   ## each fuzzer for FUZZ_SECONDS (30)
	@$(MAKE) build/.packages-build build/.packages-fuzz
	@$(MAKE) MODE=fuzz CC=clang fuzz-run

fuzz-run: $(FUZZ)
	@set -e; for f in $(FUZZ); do n=$${f##*/}; mkdir -p build/corpus/$$n tests/fuzz/corpus/$$n; \
	    echo "== $$n"; $$f -max_total_time=$${FUZZ_SECONDS:-30} -print_final_stats=1 \
	    -artifact_prefix=build/corpus/ build/corpus/$$n tests/fuzz/corpus/$$n 2>&1 | tail -n 12; done

bench: $(BENCH)                         ## speed and memory, in figures
	@set -e; for b in $(BENCH); do $$b $(SCENARIOS); done

bench-server: $(B)/harness $(SERVER_BENCH) build/.packages-bench   ## harness serve beside NSD, Knot DNS, PowerDNS
	@tests/bench/server.sh $(B)/harness $(B)/tests/bench/server

# A sanitizer's own memory comes and goes by more than a leak would show.
soak: $(B)/harness $(B)/tests/soak/soak   ## harness serve under all sorts of load for SOAK_SECONDS (60)
	@SOAK_SLACK_KIB=$(if $(filter asan tsan,$(MODE)),32768,2048) tests/soak/soak.sh $^

# Its quotes stay: the shell that expands it does not read them again.
TIDY := -std=c11 -D_GNU_SOURCE -DVERSION="$(VERSION)" -iquote harness

lint: build/.packages-build build/.packages-test build/.packages-lint   ## layers, headers, format, analysers
	@tests/lint/layers.sh
	@set -e; for h in $(HDRS); do $(CC) $(DIALECT) $(WARN) $(PKG_CFLAGS) -fsyntax-only -x c $$h; done
	@clang-format --dry-run -Werror $(SRC) $(HDRS) $(wildcard tests/*/*.[ch] tests/*/*/*.[ch])
	@shellcheck -S warning $(SH)
	@printf '%s\n' $(SRC) | TIDY='$(TIDY) $(PKG_CFLAGS)' xargs -P $$(nproc) -n 8 \
	    sh -c 'clang-tidy --quiet "$$@" -- $$TIDY 2>/dev/null' lint

format:                                 ## rewrite the code in the project's layout
	@clang-format -i $(SRC) $(HDRS) $(wildcard tests/*/*.[ch] tests/*/*/*.[ch])

# ---- documents ----------------------------------------------------------

docs: $(B)/harness                      ## write docs/compatibility.md and the README's table from a run
	@tests/docs.sh $(B)/harness . $(SCENARIOS)

docs-check: $(B)/harness | scenario-tests
	@tests/docs.sh $(B)/harness $(B)/fresh $(SCENARIOS)
	@for f in README.md docs/compatibility.md; do cmp -s $$f $(B)/fresh/$$f || { \
	    diff -u $$f $(B)/fresh/$$f | head -n 40; \
	    echo "$$f is stale: run make docs and review the change" >&2; exit 1; }; done

# ---- the rest -----------------------------------------------------------

# ---- the real programs ------------------------------------------------------

verify: $(B)/harness build/.packages-lab build/.packages-roots build/.packages-npm   ## real resolvers and mail servers beside their emulation
	@$(B)/harness verify --record docs/verified.ndjson $(SCENARIOS)

# One resolver and one mail server, on scenarios that between them use every way an
# answer can go. Where nothing can be run it says why, and that is no failure.
SMOKE_PROGRAMS  := unbound-1.17,postfix-3.7
SMOKE_SCENARIOS := $(addprefix scenarios/,a-and-mx-at-the-name.conf cname-and-mx-exact-type.conf \
    cname-to-a-host-without-mx.conf address-fallback-without-mx.conf dname-at-the-customer-name.conf \
    edge-null-mx.conf edge-no-such-domain.conf edge-name-servfail.conf edge-alias-chain-2.conf \
    edge-dangling-exchange.conf edge-first-host-refuses.conf edge-five-exchanges.conf)
verify-smoke: $(B)/harness   ## a small, steady part of it, for CI
	@$(MAKE) build/.packages-lab build/.packages-roots || echo 'verify-smoke: goes on with what is here'
	@tests/verify-smoke.sh $(B)/harness '$(SMOKE_PROGRAMS)' $(SMOKE_SCENARIOS)

# The lab in bad weather: some minutes.
lab-check: $(B)/harness build/.packages-lab build/.packages-roots   ## Ctrl-C, kill -9, no root, a full disk: what the lab leaves behind
	@tests/lab.sh $(B)/harness

install: all                            ## to DESTDIR/PREFIX
	install -D -m 755 $(B)/harness $(DESTDIR)$(PREFIX)/bin/harness

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/harness

clean:                                  ## remove build/
	rm -rf build

help:
	@sed -n 's/^\([a-z][a-z -]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	    awk -F'|' '{ printf "  make %-18s %s\n", $$1, $$2 }'

.PHONY: all run check verify verify-smoke lab-check unit-tests golden-tests scenario-tests loopback-tests serve-tests asan ubsan tsan coverage fuzz \
        fuzz-run bench bench-server soak lab-roots lint format docs docs-check install uninstall clean help
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
