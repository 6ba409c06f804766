// SPDX-License-Identifier: MIT
/* A profile as one page: readable on a phone, on paper and in the dark. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/report.h"
#include "host-backend/profile/summary.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>Where the latency goes</title><style>\n"
    ":root{--fg:#1c1c1c;--bg:#fff;--soft:#666;--line:#ddd;--card:#f5f6f7}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6e6e6;--bg:#16181a;--soft:#a0a0a0;--line:#3a3d40;--card:#"
    "202326}}\n"
    "body{margin:0 auto;padding:1rem;max-width:72rem;color:var(--fg);background:var(--bg);font:16px/1.5 "
    "system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.2rem;margin:1.6em 0 "
    ".4em}.soft{color:var(--soft);font-size:.9rem}\n"
    ".words{background:var(--card);border-radius:.5rem;padding:.5rem 1rem}.words p{margin:.4em "
    "0}.table{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-size:.82rem;width:100%}th,td{padding:.25em .5em;border-bottom:1px "
    "solid var(--line);"
    "text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left;position:sticky;left:"
    "0;background:var(--bg)}\n"
    ".bar{display:flex;height:1.4rem;width:100%;border-radius:.3rem;overflow:hidden;margin:.3em 0}.bar "
    "i{display:block}\n"
    ".key span{display:inline-block;margin-right:1em;font-size:.85rem}.key "
    "b{display:inline-block;width:.8em;height:.8em;"
    "margin-right:.3em;border-radius:.15em}\n"
    ".histogram{max-width:44rem;margin:.3em 0}.histogram svg{display:block;width:100%;height:auto}.histogram "
    "rect{fill:#2b8bd0}\n"
    ".histogram p{display:flex;justify-content:space-between;margin:0;font-size:.78rem;color:var(--soft)}\n"
    ".text{text-align:left!important;white-space:normal!important}.bar,.bar i,.key b,.words,rect"
    "{-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "details{margin:.4em 0}summary{cursor:pointer}@media "
    "print{html{font-size:11px}body{font-size:11px;max-width:none}table{font-size:8px}.table{overflow:"
    "visible}"
    "th,td{white-space:normal}th:first-child,td:first-child{position:static}tr,.histogram{break-inside:avoid}"
    "h2,summary,.bar{break-after:avoid}}\n"
    "@media print{details::details-content{content-visibility:visible;display:block}}\n"
    "</style></head><body>\n<h1>Where the latency goes</h1>\n";

static const char *const colours[STAGE_COUNT] = {"#8a6fd1", "#c9a227", "#d0803a", "#9c7a4f",
                                                 "#d0342c", "#b04a9e", "#6f8fa8", "#4f6d8a",
                                                 "#1b9e77", "#5aa9a0", "#6fae3d"};

static void put(FILE *f, const char *text) {
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '&')
            fputs("&amp;", f);
        else if (*text == '>')
            fputs("&gt;", f);
        else
            fputc(*text, f);
    }
}

static void put_sentence(void *opaque, const char *sentence) {
    fputs("<p>", opaque);
    put(opaque, sentence);
    fputs("</p>\n", opaque);
}

static double us(uint64_t ns) {
    return (double)ns / 1e3;
}

/* In the unit that a person would take. */
static const char *time_text(char text[24], uint64_t ns) {
    const char *const unit = ns < 1000000 ? "us" : ns < 1000000000 ? "ms" : "s";
    double value = (double)ns / (ns < 1000000 ? 1e3 : ns < 1000000000 ? 1e6 : 1e9);

    snprintf(text, 24, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
    return text;
}

/* A table's number, in microseconds: no digits that say nothing. */
static void cell(FILE *f, uint64_t ns) {
    fprintf(f, "<td>%.*f</td>", ns < 1000000 ? 2 : 0, us(ns));
}

/* A group's latency as a bar of its stages. */
static void bar(FILE *f, const struct summary_group *g) {
    uint64_t all = 0;

    for (int s = 0; s < STAGE_COUNT; s++)
        all += g->times[s].sum;
    fputs("<div class=\"bar\">", f);
    for (int s = 0; s < STAGE_COUNT && all; s++)
        if (g->times[s].sum * 500 > all)
            fprintf(f, "<i style=\"width:%.2f%%;background:%s\" title=\"%s: %.1f %%\"></i>",
                    100.0 * (double)g->times[s].sum / (double)all, colours[s], stages[s].name,
                    100.0 * (double)g->times[s].sum / (double)all);
    fputs("</div>\n", f);
}

static void histogram(FILE *f, const struct summary_group *g) {
    int first = HISTOGRAM_BINS, last = 0;
    uint32_t most = 1;

    for (int b = 0; b < HISTOGRAM_BINS; b++)
        if (g->histogram[b]) {
            first = b < first ? b : first;
            last = b;
            most = g->histogram[b] > most ? g->histogram[b] : most;
        }
    if (first > last)
        return;
    int bins = last - first + 1;
    char from[24], to[24], end[24];
    fprintf(f, "<div class=\"histogram\"><svg viewBox=\"0 0 640 120\" role=\"img\" aria-label=\"histogram of "
               "latencies\">\n");
    for (int b = first; b <= last; b++) {
        double height = 110.0 * g->histogram[b] / most, width = 640.0 / bins;
        if (g->histogram[b])
            fprintf(f,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>up to %s: "
                    "%u</title></rect>\n",
                    (b - first) * width, 120 - height, width > 1.5 ? width - 0.8 : width, height,
                    time_text(end, histogram_end(b)), g->histogram[b]);
    }
    fprintf(f,
            "</svg><p><span>%s</span><span>latency, logarithmic; the highest: "
            "%u</span><span>%s</span></p></div>\n",
            time_text(from, first ? histogram_end(first - 1) : 0), most, time_text(to, histogram_end(last)));
}

static void stage_table(FILE *f, const struct summary_group *g) {
    fputs("<div class=\"table\"><table><tr><th>stage</th><th>of all</th><th>count</th><th>min "
          "us</th><th>median</th><th>p95</th>"
          "<th>p99</th><th>max</th></tr>\n",
          f);
    for (int s = 0; s < SUMMARY_COLUMNS; s++) {
        const struct summary_times *t = &g->times[s];
        if (t->count == 0)
            continue;
        fprintf(f, "<tr><td>%s</td><td>%.1f %%</td><td>%zu</td>",
                s < STAGE_COUNT ? stages[s].name : "call to wake",
                g->times[SUMMARY_TOTAL].sum ? 100.0 * (double)t->sum / (double)g->times[SUMMARY_TOTAL].sum
                                            : 0,
                t->count);
        cell(f, t->min);
        cell(f, t->median);
        cell(f, t->p95);
        cell(f, t->p99);
        cell(f, t->max);
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

static void section(FILE *f, const char *title, const struct summary_group *groups, size_t count,
                    uint64_t span) {
    if (count == 0)
        return;
    fprintf(f, "<h2>%s</h2>\n", title);
    for (size_t i = 0; i < count; i++) {
        const struct summary_group *g = &groups[i];
        const struct summary_times *t = &g->times[SUMMARY_TOTAL];

        fprintf(f, "<details%s><summary>", i < 3 ? " open" : "");
        put(f, g->label);
        char sum[24], median[24], p99[24];
        fprintf(f, ": %llu %s, %s in all (%.0f %% of the run), median %s, p99 %s</summary>\n",
                (unsigned long long)g->of, g->of == 1 ? "time" : "times", time_text(sum, t->sum),
                span ? 100.0 * (double)t->sum / (double)span : 0, time_text(median, t->median),
                time_text(p99, t->p99));
        bar(f, g);
        if (g->count >= 10)
            histogram(f, g);
        stage_table(f, g);
        fputs("</details>\n", f);
    }
}

int profile_html(const struct trace_set *set, FILE *f) {
    static const char *const titles[] = {"Commands, kernels by work size", "Queues", "Transfers by size"};
    struct summary_share share;
    size_t count;
    struct summary_group *groups = summary_groups(set, BY_KERNEL, &count);
    uint64_t guest = trace_guest_error(set);

    if (!groups || !summary_shares(set, &share)) {
        free(groups);
        return -1;
    }
    fputs(head, f);
    fputs("<div class=\"words\">\n", f);
    summary_words(set, &share, groups, count, put_sentence, f);
    fputs("</div>\n<h2>The stages</h2><p class=\"key\">", f);
    for (int s = 0; s < STAGE_COUNT; s++)
        fprintf(f, "<span title=\"%s\"><b style=\"background:%s\"></b>%s</span>", stages[s].what, colours[s],
                stages[s].name);
    fputs("</p>\n<div class=\"table\"><table><tr><th>stage</th><th class=\"text\">what happens</th></tr>", f);
    for (int s = 0; s < STAGE_COUNT; s++)
        fprintf(f, "<tr><td>%s</td><td class=\"text\">%s</td></tr>\n", stages[s].name, stages[s].what);
    fputs("</table></div>\n<p class=\"soft\">Latencies add up to more than the run where commands overlap. ",
          f);
    if (guest != UINT64_MAX)
        fprintf(f, "The guest's stamps are within %.1f us of the host's. ", us(guest));
    if (set->driver_error != UINT64_MAX)
        fprintf(f, "The driver's are within %.1f us.", us(set->driver_error));
    fputs("</p>\n", f);
    section(f, titles[0], groups, count, share.span);
    free(groups);
    for (int by = BY_QUEUE; by <= BY_SIZE; by++) {
        groups = summary_groups(set, (enum summary_by)by, &count);
        if (!groups)
            return -1;
        section(f, titles[by], groups, count, share.span);
        free(groups);
    }
    fputs("</body></html>\n", f);
    return ferror(f) ? -1 : 0;
}
