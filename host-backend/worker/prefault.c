// SPDX-License-Identifier: MIT
#include "host-backend/worker/prefault.h"

#include <link.h>
#include <stdint.h>
#include <time.h>

#include "svga-model/populate.h"

enum {
    LOOK_NS = 200000,      /* a library of LLVM's size is mapped a millisecond before the loader gets to it */
    SMALLEST = 64 << 10,   /* tables that are worth a system call */
    BIGGEST = 256 << 20,   /* of tables: more is no library */
    MOST_LIBRARIES = 1024, /* of a process; those beyond are left alone */
};

struct range {
    uintptr_t from;
    size_t size;
};

struct looking {
    unsigned long long adds, now; /* libraries that were ever loaded: at the last look, and at this one */
    unsigned known;               /* those with tables, the first so many of: */
    struct range tables[MOST_LIBRARIES];
};

static struct looking looking; /* the thread's, once there is one */
static _Atomic size_t asked_for;

static void take(struct looking *l, uintptr_t from, size_t size) {
    for (unsigned i = 0; i < l->known; i++)
        if (l->tables[i].from == from)
            return;
    if (l->known < MOST_LIBRARIES)
        l->tables[l->known++] = (struct range){from, size};
}

/* What the loader writes to and makes read-only afterwards is a segment of its own (PT_GNU_RELRO). */
static int look_at(struct dl_phdr_info *info, size_t size, void *opaque) {
    struct looking *l = opaque;
    (void)size;

    l->now = info->dlpi_adds;
    if (l->now == l->adds)
        return 1; /* the same for all: there is no new one */
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_GNU_RELRO && h->p_memsz >= SMALLEST && h->p_memsz <= BIGGEST)
            take(l, info->dlpi_addr + h->p_vaddr, h->p_memsz);
    }
    return 0;
}

static void look(struct looking *l) {
    dl_iterate_phdr(look_at, l);
    l->adds = l->now;
}

/* Outside of dl_iterate_phdr, which holds a lock that the loader waits for. Where it fails the library has been loaded, or has gone, by now. */
static void ask_for(const struct range *r) {
    if (svga_populate((void *)r->from, r->size))
        atomic_fetch_add(&asked_for, r->size);
}

static void *go_ahead(void *opaque) {
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    struct prefault *p = opaque;

    for (unsigned done = looking.known; !atomic_load(&p->stop); nanosleep(&pause, NULL)) {
        look(&looking);
        while (done < looking.known)
            ask_for(&looking.tables[done++]);
    }
    return NULL;
}

void prefault_begin(struct prefault *p) {
    look(&looking); /* what is there already; the thread may come when the first library has been mapped */
    atomic_init(&p->stop, false);
    p->started = pthread_create(&p->thread, NULL, go_ahead, p) == 0;
}

void prefault_end(struct prefault *p) {
    atomic_store(&p->stop, true);
    if (p->started)
        pthread_join(p->thread, NULL);
    p->started = false;
}

size_t prefault_bytes(void) {
    return atomic_load(&asked_for);
}
