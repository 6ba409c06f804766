// SPDX-License-Identifier: MIT
#include "host-backend/front/mapper.h"
#include "host-backend/front/blank.h"
#include "host-backend/util/clock.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* One region's operations. */
struct front_job {
    struct front_job *next;
    void *region;
    struct vu_memory *memory; /* counted; NULL: it takes pages away */
    uint64_t address, size;
    int64_t since_ms;
    bool begun;         /* the hand knows of it */
    uint32_t count, at; /* operations, and which is due */
    struct op {
        struct svga_hand_op hand;
        int fd;
    } ops[];
};

/* The kernel's may be longer than this compiler's, which it fills and checks. */
union notification {
    struct seccomp_notif request;
    struct seccomp_notif_resp response;
    char room[512];
};

/* ---- what the hand is told ---- */

/* True if the call that `id` stands for was still waiting. */
static bool respond(struct front_mapper *m, uint64_t id, int64_t value, uint32_t flags) {
    union notification n = {0};
    n.response = (struct seccomp_notif_resp){.id = id, .val = value, .flags = flags};
    return ioctl(m->fds[SVGA_HAND_CALLS], SECCOMP_IOCTL_NOTIF_SEND, &n.response) == 0;
}

/* Puts a descriptor where the hand's calls expect one. */
static bool lend(struct front_mapper *m, uint64_t id, int fd) {
    struct seccomp_notif_addfd add = {
        .id = id, .flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (uint32_t)fd, .newfd = SVGA_HAND_FILE};
    if (m->lent == fd)
        return true;
    if (ioctl(m->fds[SVGA_HAND_CALLS], SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
        return false;
    m->lent = fd;
    return true;
}

/* Hands the first job over, if the hand waits for one. */
static void begin(struct front_mapper *m) {
    struct front_job *job = m->first;

    if (!job || job->begun || !m->waits)
        return;
    for (uint32_t i = 0; i < job->count; i++)
        if (pwrite(m->fds[SVGA_HAND_JOBS], &job->ops[i].hand, sizeof job->ops[i].hand,
                   (off_t)(i * sizeof job->ops[i].hand)) != sizeof job->ops[i].hand)
            return; /* it is given up in time */
    m->waits = false;
    job->begun = respond(m, m->waiting, job->count, 0); /* else it will ask again */
}

/* ---- what the hand asks ---- */

static void drop_first(struct front_mapper *m) {
    struct front_job *job = m->first;
    m->first = job->next;
    if (!m->first)
        m->last = NULL;
    vu_memory_unref(job->memory);
    free(job);
}

/* The hand has no job, or has ended the first. */
static void next(struct front_mapper *m, uint64_t id, uint64_t failed) {
    struct front_job *job = m->first;

    if (!lend(m, id, m->null))
        return; /* it was interrupted, and asks again */
    m->waits = true;
    m->waiting = id;
    if (job && job->begun) {
        void *region = job->region;
        bool blank = !job->memory;
        int r = job->at < job->count ? -EPROTO : 0;
        if (r == 0 && blank && !front_is_blank(m->fds[SVGA_HAND_MAPS], job->address, job->size))
            r = -EPROTO;
        if (r == 0 && !blank && failed > 0)
            r = -ENOMEM;
        drop_first(m);
        begin(m);
        m->done(m->opaque, region, blank, r);
        return;
    }
    begin(m);
}

/* The call that is due, and no other. */
static bool is_due(const struct front_job *job, const struct seccomp_data *data) {
    uint64_t args[6];
    long number;

    if (!job || !job->begun || job->at == job->count ||
        !svga_hand_call(&job->ops[job->at].hand, &number, args) || data->nr != number)
        return false;
    for (int i = 0; i < 6; i++)
        if (data->args[i] != args[i])
            return false;
    return true;
}

static void ready(struct vu_source *source, uint32_t events) {
    struct front_mapper *m = (struct front_mapper *)((char *)source - offsetof(struct front_mapper, source));
    union notification n = {0};

    if (!(events & EPOLLIN)) {
        m->broken(m->opaque);
        return;
    }
    /* There is one, or was: it may have been interrupted, but is counted still, so that this does not wait. */
    if (ioctl(m->fds[SVGA_HAND_CALLS], SECCOMP_IOCTL_NOTIF_RECV, &n.request) < 0)
        return;
    struct front_job *job = m->first;
    if (n.request.data.nr == SVGA_HAND_NEXT) {
        next(m, n.request.id, n.request.data.args[0]);
    } else if (!is_due(job, &n.request.data)) {
        m->broken(m->opaque);
    } else if (job->ops[job->at].fd < 0 || lend(m, n.request.id, job->ops[job->at].fd)) {
        if (respond(m, n.request.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE))
            job->at++;
    }
}

/* ---- jobs ---- */

static struct front_job *add(struct front_mapper *m, void *region, uint64_t address, uint32_t count) {
    struct front_job *job =
        count <= SVGA_HAND_MAX_OPS ? calloc(1, sizeof *job + count * sizeof job->ops[0]) : NULL;
    if (!job)
        return NULL;
    job->region = region;
    job->address = address;
    job->count = count;
    job->since_ms = clock_now_ms();
    if (m->last)
        m->last->next = job;
    else
        m->first = job;
    m->last = job;
    return job;
}

int front_mapper_map(struct front_mapper *m, void *region, uint64_t address, struct vu_memory *memory,
                     const struct svga_link_piece *pieces, uint32_t count) {
    struct front_job *job = add(m, region, address, count + 1);
    if (!job)
        return -ENOMEM;
    job->memory = vu_memory_ref(memory);
    for (uint32_t i = 0; i < count; i++) {
        job->ops[i].hand =
            (struct svga_hand_op){SVGA_HAND_MAP, address + job->size, pieces[i].length, pieces[i].offset};
        job->ops[i].fd = memory->regions[pieces[i].fd].fd;
        job->size += pieces[i].length;
    }
    job->ops[count].hand = (struct svga_hand_op){SVGA_HAND_NO_FORK, address, job->size, 0};
    job->ops[count].fd = -1;
    begin(m);
    return 0;
}

int front_mapper_blank(struct front_mapper *m, void *region, uint64_t address, uint64_t size) {
    struct front_job *job = add(m, region, address, 1);
    if (!job)
        return -ENOMEM;
    job->size = size;
    job->ops[0].hand = (struct svga_hand_op){SVGA_HAND_BLANK, address, size, 0};
    job->ops[0].fd = -1;
    begin(m);
    return 0;
}

int64_t front_mapper_busy_ms(const struct front_mapper *m) {
    return m->first ? clock_now_ms() - m->first->since_ms : -1;
}

/* ---- life ---- */

int front_mapper_start(struct front_mapper *m, struct vu_loop *loop, const int fds[SVGA_HAND_FDS]) {
    m->loop = loop;
    m->source.ready = ready;
    m->lent = -1;
    memcpy(m->fds, fds, sizeof m->fds);
    m->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return m->null < 0 ? -errno : vu_loop_add(loop, m->fds[SVGA_HAND_CALLS], EPOLLIN, &m->source);
}

void front_mapper_stop(struct front_mapper *m) {
    while (m->first)
        drop_first(m);
    if (m->fds[SVGA_HAND_CALLS] < 0)
        return;
    vu_loop_remove(m->loop, m->fds[SVGA_HAND_CALLS]);
    close(m->fds[SVGA_HAND_CALLS]); /* its calls fail from here on, and it ends */
    m->fds[SVGA_HAND_CALLS] = -1;
}

bool front_mapper_worker_gone(const struct front_mapper *m) {
    uint64_t entry;
    return m->fds[SVGA_HAND_LIFE] < 0 || pread(m->fds[SVGA_HAND_LIFE], &entry, sizeof entry, 0) == 0;
}

void front_mapper_finish(struct front_mapper *m) {
    front_mapper_stop(m);
    for (int i = 0; i < SVGA_HAND_FDS; i++)
        if (m->fds[i] >= 0)
            close(m->fds[i]);
    if (m->null >= 0)
        close(m->null);
}
