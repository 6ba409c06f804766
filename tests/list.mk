# SPDX-License-Identifier: MIT
# What the tests need besides what `make tests` builds by itself.
tests: $(B)/docs/reference $(B)/docs/variables $(B)/docs/unsupported $(B)/tests/lib/scarce.so $(B)/tests/lib/short-lived.so \
    $(B)/tests/lib/no-landlock.so
# Preloaded by tests/fault/memory.sh and start.sh: never under a sanitizer themselves.
$(B)/tests/lib/%.so: tests/fault/preload/%.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -fPIC -fno-builtin -shared -o $@ $<
# Built with ThreadSanitizer, whatever else is: tests/e2e/sanitized.sh. It does not go with another one.
ifeq ($(SAN),)
tests: $(B)/tests/lib/sanitized-svm
endif
$(B)/tests/lib/sanitized-svm: tests/e2e/sanitized/svm.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu17 -DCL_TARGET_OPENCL_VERSION=300 -O1 -g -Wall -Wextra -fsanitize=thread -pthread -o $@ $< -lOpenCL
