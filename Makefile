# Makefile -- builds the command and the library, tests, measures.  Start with: make demo, make test.
CC      ?= cc
OBJCOPY ?= objcopy
MODE    ?= release
OPT     ?= -O2
ARCH    := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m)))
B       := build/$(ARCH)-$(MODE)
PREFIX  ?= /usr/local

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes -Werror
DEFS    := -D_GNU_SOURCE -DARCH_$(ARCH)
MODE_release := $(OPT) -g
MODE_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DKM_VERIFY
MODE_ct      := $(OPT) -g -DKM_CTCHECK
ALL_CFLAGS := -std=c11 $(WARN) $(DEFS) $(MODE_$(MODE)) -fvisibility=hidden -fPIC -fstack-protector-strong \
	-I. -isystem /usr/include/libxml2 $(CFLAGS)
LIBS    := -lxml2 -ljansson -lsodium -lcrypto -lgmp -lpthread

ENGINE  := $(wildcard engine/*.c) $(wildcard asm/$(ARCH)/*.S)
PROV    := $(wildcard provision/*.c)
CLI     := $(wildcard provision/cli/*.c)
TESTS   := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))
obj      = $(patsubst %,$(B)/%.o,$(1))

# V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),,@echo '  $(1)  $(2)')

all: $(B)/keymuster $(B)/libkeymuster.a
	@ln -sf $(notdir $(B))/keymuster build/keymuster
	@ln -sf $(notdir $(B))/libkeymuster.a build/libkeymuster.a

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

# One object, of which only the km_ interface can be seen from outside.
$(B)/libkeymuster.o: $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(LD) -r $^ -o $@.tmp
	$(Q)$(OBJCOPY) --localize-hidden $@.tmp $@ && rm $@.tmp
	@! nm -g --defined-only $@ | awk '{print $$3}' | grep -v '^km_' || { echo 'names outside km_ are visible' >&2; exit 1; }
$(B)/libkeymuster.a: $(B)/libkeymuster.o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# The command uses the readers and writers of provision/ too: it links the objects themselves.
$(B)/keymuster: $(call obj,$(CLI) $(PROV) $(ENGINE))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@ $(LIBS)

# Tests see the inside: they link the objects themselves, with the ECCSI nonce replaceable.
$(B)/tests/test_%: $(B)/tests/test_%.c.o $(call obj,$(filter-out tests/test_%,$(wildcard tests/util*.c))) $(call obj,$(ENGINE) $(PROV))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=eccsi_nonce $^ -o $@ -lcmocka $(LIBS)

tests: $(patsubst %,$(B)/tests/%,$(TESTS)) all

# Run them all and the tests of the command.  VECTORS=DIR: a third party's vectors, else skipped.
check: tests
	@VECTORS='$(VECTORS)' bash tests/check.sh $(B)/keymuster $(patsubst %,$(B)/tests/%,$(TESTS))

clean:
	rm -rf build

FORCE:
.PHONY: all tests check clean FORCE
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
