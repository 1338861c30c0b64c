# Tillbridge. `make help` lists the targets; V=1 shows the commands.
#
#   SAN=address,undefined   a flavour with sanitizers, in its own object tree
#   CC=clang CFLAGS=-O0     another compiler; your flags come last
#   CI=1                    a warning is an error
#   CIVETWEB_SRC=dir        civetweb's source from here instead of from apt
#   B=build/mine            an object tree of your own

SAN          ?=
CIVETWEB_SRC ?=
PREFIX       ?= /usr/local
SPECS        ?=
FOR          ?= 60

comma := ,
B     := build/$(if $(SAN),$(subst $(comma),-,$(SAN)),plain)
# The plain flavour's two programs lie where a person looks for them.
BIN   := $(if $(filter build/plain,$(B)),build,$(B))

.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# ---- What it is made of -----------------------------------------------------

in = $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1)) \
                $(addsuffix /*/*/*.c,$(1)))
obj = $(patsubst %.c,$(B)/%.o,$(1))

MAIN     := gateway/main.c
SRC      := $(sort $(filter-out $(MAIN),$(call in,gateway handlers adapters)))
SIM_SRC  := $(sort $(call in,tests/sim))
HELP_SRC := $(sort $(call in,tests/support))
TEST_SRC := $(sort $(wildcard tests/unit/test_*.c tests/contract/test_*.c))

OBJ      := $(call obj,$(SRC)) $(B)/civetweb.o
SIM_OBJ  := $(call obj,$(SIM_SRC))
HELP_OBJ := $(call obj,$(HELP_SRC))
TESTS    := $(patsubst %.c,$(B)/%,$(TEST_SRC))
LIB      := $(B)/libtillbridge.a
HELP_LIB := $(if $(HELP_SRC),$(B)/libsupport.a)
PROGRAMS := $(BIN)/tillbridge $(BIN)/tillbridge-sim

# Either unpacked by tests/fetch_civetweb.sh, or the user's: the folder itself,
# or the one that holds the unpacked release.
CIVETWEB := build/civetweb
ifneq ($(CIVETWEB_SRC),)
CIVETWEB := $(firstword $(patsubst %/src/civetweb.c,%,$(wildcard \
              $(addsuffix /src/civetweb.c,$(CIVETWEB_SRC) \
              $(wildcard $(CIVETWEB_SRC)/civetweb-*)))))
ifeq ($(CIVETWEB),)
$(error CIVETWEB_SRC=$(CIVETWEB_SRC): no src/civetweb.c in it)
endif
ifeq ($(wildcard $(CIVETWEB)/include/civetweb.h),)
$(error CIVETWEB_SRC=$(CIVETWEB_SRC): no include/civetweb.h in $(CIVETWEB))
endif
endif

# ---- Flags ------------------------------------------------------------------

# Asked for when first needed: `make run` installs pkg-config before that.
once    = $(eval $(1) := $(shell $(2)))$($(1))
LIBS    = libcurl json-c hiredis openssl
LIB_INC = $(call once,LIB_INC,pkg-config --cflags-only-I $(LIBS))
# libmariadb's headers are named with their folder.
LIB_LD  = $(call once,LIB_LD,pkg-config --libs $(LIBS) libmariadb)
TEST_LD = $(call once,TEST_LD,pkg-config --libs cmocka)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wundef \
       -Wformat=2 -Wswitch-enum -Wwrite-strings -Wcast-qual \
       -Wstrict-prototypes -Wmissing-prototypes $(if $(CI),-Werror)

# gcc warns falsely about sanitized code at -O2, and traces read better at -O1.
# _FORTIFY_SOURCE wants optimized code.
TUNE = $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=$(SAN),-O2 \
       $(if $(filter -O0 -Og,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)) -g \
       -fstack-protector-strong -pthread

ALL_CFLAGS = -std=c17 -D_POSIX_C_SOURCE=200809L $(TUNE) -MMD -MP -I. \
             -isystem $(CIVETWEB)/include $(patsubst -I%,-isystem %,$(LIB_INC)) \
             $(WARN) $(CPPFLAGS) $(CFLAGS)

# These flags and no others; none of our warnings (platform.md C2, C25).
CIVETWEB_CFLAGS = $(TUNE) -w -MMD -MP -I$(CIVETWEB)/include -DNO_SSL_DL \
                  -DOPENSSL_API_3_0 -DUSE_IPV6 -DNO_CGI -DNO_FILES \
                  -DNO_CACHING -DUSE_SERVER_STATS -DUSE_STACK_SIZE=262144 \
                  -DREENTRANT_TIME $(CPPFLAGS) $(CFLAGS)

ALL_LDFLAGS = $(TUNE) -Wl,-z,relro,-z,now,--as-needed $(CFLAGS) $(LDFLAGS)
ALL_LDLIBS  = $(LIB_LD) $(LDLIBS)

# A finding ends the program that has it, with a status no test expects.
ifneq ($(SAN),)
export ASAN_OPTIONS  ?= detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS ?= halt_on_error=1:print_stacktrace=1:exitcode=99
export TSAN_OPTIONS  ?= suppressions=$(CURDIR)/tests/tsan.supp:exitcode=99:second_deadlock_stack=1
endif

