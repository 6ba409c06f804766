#!/bin/bash
# SPDX-License-Identifier: MIT
# registry.sh TABLE CL_XML: compares the table of functions (the output of build/docs/functions, in a file) with Khronos' registry
# (xml/cl.xml of github.com/KhronosGroup/OpenCL-Docs). Every function of the table must be there with the same types of parameters;
# every function of the versions up to 3.0 must be in the table; of extensions by Khronos it must be there, or the table must
# name the extension as lacking. What is lacking of vendors' extensions is counted.
set -uf # names of what is lacking are patterns, of no files
table=$1 registry=$2

# "T (*)(..)" for callbacks, else the types, without names: from "type name, type name".
types_awk='
function type_of(p) {
    if (p ~ /CL_CALLBACK/) return "callback"
    sub(/ *[A-Za-z0-9_]+\[[0-9]*\]$/, " * x", p); gsub(/\*/, " * ", p); gsub(/[ \t]+/, " ", p); sub(/^ /, "", p); sub(/ $/, "", p)
    if (p == "void") return ""
    sub(/ ?[A-Za-z0-9_]+$/, "", p); sub(/ $/, "", p)
    sub(/^struct /, "", p); gsub(/unsigned int/, "cl_uint", p); gsub(/cl_command_properties_khr|cl_properties/, "cl_properties", p)
    gsub(/cl_ndrange_kernel_command_properties_khr/, "cl_properties", p); gsub(/cl_command_buffer_update_type_khr|cl_mutable_command_info_khr/, "cl_uint", p); gsub(/cl_queue_properties_khr/, "cl_queue_properties", p); gsub(/^int \*/, "cl_int *", p)
    return p
}'

in_table() {
    awk -F '\t' "$types_awk"'
    $1 == "lacking" { next }
    $2 == "=" { print $1 "\t="; next }
    {
        text = substr($2, 2, length($2) - 2); depth = 0; one = ""; all = ""
        for (i = 1; i <= length(text); i++) {
            c = substr(text, i, 1)
            if (c == "(") depth++
            if (c == ")") depth--
            if (c == "," && depth == 0) { all = all type_of(one) "; "; one = "" } else one = one c
        }
        print $1 "\t" all type_of(one)
    }' "$table" | sort
}

in_registry() {
    awk "$types_awk"'
    /<command[ >]/ && !/\/>/ { name = ""; all = ""; n = 0 }
    /<proto>/ { name = $0; sub(/.*<name>/, "", name); sub(/<.*/, "", name) }
    /<param>/ { p = $0; sub(/.*<param>/, "", p); sub(/<\/param>.*/, "", p); gsub(/<[^>]*>/, "", p); all = all (n++ ? "; " : "") type_of(p) }
    /<\/command>/ && name != "" { print name "\t" all }' "$registry" | sort
}

# "FUNCTION WHERE": the version or the extension that has it.
places() {
    awk '/<(feature|extension) / { where = $0; sub(/.* name="/, "", where); sub(/".*/, "", where) }
        /<command name="/ && where != "" { name = $0; sub(/.*name="/, "", name); sub(/".*/, "", name); print name, where }
        /<\/(feature|extension)>/ { where = "" }' "$registry" | sort -u
}

failed=0
fail() {
    echo "FAIL $*"
    failed=1
}

declare -A ours theirs
while IFS=$'\t' read -r name types; do ours[$name]=$types; done < <(in_table)
while IFS=$'\t' read -r name types; do theirs[$name]=$types; done < <(in_registry)
[ "${#theirs[@]}" -gt 100 ] || { echo "FAIL $registry is no registry"; exit 1; }

for name in "${!ours[@]}"; do
    if [ -z "${theirs[$name]+there}" ]; then
        fail "$name is not in the registry"
    elif [ "${ours[$name]}" != "=" ] && [ "${ours[$name]}" != "${theirs[$name]}" ]; then
        fail "$name takes (${ours[$name]}), in the registry (${theirs[$name]})"
    fi
done

vendors=0
while read -r name where; do
    [ -z "${ours[$name]+there}" ] || continue
    case $where in
    CL_VERSION_[12]_* | CL_VERSION_3_0) fail "$name of $where is lacking" ;;
    cl_khr_* | cl_ext_* | CL_VERSION_*)
        covered=0
        for word in $(sed -n 's/^lacking\t//p' "$table"); do
            # shellcheck disable=SC2053 # a pattern
            [[ $where == $word ]] && covered=1
        done
        [ "$covered" = 1 ] || fail "$name of $where is lacking, and the table does not say so"
        ;;
    *) vendors=$((vendors + 1)) ;;
    esac
done < <(places)

echo "${#ours[@]} functions in the table, ${#theirs[@]} in the registry, $vendors of vendors' extensions are lacking"
exit $failed
