// SPDX-License-Identifier: MIT
/* Do the programs compute the same on every side? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/runner/eval.h"

struct check *check_get(struct check_list *list, const char *program) {
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->checks[i].program, program))
            return &list->checks[i];
    if (list->count == CHECKS)
        return NULL;
    snprintf(list->checks[list->count].program, sizeof(list->checks[0].program), "%s", program);
    return &list->checks[list->count++];
}

json_t *check_compare(const struct check_list *all, int *different) {
    json_t *list = json_array();

    printf("Results: ");
    int same = 0, rounded = 0;
    *different = 0;
    for (int i = 0; i < all->count; i++) {
        const struct check *c = &all->checks[i];

        for (int s = 1; s < SIDE_COUNT; s++) {
            const char *verdict;
            json_t *j = json_object();

            if (!c->hash[s][0] || !c->hash[0][0]) {
                json_decref(j);
                continue;
            }
            if (!strcmp(c->hash[s], c->hash[0])) {
                verdict = "same bytes";
                same++;
            } else if (fabs(c->sum[s] - c->sum[0]) <= 1e-4 * (fabs(c->sum[0]) + 1)) {
                verdict = "same up to rounding";
                rounded++;
            } else {
                verdict = "different";
                (*different)++;
                fprintf(stderr, "eval: %s on %s: other results than native\n", c->program,
                        side_facts[s].title);
            }
            json_object_set_new(j, "program", json_string(c->program));
            json_object_set_new(j, "side", json_string(side_facts[s].name));
            json_object_set_new(j, "verdict", json_string(verdict));
            json_array_append_new(list, j);
        }
    }
    printf("%d the same as native byte by byte, %d up to rounding, %d different\n", same, rounded,
           *different);
    return list;
}
