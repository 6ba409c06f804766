# SPDX-License-Identifier: MIT
# What the tests need besides what `make tests` builds by itself.
tests: $(B)/docs/reference $(B)/docs/variables $(B)/docs/unsupported $(B)/tests/lib/scarce.so
# Preloaded by tests/fault/memory.sh: never under a sanitizer itself.
$(B)/tests/lib/scarce.so: tests/fault/preload/scarce.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -fPIC -fno-builtin -shared -o $@ $<
