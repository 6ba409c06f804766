// SPDX-License-Identifier: MIT
#include "tests/worker/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/broker/store.h"
#include "host-backend/worker/control.h"

#define MEMORY_SIZE (8u << 20)

#define must(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static const char *worker_path(void) {
    static char path[4096];
    const char *build = getenv("TRILLIUM_BUILD");
    snprintf(path, sizeof path, "%s/libexec/trillium-worker", build ? build : "build");
    return path;
}

static pid_t spawn(int control, char *const *extra) {
    char number[16];
    char *argv[24] = {"trillium-worker", "--control", number};
    int n = 3;
    snprintf(number, sizeof number, "%d", control);
    for (; extra && *extra; extra++)
        argv[n++] = *extra;
    pid_t pid = fork();
    if (pid == 0) {
        execv(worker_path(), argv);
        perror(worker_path());
        _exit(127);
    }
    return pid;
}

static void send_session(int control, int session) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space = {0};
    char byte = 's';
    struct iovec iov = {&byte, 1};
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &session, sizeof session);
    must(sendmsg(control, &mh, 0) == 1);
}

/* Waits until the worker has its session, or is gone. It loads the drivers first, which takes as long as the machine
 * lets it: the broker tells a guest meanwhile that somebody is there, and nobody does so here. */
static void wait_until_taken(int control) {
    char byte = 0;
    ssize_t n;
    do
        n = recv(control, &byte, 1, 0);
    while ((n < 0 && errno == EINTR) || (n == 1 && byte != CONTROL_TAKEN));
}

/* Starts a worker that serves the other end of *session. */
static pid_t start(char *const *extra, int *control, int *session) {
    int controls[2], sessions[2];

    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, controls) == 0);
    must(fcntl(controls[0], F_SETFD, FD_CLOEXEC) == 0);
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sessions) == 0);
    pid_t pid = spawn(controls[1], extra);
    must(pid > 0);
    close(controls[1]);
    send_session(controls[0], sessions[1]);
    close(sessions[1]);
    wait_until_taken(controls[0]);
    *control = controls[0];
    *session = sessions[0];
    return pid;
}

struct svga_guest *guest_try_open(char *const *extra, uint32_t version, char why[SVGA_WHY_SIZE]) {
    int control, session;
    pid_t pid = start(extra, &control, &session);
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(session, why);
    struct svga_guest *g = carrier ? svga_guest_open(carrier, version, 200, why) : NULL;
    if (!g) {
        close(control);
        must(waitpid(pid, NULL, 0) == pid);
    }
    return g;
}

void guest_attach(struct test_guest *t, int session) {
    char why[SVGA_WHY_SIZE] = "";
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(session, why);

    *t = (struct test_guest){.next_id = 1, .control = -1};
    if (!carrier)
        fprintf(stderr, "no carrier: %s\n", why);
    must(carrier);
    t->g = svga_guest_open(carrier, TR_VERSION, 200, why);
    if (!t->g)
        fprintf(stderr, "no session: %s\n", why);
    must(t->g);
    must(svga_guest_region_create(t->g, TR_SLOTS_PER_CHUNK * sizeof(struct tr_slot), &t->slot_region) == 0);
    must(svga_guest_region_create(t->g, MEMORY_SIZE, &t->memory) == 0);
    t->slots = t->slot_region.ptr;
    must(TR_SEND(t->g, ADD_SLOTS, add_slots, NULL, .chunk = 0, .region = t->slot_region.id));
}

void guest_open(struct test_guest *t, char *const *extra) {
    int control, session;
    pid_t pid = start(extra, &control, &session);
    guest_attach(t, session);
    t->worker = pid;
    t->control = control;
}

