# SPDX-License-Identifier: MIT
# What the tests need besides what `make tests` builds by itself.
tests: $(B)/docs/reference $(B)/docs/variables
