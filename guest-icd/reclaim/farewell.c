// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/farewell.h"

#include <stdlib.h>

#include "guest-icd/reclaim/pending.h"
#include "guest-icd/session/debug.h"
#include "guest-icd/session/session.h"
#include "guest-icd/session/thread.h"

struct farewell {
    struct farewell *next;
    struct icd_ledger *ledger;
    cl_mem mem;
    void (*destroy)(cl_mem mem);
    uint32_t slot; /* answered once the host's driver has destroyed its object */
};

static struct svga_lock lock = SVGA_LOCK(ICD_LOCK_FAREWELL); /* guards everything below */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct farewell *waiting;
static bool started;

static bool is_answered(const struct farewell *f) {
    return icd_slot_status(icd_slot(f->slot)) <= CL_COMPLETE;
}

static bool any_answered(void *arg) {
    bool found = false;
    (void)arg;
    svga_lock_take(&lock);
    for (const struct farewell *f = waiting; f && !found; f = f->next)
        found = is_answered(f);
    svga_lock_give(&lock);
    return found;
}

/* lock is held. Takes out those that are answered; all if nobody is left who could answer. */
static struct farewell *take_answered(bool lost) {
    struct farewell *taken = NULL, **end = &taken;
    for (struct farewell **p = &waiting; *p;) {
        struct farewell *f = *p;
        if (!lost && !is_answered(f)) {
            p = &f->next;
            continue;
        }
        *p = f->next;
        f->next = NULL;
        *end = f;
        end = &f->next;
    }
    return taken;
}

static void end(struct farewell *f, bool lost) {
    if (!lost && icd_slot(f->slot)->result != CL_SUCCESS) {
        /* Too early would be worse than never: the object and its callbacks stay. */
        icd_debug(icd_slot(f->slot)->result,
                  "the host's driver does not tell when it destroys a memory object, "
                  "so its destructor callbacks are never called");
    } else {
        icd_settle(f->ledger); /* reads of it are copied to where the callback may free */
        f->destroy(f->mem);
    }
    if (!lost)
        icd_slot_free(f->slot);
    free(f);
}

static void *serve(void *arg) {
    (void)arg;
    for (;;) {
        svga_lock_take(&lock);
        while (!waiting)
            svga_lock_wait(&work, &lock);
        svga_lock_give(&lock);
        bool lost = svga_guest_sleep(icd_session->g, any_answered, NULL) < 0;
        svga_lock_take(&lock);
        struct farewell *f = take_answered(lost);
        svga_lock_give(&lock);
        for (struct farewell *next; f; f = next) {
            next = f->next;
            end(f, lost);
        }
    }
    return NULL;
}

static void wait_for(struct farewell *f) {
    svga_lock_take(&lock);
    started = started || icd_thread_start(serve, NULL, "trillium-farewells");
    f->next = waiting; /* without a thread: until one can be started for another */
    waiting = f;
    pthread_cond_signal(&work);
    svga_lock_give(&lock);
}

/* Sends word, and waits until the host has carried it out: if no command uses the object, its end is known then,
 * and callbacks come inside of the release, as they do natively. CL_SUCCESS unless the device is lost. */
static cl_int release(struct icd_object *mem, uint32_t slot) {
    struct icd_call carried_out;
    cl_int r = icd_call_begin(&carried_out);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, RELEASE_MEM, release_mem, NULL, .mem = mem->id, .slot = slot,
            .carried_out = carried_out.slot);
    icd_id_free(mem->id);
    mem->id = 0;
    return icd_call_wait(&carried_out);
}

bool icd_farewell(struct icd_ledger *l, cl_mem mem, void (*destroy)(cl_mem mem)) {
    if (svga_locks_forked || svga_guest_lost(icd_session->g) || icd_ledger_idle(l))
        return false;
    struct farewell *f = malloc(sizeof *f);
    uint32_t slot = f ? icd_slot_alloc() : TR_NO_SLOT;
    if (slot == TR_NO_SLOT) { /* no memory for a note: too early is worse than never */
        free(f);
        return true;
    }
    *f = (struct farewell){NULL, l, mem, destroy, slot};
    cl_int r = release((struct icd_object *)mem, slot);
    if (r == CL_SUCCESS && is_answered(f) && icd_slot(slot)->result == CL_SUCCESS) {
        icd_slot_free(slot);
    } else if (r == CL_SUCCESS) {
        wait_for(f);
        return true;
    }
    free(f);
    return svga_guest_lost(icd_session->g) ? false : r != CL_SUCCESS;
}
