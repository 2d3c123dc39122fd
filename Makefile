# Makefile -- builds the command and the library, tests, measures.  Start with: make demo, make test.
#
## make                    the command and the libraries: build/keymuster, build/libkeymuster.a, its engine's, shared ones
## make demo               a laboratory KMS, 10 000 members, some of whom open their messages
## make test               everything that is tested; installs what it needs.  check: the same, installs nothing
## make language-packages  installs what the examples in other languages need, which the tests else skip
## make ctime              constant time, on the binary, of AArch64 by traces; ctime-full: more; ctime-stat: by time
## make faults             single faults at calls and at instructions, in every operation, row and size, at length; a
##                         short form is in the tests
## make live               GMSs of many threads, with children, with 10 000 groups; under ThreadSanitizer and helgrind
## make fuzz               every parser under libFuzzer, FUZZ_SECONDS each
## make bench              this machine, beside wolfSSL and OpenSSL; BENCH="encap_batch@512 decap_one", TARGETS=1, PEER=DIR
## make bench-live         groups, KMSs, delays and memory of a GMS that lives long: LIVE=--short
## make bench-command      whole runs by hyperfine; bench-instructions: the scalar rows' instructions
## make bench-mca          port pressure of the eight-lane kernels, and AArch64's, by llvm-mca where it is installed
## make install            into PREFIX (/usr/local), below DESTDIR; LIBDIR for libraries alone.  ldconfig is yours
## make abi                writes what programs that link the libraries rely on, in abi/; abi-check compares
## make digests            what the tables over P and g, and rows of kernels, must be, from portable code
##
## NO_INSTALL=1            says which packages are missing, and installs none
## MODE=asan, tsan         sanitizers          OPT=-O3, CC=clang    as you like it
## VECTORS=DIR             a third party's vectors for the tests     V=1  shows the commands
## CROSS=aarch64-linux-gnu-  builds for that architecture, and runs what it has built by RUN (qemu-aarch64)
## WERROR=                 a warning is no error, as outside a git checkout
# What is built with: CROSS is put before each name, but for what the user has named.
CROSS   ?=
ifneq ($(CROSS),)
tool     = $(if $(filter default undefined,$(origin $(1))),$(eval $(1) := $(CROSS)$(2)))
$(call tool,CC,gcc)$(call tool,CXX,g++)$(call tool,LD,ld)$(call tool,AR,ar)
endif
CC      ?= cc
NM      ?= $(CROSS)nm
OBJCOPY ?= $(CROSS)objcopy
OBJDUMP ?= $(CROSS)objdump
READELF ?= $(CROSS)readelf
MODE    ?= release
OPT     ?= -O2
ARCH    := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m)))
HOST    := $(shell uname -m)
# What starts a program that was built: nothing, where this machine is of its kind.
RUN     ?= $(if $(filter aarch64,$(ARCH)),$(if $(filter-out aarch64,$(HOST)),qemu-aarch64))
# Signatures of return addresses by a cheap hash instead of QARMA, which takes the emulator two thirds of its time.
ifneq ($(filter qemu-aarch64,$(RUN)),)
export QEMU_CPU ?= max,pauth-impdef=on
endif
B       := build/$(ARCH)-$(MODE)
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
# The first number is the SONAME's: it changes when a program that links the libraries had to be built anew.
SO      := 1
SO_FULL := $(SO).0.0

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes
# A warning stops who works on it, and nobody who has a newer compiler.
WERROR  ?= $(if $(wildcard .git),1)
WARN    += $(if $(WERROR),-Werror)
# As distributions build, whatever the flags of the user are.  No frame may exceed 64 KB: threads of some C
# libraries have 128 KB in all.
HARDEN  := -fstack-protector-strong -fstack-clash-protection
HARDEN_x86_64 := -fcf-protection
HARDEN_aarch64 := -mbranch-protection=standard
FORTIFY := $(if $(filter -O0,$(OPT)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
FRAMES  := -Wframe-larger-than=65536
DEFS    := -D_GNU_SOURCE -DARCH_$(ARCH)
MODE_release := $(OPT) -g $(FORTIFY) $(FRAMES)
MODE_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DKM_VERIFY
MODE_tsan    := -O1 -g -fsanitize=thread
MODE_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DKM_VERIFY
MODE_ct      := $(OPT) -gdwarf-4 $(FORTIFY)
ALL_CFLAGS := -std=c11 $(WARN) $(DEFS) $(MODE_$(MODE)) -fvisibility=hidden -fPIC $(HARDEN) $(HARDEN_$(ARCH)) \
	-I. -iquote engine -iquote provision $(CFLAGS)
LIBS_libkeymuster-engine := -lgmp -lsodium -lcrypto -lpthread
LIBS_libkeymuster        := -lexpat -lsodium -lcrypto -lpthread
# The command's, and the tests'.
LIBS    := -lexpat -ljansson -lsodium -lcrypto -lgmp -lpthread

ENGINE  := $(wildcard engine/*.c engine/*/*.c) $(wildcard asm/$(ARCH)/*.S)
LIBRARY := $(wildcard $(patsubst %,provision/%/*.c,base message keys gms client))
BATCHES := $(wildcard provision/run/*.c)
CLI     := $(wildcard provision/cli/*.c)
PROV    := $(LIBRARY) $(BATCHES)
TESTS   := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))
FUZZ    := $(patsubst tests/%.c,%,$(wildcard tests/fuzz_*.c))
obj      = $(patsubst %,$(B)/%.o,$(1))

# Debian's names of what is needed to build, to test, and to measure.
BUILD_PACKAGES := gcc libc6-dev libgmp-dev libsodium-dev libssl-dev libexpat1-dev libjansson-dev
TEST_PACKAGES  := $(BUILD_PACKAGES) g++ libcmocka-dev libwolfssl-dev libxml2-utils man-db mandoc pkg-config python3 valgrind
BENCH_PACKAGES := $(BUILD_PACKAGES) libwolfssl-dev hyperfine valgrind
ABI_PACKAGES   := $(BUILD_PACKAGES) abigail-tools
# For AArch64 on another machine, whose own packages stay as they are.  libwolfssl-dev cannot be there beside its twin.
ifeq ($(CROSS),aarch64-linux-gnu-)
FOREIGN        := arm64
BUILD_PACKAGES := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user \
	$(patsubst %,%:arm64,$(filter lib%,$(filter-out libc6-dev,$(BUILD_PACKAGES))))
TEST_PACKAGES  := $(BUILD_PACKAGES) gcc libc6-dev g++-aarch64-linux-gnu libcmocka-dev:arm64 \
	$(filter-out gcc g++ valgrind lib%dev,$(TEST_PACKAGES))
endif
# What the examples in other languages need, where no package of whatever name has brought it: 0.8 GB in all, of which
# Go is 450 MB and Java 270.
unless = $(if $(shell command -v $(1)),,$(2))
LANGUAGE_PACKAGES = $(call unless,go,golang-go) $(call unless,javac,default-jdk-headless) \
	$(call unless,node,nodejs libnode-dev) $(call unless,python3,python3)

, := ,
# V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)  $(2)')

# The links in build/ are to what is measured and used here: no other build takes their place.
LIBNAMES := libkeymuster-engine libkeymuster
all: $(B)/keymuster $(patsubst %,$(B)/%.a,$(LIBNAMES)) $(patsubst %,$(B)/%.so.$(SO_FULL),$(LIBNAMES))
ifeq ($(MODE)$(RUN),release)
	@for name in keymuster $(LIBNAMES:=.a); do ln -sf $(notdir $(B))/$$name build/$$name; done
endif

# Touched only when the compiler or its flags change.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(LDFLAGS)' >$@

$(B)/%.c.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
$(B)/%.S.o: %.S $(B)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Each library is one object, of which only the km_ interface can be seen from outside.
$(B)/libkeymuster-engine.o: $(call obj,$(ENGINE))
$(B)/libkeymuster.o: $(call obj,$(LIBRARY))
$(B)/libkeymuster-engine.o $(B)/libkeymuster.o:
	$(call say,LD,$@)
	$(Q)$(LD) -r $^ -o $@.tmp
	$(Q)$(OBJCOPY) --localize-hidden $@.tmp $@ && rm $@.tmp
	@names=$$($(NM) -g --defined-only $@) && ! echo "$$names" | awk '{print $$3}' | grep -v -E '^(__odr_asan\.)?km_' || \
		{ echo '$@: names outside km_ are visible, or $(NM) is missing' >&2; rm -f $@; exit 1; }
$(B)/%.a: $(B)/%.o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Shared, with the same names.  They stay in a process once they are there, for its threads may keep what is
# theirs (engine.h, "processes and threads"); are bound at the start, as the command is; and call their own functions,
# whatever the program has of that name.  A sanitizer's functions come with the program.
SHARED := -shared -Wl,-z,relro,-z,now,-z,nodelete,--as-needed,-Bsymbolic-functions $(if $(filter release,$(MODE)),-Wl$(,)-z$(,)defs)
$(B)/libkeymuster-engine.so.$(SO_FULL): engine/km.map $(B)/libkeymuster-engine.o
$(B)/libkeymuster.so.$(SO_FULL): provision/km.map $(B)/libkeymuster.o $(B)/libkeymuster-engine.so.$(SO_FULL)
$(B)/%.so.$(SO_FULL):
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SHARED) -Wl,-soname,$*.so.$(SO) -Wl,--version-script=$(filter %.map,$^) \
		$(filter-out %.map,$^) -o $@ $(LIBS_$*)

# The command uses the readers and writers of provision/ too: it links the objects themselves.
# Functions are bound at the start: binding one at its first call would save the vector registers,
# and what they still hold of a key, on the stack.
$(B)/keymuster: $(call obj,$(CLI) $(PROV) $(ENGINE))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-z,relro,-z,now $^ -o $@ $(LIBS)

# What is run in the command's place, where this machine does not run it itself: a script, which starts it under qemu so
# that it can start itself again.  What PRELOAD names is loaded into it too.
COMMAND := $(B)/$(if $(RUN),run/)keymuster
$(B)/run/keymuster: $(B)/keymuster $(B)/run/again.so
	@printf '#!/bin/sh\nexec %s -E LD_PRELOAD="%s$${PRELOAD:+:$$PRELOAD}" "%s" "$$@"\n' \
		'$(RUN)' '$(CURDIR)/$(B)/run/again.so' '$(CURDIR)/$<' >$@ && chmod +x $@
$(B)/run/again.so: tests/qemu/again.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fvisibility=default -DSCRIPT='"$(CURDIR)/$(B)/run/keymuster"' -shared $< -o $@ -ldl
# What scripts of tests build, read and start programs with.
TOOLS   := CC='$(CC)' CXX='$(CXX)' NM='$(NM)' OBJDUMP='$(OBJDUMP)' READELF='$(READELF)' RUN='$(RUN)' MODE=$(MODE)

# Tests see the inside: they link the objects themselves, with the ECCSI nonce replaceable.
TEST_UTIL := $(call obj,$(wildcard tests/util*.c tests/twins/*.c))
$(B)/tests/test_%: $(B)/tests/test_%.c.o $(TEST_UTIL) $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=eccsi_nonce $^ -o $@ -lcmocka $(PEER_LIBS) $(LIBS)

# The interoperability tests want an independent engine, Debian's libwolfssl; without it they skip.
$(B)/wolfssl: FORCE
	@mkdir -p $(@D)
	@printf '#include <wolfssl/options.h>\n#include <wolfssl/wolfcrypt/sakke.h>\nint main(void) { return 0; }' | \
		$(CC) -x c -o $@.probe - -lwolfssl 2>/dev/null && lib=-lwolfssl; rm -f $@.probe; \
		echo $$lib | cmp -s - $@ || echo $$lib >$@
$(B)/tests/test_interop.c.o: $(B)/wolfssl
$(B)/tests/test_interop.c.o: private ALL_CFLAGS += $(if $(shell cat $(B)/wolfssl),-DWITH_WOLFSSL)
$(B)/tests/test_interop: private PEER_LIBS = $(shell cat $(B)/wolfssl)

# Where each allocation may fail.
$(B)/tests/test_faults: private LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=aligned_alloc,--wrap=mmap

# What is refused is not signed.
$(B)/tests/test_refused: private LDFLAGS += -Wl,--wrap=km_eccsi_sign_batch

$(B)/tests/test_batch_faults: private LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray

# A directory that does not reach the disk.
$(B)/tests/test_file: private LDFLAGS += -Wl,--wrap=fsync

# What the system does with memory in a child of a fork.
$(B)/tests/test_random: private LDFLAGS += -Wl,--wrap=madvise

# A plug-in that is unloaded; its own names are bound inside, as a host with another copy needs it.
$(B)/tests/plugin.so: $(B)/tests/plugin.c.o $(call obj,$(ENGINE))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-Bsymbolic $^ -o $@ $(LIBS)
$(B)/tests/test_unload: | $(B)/tests/plugin.so
$(B)/tests/test_unload: private LIBS += -ldl

# A limit on locked memory, and what is mapped.
$(B)/tests/test_arena: private LDFLAGS += -Wl,--wrap=mlock,--wrap=getrlimit,--wrap=secret_map,--wrap=secret_unmap

# The same limit, and sums of a key that need not be done 100 000 times.
$(B)/tests/test_scale: private LDFLAGS += -Wl,--wrap=mlock,--wrap=getrlimit,--wrap=lines_prepare \
	-Wl,--wrap=pairing_prepared,--wrap=sakke_times_p,--wrap=p256_times_var

# How functions leave that work on secrets.
$(B)/tests/test_dit: private LDFLAGS += -Wl,--wrap=leave_secret

# The lookups that are chosen.
$(B)/tests/test_proof $(B)/tests/test_digests: private LDFLAGS += -Wl,--wrap=fp8_table_for

# A table whose maker waits while its process forks.
$(B)/tests/test_fork: private LDFLAGS += -Wl,--wrap=table_digest_check

# What is left when a function of the interface returns, and what its passing secrets were.
$(B)/tests/test_residue: $(call obj,tests/residue_watch.c tests/residue_secrets.c)
ifneq ($(filter x86_64- aarch64-,$(ARCH)-$(filter asan tsan,$(MODE))),)
$(B)/tests/test_residue: private LDFLAGS += -Wl,--wrap=leave_secret,--wrap=crypto_stream_chacha20 \
	-Wl,--wrap=km_hmac_sha256,--wrap=cpu_levels
endif

# Fuzz targets read foreign octets of one kind each.  They run under a fuzzer (make fuzz), and in
# every other build on a fixed set of damaged inputs.
FUZZ_MAIN := $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer,$(B)/tests/replay.c.o)
$(B)/tests/fuzz_%: $(B)/tests/fuzz_%.c.o $(filter %.o,$(FUZZ_MAIN)) $(TEST_UTIL) $(call obj,$(wildcard provision/cli/messages*.c) $(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(filter -%,$(FUZZ_MAIN)) -Wl,--wrap=eccsi_nonce $^ -o $@ -lcmocka $(LIBS)

# Single faults: every call between the engine's objects, and to libraries, goes through a stub.
$(B)/tests/faults_stubs.S $(B)/tests/faults_wraps: tests/faults_stubs.sh tests/faults_stub.h $(call obj,$(ENGINE))
	@mkdir -p $(@D)
	@NM='$(NM)' bash tests/faults_stubs.sh $(B)/tests/faults_stubs.S $(B)/tests/faults_wraps $(call obj,$(ENGINE))
$(B)/tests/faults: $(call obj,tests/faults.c tests/faults_ops.c) $(B)/tests/faults_stubs.S $(call obj,$(ENGINE))
	$(call say,LD,$@)
	@sed 's/^/-Wl,--wrap=/' $(B)/tests/faults_wraps >$(B)/tests/faults_flags
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) @$(B)/tests/faults_flags $(filter %.o %.S,$^) -o $@ $(LIBS)

# Faults at single instructions: the same stubs, and a list of the program's own instructions.
$(B)/tests/steps: $(call obj,tests/steps.c tests/steps_trace.c tests/steps_places.c tests/faults_ops.c) $(B)/tests/faults_stubs.S $(call obj,$(ENGINE)) \
		tests/steps_places.sh
	$(call say,LD,$@)
	@sed 's/^/-Wl,--wrap=/' $(B)/tests/faults_wraps >$(B)/tests/steps_flags
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-Map=$@.map @$(B)/tests/steps_flags $(filter %.o %.S,$^) -o $@ $(LIBS)
	@bash tests/steps_places.sh $@ $@.map >$@.places

# The constant-time check names the rows, and the layouts, that it runs; of some kernels, twins.
CTIME_TWINS := prepare 64 128 256 512
$(B)/tests/ctime: $(B)/tests/ctime.c.o $(B)/tests/ctime_lookup.c.o $(TEST_UTIL) $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=eccsi_nonce -Wl,--wrap=fp8_table_for \
		$(patsubst %,-Wl$(,)--wrap=fp8_select_vbmi_%,$(CTIME_TWINS)) -Wl,--wrap=fp8_select_ifma $^ -o $@ -lcmocka $(LIBS)

$(B)/tests/ctime_stat: $(B)/tests/ctime_stat.c.o $(TEST_UTIL) $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=eccsi_nonce $^ -o $@ -lcmocka $(LIBS) -lm

# Operations on secrets, for a plugin of qemu that watches.
$(B)/tests/traces: $(B)/tests/traces.c.o $(TEST_UTIL) $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=eccsi_nonce -Wl,-z,now $^ -o $@ -lcmocka $(LIBS)

# Faults in an instrumented build are mostly its reports; those at instructions are of x86-64.
FAULTS := $(addprefix $(B)/tests/,$(if $(filter x86_64-release aarch64-release,$(ARCH)-$(MODE)),faults) \
	$(if $(filter x86_64-release,$(ARCH)-$(MODE)),steps))
tests: $(patsubst %,$(B)/tests/%,$(TESTS) $(FUZZ)) $(B)/tests/ctime_stat $(B)/tests/traces $(FAULTS) $(B)/bench/bench $(B)/bench/live $(B)/bench/openssl-ecdsa all

# Run them all and the tests of the command.  VECTORS=DIR: a third party's vectors, else skipped.
check: tests $(COMMAND)
	@$(MAKE) -s --no-print-directory install PREFIX=$(CURDIR)/$(B)/usr
	@VECTORS='$(VECTORS)' $(TOOLS) bash tests/check.sh $(B) $(COMMAND) $(B)/usr $(patsubst %,$(B)/tests/%,$(TESTS) $(FUZZ)) $(FAULTS)

# Each fuzz target for FUZZ_SECONDS under libFuzzer (clang), from seeds that the tests make.  What it
# learns stays in build/fuzz; an input that breaks something is left there too.
FUZZ_SECONDS ?= 20
fuzz: $(patsubst %,$(B)/tests/%,$(FUZZ))
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-targets
	@FUZZ_SECONDS=$(FUZZ_SECONDS) bash tests/fuzz.sh $(B)/tests build/$(ARCH)-fuzz/tests $(FUZZ)
fuzz-targets: $(patsubst %,$(B)/tests/%,$(FUZZ))

# Single faults at many more places than the tests have time for: calls, and instructions.
faults: $(FAULTS)
	@for program in $^; do $(RUN) $$program --long || exit 1; done
	@$(if $(filter %/steps,$(FAULTS)),,echo 'skipped: faults at instructions, which are of x86-64')

# GMSs that live: what tests/test_live does for some seconds, for minutes.
live: $(B)/tests/test_live
	@$< --long
	@$(MAKE) --no-print-directory MODE=tsan live-tsan
	@if command -v valgrind >/dev/null; then \
		valgrind -q --tool=helgrind --history-level=none --error-exitcode=1 $< --threads 60; \
	else echo "skipped: helgrind, for which valgrind is not installed"; fi
live-tsan: $(B)/tests/test_live
	@$< --long

# The digests of the tables over P and g, from the portable builder: engine/table/table_digests.inc; and of what
# the twin of p256x8 gives.
digests: $(B)/tests/test_digests
	@$< --print

# Constant time, on the binary: see tests/opcodes.sh, imports.sh, ctime_ran.sh, ctime.sh.
ctime: $(call obj,$(ENGINE) $(PROV))
	@$(TOOLS) bash tests/opcodes.sh $(B)
	@$(TOOLS) bash tests/imports.sh $(B)
	@$(if $(RUN),echo '[  SKIPPED ] memcheck: programs for $(ARCH) do not run under it here', \
		MAKE='$(MAKE)' CC='$(CC)' bash tests/ctime_ran.sh && \
		MAKE='$(MAKE)' SHIPPED='$(B)' bash tests/ctime.sh $(CC):-O2 $(CC):-O3)
	@$(MAKE) --no-print-directory traces
# The same by equal traces of nine secrets each, for AArch64: where this machine has a compiler and libraries for it.
TRACES_A64 = $(if $(filter aarch64,$(ARCH)),$(B)/tests/traces,$(if $(A64_LIBS),build/aarch64-$(MODE)/tests/traces))
A64_LIBS   = $(shell echo 'int main(void) { return 0; }' | $(A64)gcc -x c - -o /dev/null -lcmocka $(LIBS) 2>/dev/null && echo yes)
traces-built: build/qemu/trace.so
	@$(if $(TRACES_A64),$(MAKE) --no-print-directory $(if $(filter aarch64,$(ARCH)),,CROSS=$(A64) CC=$(A64)gcc) $(TRACES_A64))
traces: traces-built
	@$(if $(TRACES_A64),bash tests/traces.sh build/qemu/trace.so 9 aarch64=$(TRACES_A64), \
		echo '[  SKIPPED ] traces of aarch64: $(A64)gcc, or libraries for it, are not installed')
# Three times as many secrets; and of x86-64 what qemu runs, which has no AVX-512.
traces-full: traces-built $(if $(filter x86_64,$(ARCH)),$(B)/tests/traces)
	@bash tests/traces.sh build/qemu/trace.so 27 $(if $(TRACES_A64),aarch64=$(TRACES_A64)) \
		$(if $(filter x86_64,$(ARCH)),x86_64=$(B)/tests/traces)
# A quick look at time itself; not a part of the tests, for a machine's noise is in it.
ctime-stat: $(B)/tests/ctime_stat
	@$<
ctime-full:
	@MAKE='$(MAKE)' bash tests/ctime.sh $(foreach cc,gcc clang,$(foreach o,-O1 -Os -O2 -O3,$(cc):$(o)))
	@$(MAKE) --no-print-directory traces-full

# ---- for people: each enough on a fresh machine -------------------------------------------------

# Installs what is missing, or says how.  Elsewhere than on Debian the compiler says what is missing.
install_missing = @command -v dpkg-query >/dev/null || exit 0; missing=; \
	for p in $(1); do dpkg-query -Wf '$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	foreign=$(FOREIGN); { dpkg --print-architecture; dpkg --print-foreign-architectures; } | grep -qx "$$foreign" && foreign=; \
	line="$${foreign:+dpkg --add-architecture $$foreign && apt-get update && }apt-get install --no-install-recommends$$missing"; \
	if [ -n "$(NO_INSTALL)" ]; then echo "packages are missing, and NO_INSTALL is set: going on without" >&2; \
		echo "  $$line" >&2; exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "packages are missing; install them and try again:" >&2; \
		echo "  sudo sh -c '$$line'" >&2; exit 1; fi; \
	echo "  APT $$missing"; export DEBIAN_FRONTEND=noninteractive; \
	{ if [ -n "$$foreign" ]; then dpkg --add-architecture "$$foreign"; fi && apt-get -qq update && apt-get -qq install --no-install-recommends $$missing; } >/dev/null

build-packages:
	$(call install_missing,$(BUILD_PACKAGES))
test-packages:
	$(call install_missing,$(TEST_PACKAGES))
bench-packages:
	$(call install_missing,$(BENCH_PACKAGES))
language-packages:
	$(call install_missing,$(LANGUAGE_PACKAGES))

# Everything that is tested, on whatever this machine is; see check.
test: test-packages
	@$(MAKE) --no-print-directory check

# A laboratory KMS, 10 000 members, some of whom open their messages: in demo/.
demo: build-packages
	@$(MAKE) --no-print-directory all $(COMMAND)
	@examples/demo.sh $(COMMAND) demo

# Headers keep their places below one another, so that they find each other.  A page of section 3 for each function
# is made of the headers.
D = $(DESTDIR)$(PREFIX)
L = $(DESTDIR)$(LIBDIR)
install: all $(COMMAND)
	install -d $(D)/bin $(L)/pkgconfig $(D)/include/keymuster/engine $(D)/include/keymuster/provision \
		$(D)/share/man/man1 $(D)/share/man/man3 $(D)/share/bash-completion/completions
	install -m 755 $(B)/keymuster $(D)/bin/
	sh provision/cli/man.sh $(COMMAND) >$(D)/share/man/man1/keymuster.1
	sh docs/man3.sh $(B)/man3 engine/engine.h provision/gmk.h
	install -m 644 $(B)/man3/*.3 $(D)/share/man/man3/
	install -m 644 provision/cli/keymuster.bash $(D)/share/bash-completion/completions/keymuster
	for name in $(LIBNAMES); do \
		install -m 644 $(B)/$$name.a $(B)/$$name.so.$(SO_FULL) $(L)/ && \
		ln -sf $$name.so.$(SO_FULL) $(L)/$$name.so.$(SO) && \
		ln -sf $$name.so.$(SO) $(L)/$$name.so || exit 1; \
	done
	install -m 644 engine/engine.h $(D)/include/keymuster/engine/
	install -m 644 provision/gmk.h $(D)/include/keymuster/provision/
	for pc in engine/keymuster-engine.pc provision/keymuster.pc; do \
		sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
			-e "s|@VERSION@|$$(sed -n 's/.*KM_VERSION "\(.*\)"/\1/p' engine/engine.h)|" \
			$$pc.in >$(L)/pkgconfig/$${pc##*/} || exit 1; \
	done

# What programs that link the libraries rely on: see tests/abi.sh.
abi: all
	@$(TOOLS) bash tests/abi.sh --write $(B)
abi-packages:
	$(call install_missing,$(ABI_PACKAGES))
abi-check: abi-packages
	@$(MAKE) --no-print-directory all
	@$(TOOLS) bash tests/abi.sh $(B)

# ---- measuring -------------------------------------------------------------------------------

# make bench [BENCH="encap_batch@512 decap_one"] [TARGETS=1] [PEER=DIR]: tables, and build/bench.json.
# Held against OpenSSL's ECDSA and against wolfSSL: Debian's where it is installed, and what PEER names, a
# wolfSSL built static with --enable-eccsi --enable-sakke --enable-sp-asm and -DWOLFSSL_SP_1024 and installed
# in DIR.
PEER_COMMON := $(call obj,bench/worker.c bench/slots.c engine/cpu.c)
BENCH_OWN   := $(filter-out bench/peer_% bench/live%,$(wildcard bench/*.c))

# Bound at the start, so that what counts its instructions does not count the loader's.
$(B)/bench/bench: $(call obj,$(BENCH_OWN) $(PROV) $(ENGINE))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-z,relro,-z,now $^ -o $@ $(LIBS)
$(B)/bench/live: $(call obj,$(wildcard bench/live*.c) bench/forgetful.c bench/machine.c bench/worker.c bench/slots.c $(PROV) $(ENGINE))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LIBS)
$(B)/bench/openssl-ecdsa: $(call obj,bench/peer_openssl.c) $(PEER_COMMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ -lcrypto
$(B)/bench/wolfssl-debian: bench/peer_wolfssl.c $(PEER_COMMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ -lwolfssl
$(B)/bench/wolfssl-asm: bench/peer_wolfssl.c $(PEER_COMMON) FORCE
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -isystem $(PEER)/include $(LDFLAGS) $(filter-out FORCE,$^) -o $@ $(PEER)/lib/libwolfssl.a -lm

bench: bench-packages $(B)/bench/bench $(B)/bench/openssl-ecdsa $(B)/wolfssl
	@peers=openssl-ecdsa=$(B)/bench/openssl-ecdsa; \
	if [ -s $(B)/wolfssl ]; then $(MAKE) --no-print-directory $(B)/bench/wolfssl-debian && peers="$$peers wolfssl-debian=$(B)/bench/wolfssl-debian"; \
	else echo "skipped: wolfssl-debian, for which libwolfssl-dev is not installed"; fi; \
	if [ -n "$(PEER)" ]; then $(MAKE) --no-print-directory $(B)/bench/wolfssl-asm && peers="$$peers wolfssl-asm=$(B)/bench/wolfssl-asm"; \
	else echo "skipped: wolfssl-asm, which PEER=DIR names"; fi; \
	$(B)/bench/bench --json build/bench.json --only '$(BENCH)' --commit "$$(git describe --always --dirty)" \
		--flags "$$(cat $(B)/flags)" $(if $(TARGETS),--targets) $$peers

# A GMS that lives long: rates, delays, memory, as provision/gmk.h has them.  LIVE="--short --only latency|memory"
bench-live: bench-packages $(B)/bench/live
	@$(B)/bench/live --dir $(B) --json build/live.json --commit "$$(git describe --always --dirty)" \
		--flags "$$(cat $(B)/flags)" $(LIVE)

# Whole runs of the command, by hyperfine.  SIZES="50 1000000" for other groups.
bench-command: bench-packages all $(B)/bench/bench
	@bench/compare.sh $(B)/keymuster $(B)/bench/bench build/compare.json

# Instructions of the scalar rows, by callgrind and, for AArch64, by a plugin of qemu, which the host's own compiler
# builds: a table, and build/instructions.json.  BENCH="fp_mul encap_batch@64" names some; PROFILE=DIR keeps those of
# AArch64 by function.
A64 := aarch64-linux-gnu-
# The benchmark for AArch64, where this machine is one or has a compiler for it, and what counts its instructions.
BENCH_A64 = $(if $(filter aarch64,$(ARCH))$(shell command -v $(A64)gcc),build/aarch64-$(MODE)/bench/bench)
HOSTCC ?= cc
build/qemu/%.so: tests/qemu/%.c tests/qemu/plugin.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -g -fvisibility=hidden -fPIC -shared $< -o $@
bench-a64: build/qemu/count.so
	@$(if $(BENCH_A64),$(MAKE) --no-print-directory $(BENCH_A64) $(if $(filter aarch64,$(ARCH)),, \
		CROSS=$(A64) CC=$(A64)gcc), \
	echo "skipped: aarch64, for which $(A64)gcc is not installed")
bench-instructions: $(B)/bench/bench bench-a64
	@COUNT=build/qemu/count.so ONLY='$(BENCH)' bash bench/instructions.sh build/instructions.json \
		$(if $(filter x86_64,$(ARCH)),x86_64=$(B)/bench/bench) $(if $(BENCH_A64),aarch64=$(BENCH_A64))

# The eight-lane kernels of AVX-512 IFMA, measured, counted, and by the models of llvm-mca; and kernels of AArch64.
bench-mca: $(if $(filter x86_64,$(ARCH)),$(call obj,asm/x86_64/fp8_ifma.S)) $(B)/bench/bench bench-a64
	@$(if $(filter x86_64,$(ARCH)),bash bench/mca.sh $(call obj,asm/x86_64/fp8_ifma.S) $(B)/bench/bench)
	@$(if $(BENCH_A64),bash bench/mca_a64.sh build/qemu/count.so $(BENCH_A64))

help:
	@sed -n 's/^## //p' Makefile

clean:
	rm -rf build demo

FORCE:
.PHONY: all tests check abi abi-check abi-packages faults live live-tsan digests fuzz fuzz-targets ctime ctime-stat ctime-full traces traces-built traces-full test demo install help clean FORCE \
	build-packages test-packages bench-packages language-packages bench bench-live bench-command bench-a64 bench-instructions bench-mca
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
