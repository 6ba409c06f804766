// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/own-fd.h"
#include "svga-model/visa/apart/guest-jobs.h"
#include "svga-model/visa/apart/kept.h"
#include "svga-model/visa/apart/start.h"
#include "svga-model/visa/common/clock.h"

enum { WHY_SIZE = 512 };

static const char program[] = "trillium-visa-compile", compiler[] = "the compiler to SPIR-V";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows; held for a whole compile */
static struct svga_own_fd server = {.fd = -1};
static uid_t server_uid; /* whose files it reads */
static gid_t server_gid;

static const char *folder; /* of what is kept; NULL: nothing is. Set before the first compile. */

/* Is there a server that reads the files that the application may read? */
static bool is_served(void) {
    return server.fd >= 0 && svga_own_fd_there(&server) && server_uid == geteuid() && server_gid == getegid();
}

static int start(int words) {
    char *path = visa_apart_find(program);
    int pair[2], r = path ? 0 : -errno;

    svga_own_fd_close(&server);
    if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        r = -errno;
    if (r == 0) {
        r = visa_apart_start(path, pair[1], words);
        close(pair[1]);
        if (r == 0)
            server = svga_own_fd_take(pair[0]);
        else
            close(pair[0]);
        server_uid = geteuid();
        server_gid = getegid();
    }
    free(path);
    return r;
}

static enum visa_status fail(struct visa_module *out, const char *why) {
    *out = (struct visa_module){.driver_options = strdup("")};
    if (!out->driver_options || asprintf(&out->log, "error: %s\n", why) < 0) {
        out->log = NULL;
        return VISA_NO_MEMORY;
    }
    return VISA_BUILD_FAILURE;
}

/* Lock held. 0, or a negative errno of visa_apart_ask or of starting a server. */
static int ask(const int fds[VISA_APART_FDS], const struct visa_apart_limits *limits,
               struct visa_apart_end *end, bool *started) {
    int r = -ENOTCONN;

    *started = false;
    if (is_served())
        r = visa_apart_ask(server.fd, fds, limits, end);
    if (r == -ENOTCONN) { /* there was none, or it was gone before: somebody ended it */
        *started = true;
        r = start(fds[VISA_APART_WORDS]);
        if (r == 0)
            r = visa_apart_ask(server.fd, fds, limits, end);
    }
    if (r < 0)
        svga_own_fd_close(&server);
    return r;
}

/* Carries the job out. *bytes: its answer, the caller's; NULL: none, and the outcome says why. */
static enum visa_status carry_out(const struct visa_packet *job, struct visa_module *out, void **bytes,
                                  size_t *size) {
    static const struct visa_apart_limits limits = {0}; /* the application's own */
    struct visa_packet_reader answer = {0};
    struct visa_apart_end end;
    enum visa_status status;
    int fds[VISA_APART_FDS], r = visa_apart_open(job, fds);
    char why[WHY_SIZE];
    bool started;

    *bytes = NULL;
    if (r < 0) {
        snprintf(why, sizeof why, "no memory for a compile: %s", strerror(-r));
        return fail(out, why);
    }
    uint64_t begin = visa_now();
    fds[VISA_APART_FOLDER] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    pthread_mutex_lock(&lock);
    uint64_t locked = visa_now();
    r = ask(fds, &limits, &end, &started);
    pthread_mutex_unlock(&lock);
    if (r == 0)
        r = visa_apart_answer(fds, bytes, size);
    if (r == -EPIPE || r == -EFAULT) {
        visa_apart_explain(fds, &limits, NULL, compiler, why, sizeof why);
        status = fail(out, why);
    } else if (r < 0) {
        snprintf(why, sizeof why, "the virtual ISA is not available: %s cannot be %s: %s", program,
                 started ? "started" : "reached", strerror(-r));
        status = fail(out, why);
    } else {
        answer = (struct visa_packet_reader){.at = *bytes, .left = *size};
        if (!visa_get_module(&answer, &status, out)) {
            visa_apart_module_free(out);
            free(*bytes);
            *bytes = NULL;
            status = fail(out, "the compiler to SPIR-V gave an answer that is none");
        }
        out->timing.lock_ns = locked - begin;
        out->timing.total_ns = visa_now() - begin;
    }
    visa_apart_close(fds);
    return status;
}

void visa_apart_keep_in(const char *path) {
    folder = strdup(path);
}

/* Was it compiled before, by this compiler? */
static bool remember(const struct visa_packet *job, struct visa_module *out) {
    uint64_t begin = visa_now();
    size_t size = 0;
    void *bytes = visa_kept_get(folder, job, &size);
    struct visa_packet_reader answer = {.at = bytes, .left = size};
    enum visa_status status;
    bool found = bytes && visa_get_module(&answer, &status, out) && status == VISA_OK;
    const char *parts = found ? visa_packet_get_text(&answer) : NULL;

    found = parts && visa_kept_current(parts);
    free(bytes);
    if (!found)
        visa_apart_module_free(out);
    else
        out->timing = (struct visa_compile_timing){.total_ns = visa_now() - begin};
    return found;
}

enum visa_status visa_apart_compile(const struct visa_compile_request *request, struct visa_module *out) {
    bool keeps = folder && request->closed;
    struct visa_packet job = {0}, with_files = {0};
    const struct visa_packet *name = &job; /* by which it is kept */
    enum visa_status status = VISA_OK;
    void *bytes = NULL;
    size_t size = 0;

    *out = (struct visa_module){0};
    visa_put_compile(&job, request);
    if (keeps && request->files) {
        visa_put_compile(&with_files, request);
        visa_packet_put_bytes(&with_files, request->files, request->files_size);
        name = &with_files;
    }
    if (!keeps || !remember(name, out)) {
        status = carry_out(&job, out, &bytes, &size);
        if (keeps && bytes && status == VISA_OK && (!request->files || request->same_files(request->opaque)))
            visa_kept_put(folder, name, bytes, size);
    }
    free(bytes);
    free(job.bytes);
    free(with_files.bytes);
    return status;
}

enum visa_status visa_apart_link(const struct visa_link_request *request, struct visa_module *out) {
    struct visa_packet job = {0};
    void *bytes = NULL;
    size_t size = 0;

    *out = (struct visa_module){0};
    visa_put_link(&job, request);
    enum visa_status status = carry_out(&job, out, &bytes, &size);
    free(bytes);
    free(job.bytes);
    return status;
}

void visa_apart_module_free(struct visa_module *module) {
    free(module->spirv);
    free(module->bytes);
    free(module->log);
    free(module->driver_options);
    visa_kernels_free(module->kernels, module->kernel_count);
    *module = (struct visa_module){0};
}
