/* What cl-conform does when a case runs it again: cl-conform --helper NAME. */
#include "conform.h"

int helper_main(const char *name) {
    fprintf(stderr, "cl-conform: no helper is called %s\n", name);
    return 2;
}
