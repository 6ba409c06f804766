// SPDX-License-Identifier: MIT
/* trillium eval compare: two results of the same programs, row by row: what changed beyond noise. */
#include "eval/runner/report.h"

#include <math.h>
#include <string.h>

/* Both machines' names, and a warning where they differ. */
static void machines(const struct results *old, const struct results *new) {
    static const char *const keys[] = {"cpu", "device", "version of the driver", "kernel"};

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const char *a = json_string_value(json_object_get(json_object_get(old->root, "machine"), keys[k]));
        const char *b = json_string_value(json_object_get(json_object_get(new->root, "machine"), keys[k]));
        if (a && b && strcmp(a, b) != 0)
            printf("Mind: not the same %s: %s, then %s\n", keys[k], a, b);
    }
}

static const struct series *find(const struct results *r, const struct series *like) {
    for (int i = 0; i < r->list.count; i++)
        if (!strcmp(r->list.items[i].program, like->program) &&
            !strcmp(r->list.items[i].metric, like->metric))
            return &r->list.items[i];
    return NULL;
}

/* The rows of one side. Two intervals that do not touch are a change beyond noise. Absolute figures where both come from one
 * machine; that they hold there is for the reader to know. */
static void side(const struct results *old, const struct results *new, int s, int counts[3]) {
    for (int i = 0; i < new->list.count; i++) {
        const struct series *n = &new->list.items[i], *o = find(old, n);
        char before[24], after[24];

        if (!o || !o->count[s] || !n->count[s])
            continue;
        struct interval a = series_interval(o, s), b = series_interval(n, s);
        if (a.count < 2 || b.count < 2 || (a.low <= b.high && b.low <= a.high)) {
            counts[0]++;
            continue;
        }
        bool better = (b.median > a.median) == n->higher_is_better;
        counts[better ? 1 : 2]++;
        series_number(before, a.median);
        series_number(after, b.median);
        printf("%-7s %-27s %s: %s: %s -> %s %s (%.2f times; at least %.0f %% and %.0f %% sure of each)\n",
               better ? "better" : "worse", side_facts[s].title, n->program, n->metric, before, after,
               n->unit, b.median / a.median, a.confidence * 100, b.confidence * 100);
    }
}

int compare_main(int argc, char **argv) {
    struct results old, new = {0};
    int counts[3] = {0}; /* no change, better, worse */

    if (argc != 3 || argv[1][0] == '-') {
        fprintf(stderr, "Usage: trillium eval compare OLD.json NEW.json\n"
                        "Lists the rows whose medians differ beyond noise: whose intervals do not touch. "
                        "Exit status 3 if any row "
                        "is worse.\n");
        return 2;
    }
    bool ok = results_load(&old, argv[1]) && results_load(&new, argv[2]);
    if (ok) {
        machines(&old, &new);
        for (int s = 0; s < SIDE_COUNT; s++)
            side(&old, &new, s, counts);
        printf("%d rows better, %d worse, %d not told apart from noise\n", counts[1], counts[2], counts[0]);
    }
    results_free(&old);
    results_free(&new);
    return !ok ? 1 : counts[2] > 0 ? 3 : 0;
}
