# memscope: `make help` lists what can be made.
#
# One tree per build: build/release (default), build/debug, build/asan, build/tsan and
# build/cov, chosen with BUILD=.  CC, CFLAGS and LDFLAGS come from outside; the recorder
# takes CC only: it runs inside other programs, and its flags are part of its design.

BUILD ?= release
OUT := build/$(BUILD)
VERSION := 0.1.0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DESTDIR ?=
INSTALL ?= install

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
BASE := -std=gnu11 -g -I. -Ianalyzer/include -DMS_VERSION='"$(VERSION)"' $(WARN) -MMD -MP
OPT_release := -O2
OPT_debug := -O0
OPT_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_tsan := -O1 -fsanitize=thread
OPT_cov := -O0 --coverage
ifeq ($(filter $(BUILD),release debug asan tsan cov),)
$(error BUILD is one of: release debug asan tsan cov)
endif
OPT := $(OPT_$(BUILD))

# The recorder is never built with a sanitizer.
OPT_PRELOAD_debug := -O0
OPT_PRELOAD := $(or $(OPT_PRELOAD_$(BUILD)),-O2)
PRELOAD_FLAGS := $(BASE) -Ipreload/include $(OPT_PRELOAD) -fPIC -fvisibility=hidden -ftls-model=initial-exec \
	-fno-omit-frame-pointer -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free \
	-fasynchronous-unwind-tables -fno-stack-protector -U_FORTIFY_SOURCE -pthread
ANALYZER_FLAGS = $(BASE) $(OPT) -pthread $(CFLAGS)

