#!/bin/bash
# SPDX-License-Identifier: MIT
# Which folder may include which: guest-icd and host-backend know trillium and svga-model, trillium knows svga-model, guest and host
# never know each other (llvm and clang are the libraries'). And every source file says its licence.
. "$(dirname "$0")/common"
may_include() { # folder, folders that it may include besides itself
    local rest=$1${2:+ $2}
    verdict "$1 includes $rest" "$(grep -rnE --include='*.[ch]' --include='*.cpp' --include='*.def' \
        '^[[:space:]]*#[[:space:]]*include "[a-z-]+/' "$1" | grep -vE "#[[:space:]]*include \"(${rest// /|})/")"
}
may_include svga-model "llvm clang"
may_include trillium "svga-model"
may_include guest-icd "trillium svga-model"
may_include host-backend "trillium svga-model"
verdict "the device knows no OpenCL" "$(grep -nE '#[[:space:]]*include <CL/' svga-model/*.[ch])"
verdict "every source file says its licence" "$(find svga-model trillium guest-icd host-backend tests eval Makefile \
    \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.sh' -o -name Makefile \) -print0 | xargs -0 grep -L 'SPDX-License-Identifier: MIT')"
exit $failed
