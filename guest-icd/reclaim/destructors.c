// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/destructors.h"

#include <stdlib.h>

struct icd_destructor {
    struct icd_destructor *next; /* given before */
    icd_notify notify;
    void *user_data;
};

cl_int icd_destructor_add(struct icd_destructor **list, struct svga_lock *lock, icd_notify notify,
                          void *user_data) {
    struct icd_destructor *d = malloc(sizeof *d);
    if (!d)
        return CL_OUT_OF_HOST_MEMORY;
    svga_lock_take(lock);
    *d = (struct icd_destructor){*list, notify, user_data};
    *list = d;
    svga_lock_give(lock);
    return CL_SUCCESS;
}

void icd_destructors_call(struct icd_destructor **list,
                          void (*call)(icd_notify notify, void *object, void *user_data), void *object) {
    while (*list) {
        struct icd_destructor *d = *list;
        *list = d->next;
        call(d->notify, object, d->user_data);
        free(d);
    }
}