PRELOAD_COMMON := common/crc32c.c common/units.c
PRELOAD_SRC := $(wildcard preload/*.c) $(PRELOAD_COMMON)
PRELOAD_ASM := $(wildcard preload/*.S)
CLI_SRC := $(wildcard analyzer/cli/*.c)
LIB_SRC := $(filter-out $(CLI_SRC),$(wildcard analyzer/*/*.c)) $(wildcard common/*.c)
PRELOAD_OBJ := $(PRELOAD_SRC:%.c=$(OUT)/pre/%.o) $(PRELOAD_ASM:%.S=$(OUT)/pre/%.o)
PAGE_OBJ := $(OUT)/obj/analyzer/render/dashboard_page.o
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/obj/%.o) $(PAGE_OBJ)
CLI_OBJ := $(CLI_SRC:%.c=$(OUT)/obj/%.o)
LIBS := -ljansson -lsqlite3 -ldw -lelf -lz -liberty -lm

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all
all: $(OUT)/libmemscope.so $(OUT)/memscope-analyze ## the recorder and the analyzer (BUILD=release|debug|asan|tsan|cov)

$(OUT)/libmemscope.so: $(PRELOAD_OBJ) preload/exports.map
	$(CC) -shared -o $@ $(PRELOAD_OBJ) -Wl,--version-script=preload/exports.map \
		-Wl,-z,now -Wl,-z,relro -Wl,--no-undefined -Wl,-soname,libmemscope.so

$(OUT)/libmemscope-analyzer.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/memscope-analyze: $(CLI_OBJ) $(OUT)/libmemscope-analyzer.a
	$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -pthread

$(OUT)/pre/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -c -o $@ $<

$(OUT)/pre/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -c -o $@ $<

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ANALYZER_FLAGS) -c -o $@ $<

# Where record looks for an installed recorder: compiled in, so a new LIBDIR rebuilds it.
$(OUT)/obj/analyzer/capture/record_library.o: BASE += -DMS_LIBDIR='"$(LIBDIR)/memscope"'
$(OUT)/obj/analyzer/capture/record_library.o: $(OUT)/libdir
$(OUT)/libdir: always
	@mkdir -p $(@D)
	@echo '$(LIBDIR)' | cmp -s - $@ || echo '$(LIBDIR)' >$@
.PHONY: always
always:

# The dashboard's page, made once for all builds; empty where there is no npm, and made
# when there is.
DASHBOARD := build/dashboard
DASHBOARD_SRC := $(shell find analyzer/render/dashboard -type f -not -path '*/node_modules/*' \
	-not -path '*/dist/*') common/lost.h

$(DASHBOARD)/npm: always
	@mkdir -p $(@D)
	@npm=$$(command -v npm || echo none); echo "$$npm" | cmp -s - $@ || echo "$$npm" >$@

$(DASHBOARD)/index.html: $(DASHBOARD_SRC) scripts/build-dashboard $(DASHBOARD)/npm
	@scripts/build-dashboard $(DASHBOARD)

$(PAGE_OBJ): analyzer/render/dashboard_page.S $(DASHBOARD)/index.html
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DMS_DASHBOARD='"$(DASHBOARD)/index.html"' -c -o $@ $<

.PHONY: dashboard
dashboard: ## the page of render --format html again, where npm failed
	@rm -f $(DASHBOARD)/index.html $(DASHBOARD)/installed.json
	@$(MAKE) --no-print-directory $(DASHBOARD)/index.html
	@test -s $(DASHBOARD)/index.html

# --- tests -----------------------------------------------------------------------------

# One program per tests/unit/check_<source>.c (Check), linked with the analyzer's library.
UNIT_SRC := $(wildcard tests/unit/check_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)
# Shared by unit tests, when there is something to share: tests/unit/*.c of other names.
UNIT_HELP := $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(UNIT_HELP) $(OUT)/libmemscope-analyzer.a
	@mkdir -p $(@D)
	$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcheck -lsubunit -lm -lrt $(LIBS) -pthread

# Those of the recorder's sources; the recorder itself is never run under valgrind or a
# sanitizer.
RECORDER_UNITS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(shell grep -l '"preload/' $(UNIT_SRC)))

.PHONY: units-valgrind
units-valgrind: $(RECORDER_UNITS) ## unit tests of the recorder's sources under valgrind
	@CK_FORK=no MS_WRAP='valgrind -q --error-exitcode=99' scripts/run-tests -n valgrind/ $^

# Watched programs: tests/targets/x.c is a program, tests/targets/libx.c a library.  A line
# " * Build with: FLAGS" in the head of the source adds flags.
TARGET_SRC := $(wildcard tests/targets/*.c tests/targets/*.cc)
TARGET_LIB := $(filter tests/targets/lib%,$(TARGET_SRC))
TARGETS := $(patsubst tests/%,$(OUT)/%,$(basename $(filter-out $(TARGET_LIB),$(TARGET_SRC)))) \
	$(patsubst tests/%,$(OUT)/%.so,$(basename $(TARGET_LIB)))
TARGET_FLAGS = -g -O1 -Wall -I. -Ipreload/include -pthread -MMD -MP -MF $@.d -MT $@ \
	$$(sed -n 's/^ \* Build with: //p' $<)

$(OUT)/targets/lib%.so: tests/targets/lib%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -fPIC -shared -o $@ $< $(TARGET_FLAGS)

$(OUT)/targets/%: tests/targets/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -o $@ $< $(TARGET_FLAGS)

$(OUT)/targets/%: tests/targets/%.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -o $@ $< $(TARGET_FLAGS)

# The recorder with libunwind as a judge of every stack, for tests only.
JUDGE_SRC := $(PRELOAD_SRC) $(wildcard tests/judge/*.c)
JUDGE := $(OUT)/targets/libmemscope-judge.so

$(OUT)/judge/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -DMS_JUDGE -c -o $@ $<

$(JUDGE): $(JUDGE_SRC:%.c=$(OUT)/judge/%.o) preload/exports.map
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $(filter %.o,$^) -Wl,--version-script=preload/exports.map \
		-Wl,-z,now -lunwind

# What the benchmark compares with: an interposer that only forwards, and the recorder
# without its memory of stacks.
BENCH_SRC := $(filter-out tests/bench/lib%,$(wildcard tests/bench/*.c))
BENCH_BIN := $(BENCH_SRC:tests/%.c=$(OUT)/%) $(OUT)/bench/libmemscope-nop.so \
	$(OUT)/bench/libmemscope-nomemo.so
RUNS ?= 5
QUICK ?=

$(OUT)/nomemo/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -DMS_NO_MEMO -c -o $@ $<

$(OUT)/bench/libmemscope-nomemo.so: $(PRELOAD_SRC:%.c=$(OUT)/nomemo/%.o) \
		$(PRELOAD_ASM:%.S=$(OUT)/pre/%.o) preload/exports.map
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $(filter %.o,$^) -Wl,--version-script=preload/exports.map \
		-Wl,-z,now

$(OUT)/bench/libmemscope-nop.so: tests/bench/libnop.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -fPIC -fno-builtin -shared -Wl,-z,now -o $@ $<

$(OUT)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -fno-builtin -o $@ $< $(TARGET_FLAGS)

.PHONY: bench
bench: all $(BENCH_BIN) $(addprefix $(OUT)/targets/,depth_bench handover plain demo_app) ## what recording and reading cost, beside heaptrack (RUNS=5, QUICK=1 for a short run)
	@MS_BUILD=$(abspath $(OUT)) RUNS=$(RUNS) QUICK=$(QUICK) tests/bench/run

# Programs that tests use: tests/tools/*.c.
TOOL_SRC := $(wildcard tests/tools/*.c)
TOOLS := $(TOOL_SRC:tests/%.c=$(OUT)/%)

$(OUT)/tools/%: $(OUT)/obj/tests/tools/%.o $(OUT)/libmemscope-analyzer.a
	@mkdir -p $(@D)
	$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -pthread

# tests/fuzz/fuzz_x.c: by libFuzzer (clang), or its corpus replayed without it (any gcc).
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(OUT)/fuzz/%)
REPLAY_BIN := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(OUT)/fuzz/replay_%)
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60

$(OUT)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(LIB_SRC) $(PAGE_OBJ)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(filter-out -MMD -MP,$(BASE)) -DMS_LIBDIR='"$(LIBDIR)"' -O1 -fsanitize=fuzzer,address,undefined \
		-o $@ $< $(LIB_SRC) $(PAGE_OBJ) $(LIBS) -pthread

$(OUT)/fuzz/replay_%: $(OUT)/obj/tests/fuzz/fuzz_%.o $(OUT)/obj/tests/fuzz/replay.o \
		$(OUT)/libmemscope-analyzer.a
	@mkdir -p $(@D)
	$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -pthread

.PHONY: check
check: ## every test in every build, as scripts/test without its installing
	@scripts/test --no-install

.PHONY: unit-programs replay-programs
unit-programs: $(UNIT_BIN)
replay-programs: $(REPLAY_BIN)

.PHONY: units
units: $(UNIT_BIN) ## unit tests of this BUILD
	@MS_BUILD_KIND=$(BUILD) MS_BUILD=$(abspath $(OUT)) scripts/run-tests -n $(BUILD)/ $(UNIT_BIN)

.PHONY: targets
targets: $(TARGETS) $(TOOLS) $(JUDGE) # the programs that end-to-end tests watch

E2E ?= $(sort $(wildcard tests/e2e/[0-9]*.sh))
.PHONY: e2e
e2e: all targets ## end-to-end tests (E2E=FILES for some of them)
	@MS_BUILD=$(abspath $(OUT)) scripts/run-tests $(E2E)

.PHONY: situations
situations: all targets ## every situation in which a recorder could harm a program, one line each
	@MS_BUILD=$(abspath $(OUT)) sh tests/e2e/situations.sh

.PHONY: truth
truth: all targets ## programs of known leaks and wrong frees, ours beside Valgrind's
	@status=0; MS_BUILD=$(abspath $(OUT)) sh tests/e2e/truth.sh || status=1; echo; \
	MS_BUILD=$(abspath $(OUT)) sh tests/e2e/truth_errors.sh || status=1; exit $$status

.PHONY: screenshots
screenshots: all targets ## build/screenshots: each view of the dashboard, 1400 and 400 pixels wide
	@MS_BUILD=$(abspath $(OUT)) sh tests/e2e/8020-dashboard.sh | grep -v '^ok'; \
		ls build/screenshots/*.png

.PHONY: fuzz
fuzz: $(FUZZ_BIN) ## fuzz with libFuzzer for FUZZ_SECONDS each (needs clang)
	@for f in $(FUZZ_BIN); do \
		name=$${f##*/fuzz_}; mkdir -p $(OUT)/fuzz/found/$$name; \
		$$f -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -artifact_prefix=$(OUT)/fuzz/ \
			$(OUT)/fuzz/found/$$name tests/fuzz/corpus/$$name || exit 1; done

