// SPDX-License-Identifier: MIT
/*
 * One handler for each command of trillium/commands.def: do_<name>. A handler is called by the decoding
 * thread, with the leader lock held, with a command that the verifier has let pass: ids name objects of the
 * right kinds, spans and slots are there. What else can be wrong about it is the handler's to find; where
 * only a hostile guest could send it, session_violation() ends the session.
 */
#ifndef HOST_BACKEND_WORKER_HANDLERS_H
#define HOST_BACKEND_WORKER_HANDLERS_H

#include "host-backend/worker/session.h"
#include "trillium/verify.h"

#define COMMAND(NAME, name, number, doc)                                                                     \
    void do_##name(struct session *s, const struct tr_##name *c, const struct tr_view *v);
#define FIELD(TYPE, KIND, field, doc)
#define END(NAME, name)
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD

/* Objects that a verified command names. 0 (where optional) gives NULL. */
static inline struct context *context_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct queue *queue_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct mem *mem_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct program *program_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct kernel *kernel_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct batch *batch_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}
static inline struct event *event_of(const struct session *s, uint32_t id) {
    return objects_get(&s->objects, id);
}

/* Turns a command's device numbers into handles (room for DRIVER_MAX_DEVICES). False, and the session is
 * failed, if one does not exist, or is not of this platform: a driver need not bear another's handles. */
bool devices_of(struct session *s, const struct driver_platform *platform, const uint32_t *numbers,
                uint32_t count, cl_device_id *out);

/* The driver's stamps are wanted of a queue's commands from now on, or no more: it goes on in another queue of the
 * driver's, behind all that it was given so far. It stays where it is where that cannot be, and then its commands have
 * no such stamps: on drivers before OpenCL 1.2, and, with false returned, while one of its commands may wait for the guest's word. */
bool queue_profile(struct session *s, struct queue *q, bool on);

/* Puts a new object, of the present command's platform, into the table, or fails the session when memory is out. False then; the object is
 * dropped. */
bool put_object(struct session *s, uint32_t id, void *object);

#endif