# What scripts under tests/ are told.
ENV = TILLBRIDGE=$(CURDIR)/$(BIN)/tillbridge \
      TILLBRIDGE_SIM=$(CURDIR)/$(BIN)/tillbridge-sim \
      CC='$(CC)' CIVETWEB_SRC='$(CIVETWEB_SRC)' BUILD=$(CURDIR)/$(B)

say = @$(if $(V),:,printf '  %-8s %s\n' $(1) '$(2)')
Q   = $(if $(V),,@)

# ---- Building ---------------------------------------------------------------

.PHONY: all tests
all: $(PROGRAMS) ## build tillbridge and tillbridge-sim
tests: $(TESTS)

$(BIN)/tillbridge: $(call obj,$(MAIN)) $(OBJ) $(B)/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ALL_LDLIBS)

# The library gives a program what it refers to and nothing else: the
# simulator carries no store, and a test may bring its own clock.
$(BIN)/tillbridge-sim: $(SIM_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(SIM_OBJ) $(LIB) $(ALL_LDLIBS)

# Tests of the simulators, and those that ask them, get them as a library.
SIM_LIB   := $(B)/libsim.a
SIM_TESTS := $(patsubst %.c,$(B)/%,$(filter tests/contract/%,$(TEST_SRC)) \
               $(wildcard tests/unit/test_sim_*.c))
$(SIM_TESTS): $(SIM_LIB)
$(TESTS): %: %.o $(HELP_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(HELP_LIB) \
		$(if $(filter $@,$(SIM_TESTS)),$(SIM_LIB)) $(LIB) $(TEST_LD) \
		$(ALL_LDLIBS)

$(LIB): $(OBJ) $(B)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)

$(SIM_LIB): $(SIM_OBJ) $(B)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter-out %/main.o,$(SIM_OBJ))

$(B)/libsupport.a: $(HELP_OBJ) $(B)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(HELP_OBJ)

$(B)/civetweb.o: $(CIVETWEB)/src/civetweb.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(CIVETWEB_CFLAGS) -c -o $@ $<

$(B)/%.o: %.c $(B)/flags | $(CIVETWEB)/include/civetweb.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

build/civetweb/src/civetweb.c build/civetweb/include/civetweb.h &: | needs
	@tests/fetch_civetweb.sh build/civetweb

# Written again only when they differ, so that another compiler, another flag
# or a removed file rebuilds what depends on it.
.PHONY: FORCE
$(B)/flags: FORCE | needs
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CIVETWEB) $(ALL_CFLAGS) $(LDFLAGS) $(LDLIBS)' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@

$(B)/sources: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(SRC) $(HELP_SRC) $(SIM_SRC) >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@

-include $(patsubst %.o,%.d,$(call obj,$(MAIN)) $(OBJ) $(SIM_OBJ) $(HELP_OBJ)) \
         $(addsuffix .d,$(TESTS))

# Running and testing install what is missing; anything else only names it.
RUNS  := run test unit scenario soak asan tsan fuzz bench contract setup \
         converge converge-selftest
GOALS := $(or $(MAKECMDGOALS),all)
NEEDS := $(if $(CIVETWEB_SRC)$(wildcard build/civetweb/src/civetweb.c),,fetch) build \
         $(if $(filter $(RUNS) check,$(GOALS)),test) \
         $(if $(filter $(RUNS),$(GOALS)),run)
.PHONY: needs
needs:
	@CC='$(CC)' tests/setup.sh $(if $(filter $(RUNS),$(GOALS)),--install) $(NEEDS)

# ---- Running ----------------------------------------------------------------

.PHONY: run setup certs
ifneq ($(CONFIG),)
run: $(BIN)/tillbridge ## run gateway and simulators; CONFIG=file runs the real thing
	@exec $(BIN)/tillbridge run -c '$(CONFIG)'
else
run: $(PROGRAMS) certs
	@$(ENV) exec tests/sim/demo.sh
endif

setup: needs ## install what building, running and testing need

certs: | needs ## make throw-away certificates in certs/
	@certs/make-certs.sh certs

# ---- Testing ----------------------------------------------------------------

.PHONY: test unit asan tsan
test: $(PROGRAMS) $(TESTS) ## run every test there is; ends with a count
	@$(ENV) tests/run_all.sh $(TESTS)

PICKED := $(if $(ONLY),$(foreach t,$(TESTS),$(if $(findstring $(ONLY),$(t)),$(t))),$(TESTS))
unit: $(PICKED) ## run the unit and contract tests; ONLY=word picks some
	@$(ENV) tests/run_units.sh $(PICKED)

asan: | needs ## every test with AddressSanitizer and UBSan
	@$(MAKE) SAN=address,undefined test

tsan: | needs ## every test with ThreadSanitizer
	@$(MAKE) SAN=thread test

# A target whose script is not in the tree does not exist.
SCRIPTED := scenario:tests/scenario/run.sh fuzz:tests/fuzz/run.sh \
            bench:tests/bench/run.sh contract:tests/contract/prism.sh \
            converge:tests/converge/run.sh