.PHONY: fuzz-replay
fuzz-replay: $(REPLAY_BIN) ## the fuzz targets over their corpus, without libFuzzer
	@for f in $(REPLAY_BIN); do name=$${f##*/replay_}; \
		scripts/run-tests -n $(BUILD)/ -c "fuzz corpus $$name" \
			$$f tests/fuzz/corpus/$$name || exit 1; done

.PHONY: check-layers
check-layers: ## every #include follows an arrow of scripts/layers
	@scripts/check-layers

.PHONY: check-symbols
check-symbols: $(OUT)/libmemscope.so ## exports and imports of the recorder are as listed
	@scripts/check-symbols $<

.PHONY: check-style
check-style: ## layout, sizes and heads of the sources
	@scripts/check-style

MAN := $(wildcard man/*.[157])
.PHONY: lint-man
lint-man: ## mandoc's lint of the man pages
	@mandoc -T lint -W warning $(MAN)

.PHONY: format
format: ## lay out the C sources with clang-format 14
	@find analyzer common preload tests \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) \
		-exec $$(command -v clang-format-14 || echo clang-format) -i {} +

# --- installing ------------------------------------------------------------------------

HEADERS := $(wildcard analyzer/include/memscope/*.h preload/include/memscope/*.h)

.PHONY: install
install: all $(OUT)/libmemscope-analyzer.a ## install under PREFIX (/usr/local), below DESTDIR
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/memscope $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(INCLUDEDIR)/memscope $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 755 $(OUT)/memscope-analyze $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(OUT)/libmemscope.so $(DESTDIR)$(LIBDIR)/memscope
	$(INSTALL) -m 644 $(OUT)/libmemscope-analyzer.a $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/memscope
	$(INSTALL) -m 644 man/memscope-analyze.1 man/memscope-gate.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 man/memscope-log.5 $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 644 man/memscope.7 man/memscope-query.7 $(DESTDIR)$(MANDIR)/man7
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(LIBS)|' scripts/memscope.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/memscope.pc

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/memscope-analyze $(DESTDIR)$(LIBDIR)/memscope/libmemscope.so \
		$(DESTDIR)$(LIBDIR)/libmemscope-analyzer.a $(DESTDIR)$(LIBDIR)/pkgconfig/memscope.pc \
		$(addprefix $(DESTDIR)$(INCLUDEDIR)/memscope/,$(notdir $(HEADERS))) \
		$(DESTDIR)$(MANDIR)/man1/memscope-analyze.1 $(DESTDIR)$(MANDIR)/man1/memscope-gate.1 \
		$(DESTDIR)$(MANDIR)/man5/memscope-log.5 \
		$(DESTDIR)$(MANDIR)/man7/memscope.7 $(DESTDIR)$(MANDIR)/man7/memscope-query.7
	-rmdir $(DESTDIR)$(LIBDIR)/memscope $(DESTDIR)$(INCLUDEDIR)/memscope

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## this list
	@awk -F ':|## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$NF }' Makefile

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
