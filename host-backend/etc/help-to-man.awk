# SPDX-License-Identifier: MIT
# A manual page from what a program says to --help: awk -v name=NAME -v section=8 -v what="does so and so" -v version=V
function text(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); sub(/^[.']/, "\\\\\\&&", s); return s }
function close_option() { if (option != "") { printf ".TP\n.B %s\n%s\n", text(option), text(body) } option = body = "" }
BEGIN {
    printf ".\\\" Made from `%s --help`; do not edit.\n", name
    printf ".TH %s %s \"\" \"Trillium %s\" \"System Administration\"\n", toupper(name), section, version
    printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n", text(name), what
    state = "synopsis"
}
state == "synopsis" && /^(Usage:|       )/ { sub(/^(Usage: |       )/, ""); print text($0); next }
state == "synopsis" { print ".fi\n.SH DESCRIPTION"; state = "description"; next }
/^  -/ {
    close_option()
    if (state != "options") { print ".SH OPTIONS"; state = "options" }
    # the option ends before two spaces, or before one where the text had to go close to it
    line = substr($0, 3)
    if (match(line, /  +/)) { option = substr(line, 1, RSTART - 1); body = substr(line, RSTART + RLENGTH) }
    else if (match(line, /^--[a-z-]+( [A-Z]+)? /)) { option = substr(line, 1, RLENGTH - 1); body = substr(line, RLENGTH + 1) }
    else { option = line; body = "" }
    next
}
option != "" && /^ {10,}/ { sub(/^ +/, ""); body = body (body == "" ? "" : " ") $0; next }
/^$/ { close_option(); if (state == "description") blank = 1; next }
{
    close_option()
    if (blank && written) print ".PP"
    blank = 0; written = 1
    print text($0)
}
END {
    close_option()
    print ".SH SEE ALSO\n.BR trillium (1),\n.BR trillium\\-icd (7)"
}
