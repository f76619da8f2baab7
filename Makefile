# memscope: `make help` lists what can be made.
#
# One tree per build: build/release (default), build/debug, build/asan, build/tsan,
# build/cov, chosen with BUILD=.

BUILD ?= release
OUT := build/$(BUILD)
PREFIX ?= /usr/local
CC ?= gcc
VERSION := 0.1.0

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
BASE := -std=gnu11 -g -I. -Ianalyzer/include -DMS_VERSION='"$(VERSION)"' $(WARN) -MMD -MP
OPT_release := -O2
OPT_debug := -O0
OPT_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_tsan := -O1 -fsanitize=thread
OPT_cov := -O0 --coverage
OPT := $(OPT_$(BUILD))

# The recorder runs inside other programs: it is never built with a sanitizer.
OPT_PRELOAD_debug := -O0
OPT_PRELOAD := $(or $(OPT_PRELOAD_$(BUILD)),-O2)
PRELOAD_FLAGS := $(BASE) $(OPT_PRELOAD) -fPIC -fvisibility=hidden -ftls-model=initial-exec \
	-fno-omit-frame-pointer -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free \
	-fasynchronous-unwind-tables -fno-stack-protector -U_FORTIFY_SOURCE -pthread
ANALYZER_FLAGS := $(BASE) $(OPT) -pthread

PRELOAD_COMMON := common/crc32c.c common/units.c
PRELOAD_SRC := $(wildcard preload/*.c) $(PRELOAD_COMMON)
PRELOAD_ASM := $(wildcard preload/*.S)
CLI_SRC := $(wildcard analyzer/cli/*.c)
LIB_SRC := $(filter-out $(CLI_SRC),$(wildcard analyzer/*/*.c)) $(wildcard common/*.c)
PRELOAD_OBJ := $(PRELOAD_SRC:%.c=$(OUT)/pre/%.o) $(PRELOAD_ASM:%.S=$(OUT)/pre/%.o)
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/obj/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(OUT)/obj/%.o)
LIBS := -ljansson -ldw -lelf -liberty

.DEFAULT_GOAL := all
.PHONY: all
all: $(OUT)/libmemscope.so $(OUT)/memscope-analyze

$(OUT)/libmemscope.so: $(PRELOAD_OBJ) preload/exports.map
	$(CC) -shared -o $@ $(PRELOAD_OBJ) -Wl,--version-script=preload/exports.map \
		-Wl,-z,now -Wl,-z,relro -Wl,--no-undefined -Wl,-soname,libmemscope.so

$(OUT)/libmemscope-analyzer.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/memscope-analyze: $(CLI_OBJ) $(OUT)/libmemscope-analyzer.a
	$(CC) $(OPT) -o $@ $^ $(LIBS) -pthread

$(OUT)/pre/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -c -o $@ $<

$(OUT)/pre/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(PRELOAD_FLAGS) -c -o $@ $<

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ANALYZER_FLAGS) -c -o $@ $<

# One binary per tests/unit/check_<source>.c (Check), linked with the analyzer's library.
UNIT_SRC := $(wildcard tests/unit/check_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)

$(OUT)/unit/%: tests/unit/%.c $(OUT)/libmemscope-analyzer.a
	@mkdir -p $(@D)
	$(CC) $(ANALYZER_FLAGS) -o $@ $< $(OUT)/libmemscope-analyzer.a -lcheck -lsubunit -lm -lrt $(LIBS) -pthread

.PHONY: units
units: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do $$t || exit 1; done

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
