// SPDX-License-Identifier: MIT
#include "eval/runner/report.h"

#include <libgen.h>
#include <limits.h>
#include <string.h>

#include "eval/runner/output.h"

bool report_write(const struct results *r, const char *folder) {
    bool ok = true;
    FILE *f;

    report_print(r);
    if ((f = output_page(folder, "results.html")))
        ok = report_html(r, f) && ok;
    ok = f && output_page_end(f, folder, "results.html") && ok;
    if ((f = output_page(folder, "results.md")))
        report_markdown(r, f);
    ok = f && output_page_end(f, folder, "results.md") && ok;
    if ((f = output_page(folder, "results.csv")))
        report_csv(r, f);
    return f && output_page_end(f, folder, "results.csv") && ok;
}

int report_main(int argc, char **argv) {
    struct results r;
    char folder[PATH_MAX];

    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        fprintf(
            stderr,
            "Usage: trillium eval report RESULTS.json [DIR]\n"
            "Writes results.html, results.md and results.csv to DIR (default: where the JSON file is).\n");
        return 2;
    }
    snprintf(folder, sizeof(folder), "%s", argc == 3 ? argv[2] : argv[1]);
    const char *to = argc == 3 ? folder : dirname(folder);
    bool ok = results_load(&r, argv[1]) && output_make_folder(to) && report_write(&r, to);

    results_free(&r);
    return !ok;
}
