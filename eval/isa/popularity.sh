#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes eval/isa/debian.csv: Debian's OpenCL programs by how widely other packages need them.
#
#   popularity.sh > eval/isa/debian.csv
#
# How many machines have a package only Debian's popularity contest knows, for who takes part in it
# (https://popcon.debian.org, by_inst). Without that, this counts what every machine's own lists of packages hold: a
# source package is one of OpenCL's if a binary package of it depends on, recommends or suggests the loader
# (libopencl1 and what provides it) or a driver (opencl-icd), and is none itself; its weight is 1 and the number of other source packages in the release that depend
# on or recommend one of its binary packages.
set -u -o pipefail
export LC_ALL=C

. /etc/os-release
echo "# Source packages of $PRETTY_NAME (main, $(dpkg --print-architecture)) that use OpenCL, and 1 + the number of other source packages"
echo "# that depend on or recommend a binary package of theirs: from the release's package lists of $(date -u +%Y-%m-%d), by eval/isa/popularity.sh."
echo "# No installations were counted: lines of popcon's by_inst can take the place of these."
echo "# program,weight"
apt-cache dumpavail | awk -v RS= -F'\n' '
    # names in a field, without versions, architectures and alternatives
    function names(text, to, all, n, i, name) {
        n = split(text, all, /[,|]/)
        for (i = 1; i <= n; i++) {
            name = all[i]
            gsub(/\(.*|:.*|[ \t]/, "", name)
            if (name != "") to[name]
        }
    }
    {
        package = source = need = wish = offers = ""
        for (i = 1; i <= NF; i++) {
            if ($i ~ /^Package: /) package = substr($i, 10)
            if ($i ~ /^Source: /) { source = substr($i, 9); sub(/ .*/, "", source) }
            if ($i ~ /^(Pre-)?Depends: |^Recommends: /) { value = $i; sub(/^[^:]*: /, "", value); need = need "," value }
            if ($i ~ /^Provides: /) offers = "," substr($i, 10)
            if ($i ~ /^Suggests: /) { value = $i; sub(/^[^:]*: /, "", value); wish = wish "," value }
        }
        if (source == "") source = package
        if (offers ~ /[ ,](opencl-icd|libopencl1)([ ,(]|$)/) drives[source] = 1
        of[package] = source
        needs[package] = need
        if ((need "," wish) ~ /[ ,|](ocl-icd-libopencl1|libopencl1|libopencl-1\.[0-9]-1|opencl-icd|[a-z]*-opencl-icd)([ ,|(]|$)/) uses[source] = 1
    }
    END {
        for (package in of) {
            delete found
            names(needs[package], found)
            for (name in found)
                if (name in of && of[name] in uses && of[name] != of[package]) by[of[name], of[package]] = 1
        }
        for (pair in by) { split(pair, part, SUBSEP); weight[part[1]]++ }
        for (source in uses)
            if (!(source in drives)) print source "," weight[source] + 1
    }' | sort -t, -k2,2nr -k1,1