void guest_open_with_store(struct test_guest *t, char *const *extra, struct store *store,
                           const char *tenant) {
    char number[16], *argv[20] = {"--store", number};
    int ends[2], n = 2;

    for (; extra && *extra; extra++)
        argv[n++] = *extra;
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    must(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    must(store_serve(store, ends[0], tenant) == 0);
    guest_open(t, argv);
    close(ends[1]);
}

int guest_close(struct test_guest *t) {
    int status = 0;
    svga_guest_close(t->g);
    if (t->control >= 0)
        close(t->control);
    if (t->worker > 0)
        must(waitpid(t->worker, &status, 0) == t->worker);
    munmap(t->slot_region.ptr, t->slot_region.size);
    munmap(t->memory.ptr, t->memory.size);
    return status;
}

unsigned long guest_worker_switches(const struct test_guest *t) {
    char path[64], line[256];
    unsigned long total = 0, n;
    struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%d/task", (int)t->worker);
    DIR *d = opendir(path);
    must(d);
    while ((entry = readdir(d))) {
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/status", (int)t->worker, entry->d_name);
        FILE *f = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        while (f && fgets(line, sizeof line, f))
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
                sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
                total += n;
        if (f)
            fclose(f);
    }
    closedir(d);
    return total;
}

uint32_t guest_id(struct test_guest *t) {
    return t->next_id++;
}

uint32_t guest_slot(struct test_guest *t) {
    uint32_t slot = t->next_slot++ % TR_SLOTS_PER_CHUNK;
    memset(&t->slots[slot], 0, sizeof t->slots[slot]);
    atomic_store(&t->slots[slot].status, TR_STATUS_PENDING);
    return slot;
}

struct tr_slot *guest_slot_ptr(struct test_guest *t, uint32_t slot) {
    return &t->slots[slot];
}

static bool is_final(void *slot) {
    return atomic_load_explicit(&((struct tr_slot *)slot)->status, memory_order_acquire) <= CL_COMPLETE;
}

int guest_wait(struct test_guest *t, uint32_t slot) {
    return svga_guest_wait(t->g, is_final, &t->slots[slot]);
}

cl_int guest_result(struct test_guest *t, uint32_t slot) {
    if (guest_wait(t, slot) < 0) {
        char why[SVGA_WHY_SIZE];
        svga_guest_error(t->g, why);
        fprintf(stderr, "device lost: %s\n", why);
        return CL_DEVICE_NOT_AVAILABLE;
    }
    return t->slots[slot].result;
}

struct tr_span guest_span(const struct test_guest *t, uint64_t offset, uint64_t length) {
    return (struct tr_span){.region = t->memory.id, .offset = offset, .length = length};
}

cl_int guest_build(struct test_guest *t, uint32_t context, uint32_t program, const char *source) {
    uint32_t slot = guest_slot(t);

    TR_SEND(t->g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {source, (uint32_t)strlen(source)}}),
            .program = program, .context = context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    TR_SEND(t->g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"", 0}}), .program = program,
            .slot = slot);
    return guest_result(t, slot);
}

void guest_setup(struct test_guest *t, struct test_setup *s, const char *source, const char *kernel,
                 cl_command_queue_properties properties) {
    uint32_t device = 0, slot;
    uint64_t list[2] = {CL_QUEUE_PROPERTIES, properties};

    *s = (struct test_setup){guest_id(t), guest_id(t), guest_id(t), guest_id(t)};
    slot = guest_slot(t);
    TR_SEND(t->g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}), .context = s->context,
            .slot = slot);
    must(guest_result(t, slot) == CL_SUCCESS);
    slot = guest_slot(t);
    TR_SEND(t->g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{list, 2}}), .queue = s->queue,
            .context = s->context, .device = 0, .slot = slot);
    must(guest_result(t, slot) == CL_SUCCESS);
    must(guest_build(t, s->context, s->program, source) == CL_SUCCESS);
    slot = guest_slot(t);
    TR_SEND(t->g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{kernel, (uint32_t)strlen(kernel)}}),
            .kernel = s->kernel, .program = s->program, .slot = slot);
    must(guest_result(t, slot) == CL_SUCCESS);
}

uint32_t guest_placed_buffer(struct test_guest *t, uint32_t context, uint64_t offset, uint64_t size) {
    uint32_t id = guest_id(t), slot = guest_slot(t);
    TR_SEND(t->g, CREATE_BUFFER, create_buffer, NULL, .mem = id, .context = context,
            .flags = CL_MEM_READ_WRITE, .size = size, .placed = guest_span(t, offset, size), .slot = slot);
    must(guest_result(t, slot) == CL_SUCCESS);
    return id;
}

void guest_set_mem(struct test_guest *t, uint32_t kernel, uint32_t index, uint32_t mem) {
    TR_SEND(t->g, SET_ARG, set_arg, ((struct tr_array[]){{NULL, 0}}), .kernel = kernel, .index = index,
            .kind = TR_ARG_OBJECT, .object = mem, .size = sizeof(cl_mem), .slot = TR_NO_SLOT);
}

cl_int guest_finish(struct test_guest *t, uint32_t queue) {
    uint32_t slot = guest_slot(t);
    TR_SEND(t->g, FINISH, finish, NULL, .queue = queue, .slot = slot);
    return guest_result(t, slot);
}

int guest_trace_file(const char *dir, char number[16]) {
    static unsigned count;
    char path[4096];

    snprintf(path, sizeof path, "%s/%u.trace", dir, ++count);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    must(fd >= 0);
    snprintf(number, 16, "%d", fd);
    return fd;
}

bool guest_driver_has_quirk(const char *name) {
    FILE *in = popen("\"${TRILLIUM_BUILD:-build}\"/libexec/trillium-worker --quirks 2>/dev/null", "re");
    char line[512], column[64];
    bool found = false;

    snprintf(column, sizeof column, "\t%s\t", name);
    while (in && fgets(line, sizeof line, in))
        found = found || strstr(line, column);
    if (in)
        pclose(in);
    return found;
}
