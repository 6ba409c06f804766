#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# Conformance cases over a stream, without shared memory (`trillium run --carrier socket`), compared with the native driver.
# WHOLE=1 (make check-remote): all of them, through both IRs; else those that move data, wait, or print.
. "$(dirname "$0")/compare"

vendors=$(vendor_folder pocl)
if [ -z "$vendors" ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
[ "${WHOLE:-0}" = 1 ] || groups=(queues buffers transfers maps events overlap late_memory)
conform_native native OCL_ICD_VENDORS="$vendors" --
conform_guest source --device "Portable Computing" --carrier socket --
conform_compare pocl.remote.source native source
if [ "${WHOLE:-0}" = 1 ]; then
    conform_guest spirv --device "Portable Computing" --carrier socket --ir spirv --
    conform_compare pocl.remote.spirv native spirv --other-compiler
fi
exit $failed
