#include "guest-icd/bulk.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels refuse it, and nothing is lost */
#endif

/* Fits into the caches, so that new pages are filled while they are still there. */
enum { PIECE = 2 << 20 };

static int is_missing(uintptr_t page, size_t page_size) {
    unsigned char resident = 1;
    return mincore((void *)page, page_size, &resident) == 0 && !(resident & 1);
}

void icd_bulk_copy(void *to, const void *from, size_t size) {
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);

    for (size_t done = 0, piece; done < size; done += piece) {
        char *start = (char *)to + done;
        piece = size - done < PIECE ? size - done : PIECE;
        uintptr_t first = ((uintptr_t)start + page_size - 1) & ~(page_size - 1);
        uintptr_t end = ((uintptr_t)start + piece) & ~(page_size - 1);
        if (piece == PIECE && (is_missing(first, page_size) || is_missing(end - page_size, page_size)))
            madvise((void *)first, end - first, MADV_POPULATE_WRITE);
        memcpy(start, (const char *)from + done, piece);
    }
}