there    := $(foreach s,$(SCRIPTED),$(if $(wildcard $(lastword \
              $(subst :, ,$(s)))),$(firstword $(subst :, ,$(s)))))
absent   := $(filter-out $(there),scenario fuzz bench contract converge)
.PHONY: $(there)

ifneq ($(filter scenario,$(there)),)
scenario: $(PROGRAMS) ## run the scenarios; ONLY=word picks some
	@$(ENV) tests/scenario/run.sh $(ONLY)
endif
ifneq ($(filter scenario,$(there)),)
.PHONY: soak
soak: $(PROGRAMS) ## a shop's database away for a minute amid sales, dead and hung: 3 minutes
	@$(ENV) AWAY_S=60 AWAY_HOW='kill stop' tests/scenario/run.sh y0120
endif
ifneq ($(filter fuzz,$(there)),)
fuzz: $(PROGRAMS) ## feed the parsers with rubbish; FOR=60 seconds each
	@$(ENV) FOR='$(FOR)' tests/fuzz/run.sh
endif
ifneq ($(filter bench,$(there)),)
bench: $(PROGRAMS) ## load, and a check of every id
	@$(ENV) tests/bench/run.sh
endif
ifneq ($(filter converge,$(there)),)
converge: $(PROGRAMS) $(LIB) ## random trade and trouble, then all agree; SEEDS=n JOBS=n
	@$(ENV) SEEDS='$(or $(SEEDS),10)' JOBS='$(or $(JOBS),1)' \
		tests/converge/run.sh

.PHONY: converge-selftest
converge-selftest: $(PROGRAMS) $(LIB) ## bugs planted in a copy must be caught by it; ONLY=word
	@$(ENV) tests/converge/selftest.sh $(ONLY)
endif
ifneq ($(filter contract,$(there)),)
contract: $(PROGRAMS) ## our requests against the vendors' OpenAPI; SPECS=dir
	@$(ENV) tests/contract/prism.sh '$(SPECS)'
endif

# ---- Checking ---------------------------------------------------------------

C_FILES = $(shell find gateway handlers adapters tests -name '*.[ch]')

.PHONY: check headers layers shape lint format docs
check: headers ## layers, scripts, format, headers, warnings, docs, units
	@set -e; for cc in gcc clang; do \
		command -v $$cc >/dev/null || continue; \
		$(MAKE) B=build/check-$$cc CC=$$cc CI=1 all tests; \
		echo "warnings: none with $$cc"; \
	done
	@$(MAKE) all
	@tests/docs.sh --check $(BIN)/tillbridge
	@$(MAKE) unit

# Each header compiles alone.
headers: | cheap $(CIVETWEB)/include/civetweb.h
	@set -e; for header in $(filter %.h,$(C_FILES)); do \
		$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -Werror -fsyntax-only \
			-x c "$$header"; \
	done
	@echo "headers: each compiles alone"

# What needs no compiler, before anything that takes time.
.PHONY: cheap
cheap: | needs
	@tests/check_layers.sh
	@tests/check_scripts.sh
	@tests/check_format.sh
	@tests/check_nginx.sh

layers: ## who may include whom
	@tests/check_layers.sh

shape: ## how long functions and files are
	@tests/shape.sh

lint: ## cppcheck and shellcheck, as far as they are there
	@tests/lint.sh

format: ## lay out every C file with clang-format
	@clang-format -i $(C_FILES)

docs: $(BIN)/tillbridge ## schema, options, manual pages and completion from the program
	@tests/docs.sh $<

# ---- Installing and cleaning ------------------------------------------------

SHARE = $(DESTDIR)$(PREFIX)/share
DOC   = $(SHARE)/doc/tillbridge
BASHC = $(SHARE)/bash-completion/completions
ZSHC  = $(SHARE)/zsh/site-functions
.PHONY: install clean help
install: $(BIN)/tillbridge ## install under PREFIX=/usr/local (and DESTDIR=)
	@install -d '$(DESTDIR)$(PREFIX)/bin' '$(DOC)' '$(SHARE)/man/man1' \
		'$(SHARE)/man/man5' '$(BASHC)' '$(ZSHC)'
	@install -m 755 $< '$(DESTDIR)$(PREFIX)/bin/tillbridge'
	@install -m 644 nginx.conf.example gateway.schema.json LICENSE '$(DOC)'
	@install -m 644 packaging/tillbridge.1 '$(SHARE)/man/man1'
	@install -m 644 packaging/gateway.json.5 '$(SHARE)/man/man5'
	@install -m 644 packaging/tillbridge.bash '$(BASHC)/tillbridge'
	@install -m 644 packaging/_tillbridge '$(ZSHC)'
	@echo "installed $(PREFIX)/bin/tillbridge; see $(PREFIX)/share/doc/tillbridge"

clean: ## remove what was built; the fetched source stays
	@test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name civetweb \
		-exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' -v absent=' $(absent) ' \
		'/^[a-z]+:.*## / && !index(absent, " " $$1 " ") { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'With any of them: V=1 CI=1 CC= CFLAGS= SAN= CIVETWEB_SRC= B= (CONTRIBUTING.md)'
