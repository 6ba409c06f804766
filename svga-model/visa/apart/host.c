// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "svga-model/visa/load.h"

enum job_kind { JOB_VALIDATE, JOB_TRANSLATE, JOB_WARM };

static const char translator[] = "the SPIR-V translator";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* one job at a time */
static int server = -1;                                  /* the socket; written before there are threads */
static struct visa_apart_limits limits_of_jobs;
static struct visa_target warm_for; /* what the server was warmed for last; under the lock */
static char missing[VISA_WHY_SIZE] = "the process for translations was not started";

/* ---- there: the server's side ---- */

static void get_features(struct visa_packet_reader *r, struct visa_features *f) {
    VISA_PACKET_GET(r, *f);
    f->extensions = visa_packet_get_text(r);
    f->c_features = visa_packet_get_text(r);
}

static void answer_validate(const struct visa_host *host, struct visa_packet_reader *r,
                            const struct visa_target *target, struct visa_packet *answer) {
    char why[VISA_WHY_SIZE] = "";
    struct visa_features features;
    size_t size;

    get_features(r, &features);
    const uint32_t *words = visa_packet_get_bytes(r, &size);
    int32_t err = r->failed ? -EINVAL : host->validate(words, size / sizeof *words, &features, target, why);
    VISA_PACKET_PUT(answer, err);
    VISA_PACKET_PUT(answer, why);
}

static void answer_translate(const struct visa_host *host, struct visa_packet_reader *r,
                             const struct visa_target *target, struct visa_packet *answer) {
    struct visa_translate_request request = {.target = target};
    struct visa_features features;
    struct visa_binary binary = {0};
    char why[VISA_WHY_SIZE] = "";
    size_t size;

    get_features(r, &features);
    request.features = &features;
    request.words = visa_packet_get_bytes(r, &size);
    request.count = size / sizeof *request.words;
    request.options = visa_packet_get_text(r);
    request.sample = visa_packet_get_bytes(r, &request.sample_size);
    request.constants = visa_packet_get_bytes(r, &size);
    request.constant_count = size / sizeof *request.constants;
    int32_t err = r->failed ? -EINVAL : host->translate(&request, &binary, why);
    VISA_PACKET_PUT(answer, err);
    VISA_PACKET_PUT(answer, why);
    VISA_PACKET_PUT(answer, binary);
    visa_packet_put_bytes(answer, binary.bytes, binary.size);
    visa_packet_put_text(answer, binary.options);
    host->binary_free(&binary);
}

static void handle(struct visa_packet_reader *r, struct visa_packet *answer) {
    char why[VISA_WHY_SIZE] = "";
    const struct visa_host *host = visa_host_load(why);
    struct visa_target target;
    int32_t err = -ENOENT;
    uint64_t kind;

    VISA_PACKET_GET(r, kind);
    VISA_PACKET_GET(r, target);
    if (!host) {
        VISA_PACKET_PUT(answer, err);
        VISA_PACKET_PUT(answer, why);
        return;
    }
    switch (kind) {
    case JOB_VALIDATE:
        answer_validate(host, r, &target, answer);
        break;
    case JOB_TRANSLATE:
        answer_translate(host, r, &target, answer);
        break;
    case JOB_WARM:
        err = host->warm(&target, why);
        VISA_PACKET_PUT(answer, err);
        VISA_PACKET_PUT(answer, why);
        break;
    }
}

/* In the server: what each of its children would do again. */
static void load(void) {
    char why[VISA_WHY_SIZE];
    visa_host_load(why); /* a failure is remembered, and each job is answered with it */
}

static _Noreturn void serve(int socket) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "trillium-spirv");
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
    }
    dup2(socket, STDERR_FILENO + 1); /* what else its parent has is not for it */
    close_range(STDERR_FILENO + 2, ~0u, 0);
    visa_apart_serve(STDERR_FILENO + 1, true, load, handle);
    _exit(0);
}

/* ---- here ---- */

static void put_features(struct visa_packet *p, const struct visa_features *f) {
    VISA_PACKET_PUT(p, *f);
    visa_packet_put_text(p, f->extensions);
    visa_packet_put_text(p, f->c_features);
}

static struct visa_packet begin(enum job_kind what, const struct visa_target *target) {
    struct visa_packet p = {0};
    uint64_t kind = what;

    VISA_PACKET_PUT(&p, kind);
    VISA_PACKET_PUT(&p, *target);
    return p;
}

/* Lock held. The answer, begun to read: error and reason are out of it. `bytes` is the caller's (free). */
static int ask(struct visa_packet *job, bool in_server, char why[VISA_WHY_SIZE], void **bytes,
               struct visa_packet_reader *answer) {
    struct visa_apart_limits limits = limits_of_jobs;
    struct visa_apart_end end = {0};
    int fds[VISA_APART_FDS], r = visa_apart_open(job, fds);
    int32_t err = 0;

    *bytes = NULL;
    *answer = (struct visa_packet_reader){0};
    limits.in_server = in_server;
    if (r < 0) {
        snprintf(why, VISA_WHY_SIZE, "no memory for a translation: %s", strerror(-r));
        return r;
    }
    r = visa_apart_ask(server, fds, &limits, &end);
    if (r == 0 && end.status == 0)
        r = visa_apart_answer(fds, bytes, &answer->left);
    else if (r == 0)
        r = -EFAULT;
    if (r < 0) {
        visa_apart_explain(fds, &limits, r == -EFAULT ? &end : NULL, translator, why, VISA_WHY_SIZE);
        visa_apart_close(fds);
        return r;
    }
    answer->at = *bytes;
    VISA_PACKET_GET(answer, err);
    visa_packet_get(answer, why, VISA_WHY_SIZE);
    why[VISA_WHY_SIZE - 1] = '\0';
    if (answer->failed || err > 0) {
        snprintf(why, VISA_WHY_SIZE, "%s gave an answer that is none", translator);
        err = -EFAULT;
    }
    visa_apart_close(fds);
    return err;
}

/* Lock held. What a translation for this target needs is read once, by the server, and not by each child again. */
static int warm_server(const struct visa_target *target, char why[VISA_WHY_SIZE]) {
    struct visa_packet job = begin(JOB_WARM, target);
    struct visa_packet_reader answer;
    void *bytes = NULL;
    int r = 0;

    if (warm_for.kind != target->kind || strcmp(warm_for.library_hint, target->library_hint) != 0)
        r = ask(&job, true, why, &bytes, &answer);
    if (r == 0)
        warm_for = *target;
    free(job.bytes);
    free(bytes);
    return r;
}

static int carry_out(struct visa_packet *job, char why[VISA_WHY_SIZE], void **bytes,
                     struct visa_packet_reader *answer) {
    pthread_mutex_lock(&lock);
    int r = ask(job, false, why, bytes, answer);
    pthread_mutex_unlock(&lock);
    free(job->bytes);
    return r;
}

static int validate(const uint32_t *words, size_t count, const struct visa_features *features,
                    const struct visa_target *target, char why[VISA_WHY_SIZE]) {
    struct visa_packet job = begin(JOB_VALIDATE, target);
    struct visa_packet_reader answer;
    void *bytes;

    put_features(&job, features);
    visa_packet_put_bytes(&job, words, count * sizeof *words);
    int r = carry_out(&job, why, &bytes, &answer);
    free(bytes);
    return r;
}

static int warm(const struct visa_target *target, char why[VISA_WHY_SIZE]) {
    pthread_mutex_lock(&lock);
    int r = warm_server(target, why);
    pthread_mutex_unlock(&lock);
    return r;
}

static int translate(const struct visa_translate_request *request, struct visa_binary *out,
                     char why[VISA_WHY_SIZE]) {
    *out = (struct visa_binary){0};
    int r = warm(request->target, why);
    if (r < 0)
        return r;
    struct visa_packet job = begin(JOB_TRANSLATE, request->target);
    struct visa_packet_reader answer;
    void *bytes;

    put_features(&job, request->features);
    visa_packet_put_bytes(&job, request->words, request->count * sizeof *request->words);
    visa_packet_put_text(&job, request->options);
    visa_packet_put_bytes(&job, request->sample, request->sample_size);
    visa_packet_put_bytes(&job, request->constants, request->constant_count * sizeof *request->constants);
    r = carry_out(&job, why, &bytes, &answer);
    if (r == 0) {
        VISA_PACKET_GET(&answer, *out);
        out->bytes = visa_packet_take_bytes(&answer, &out->size);
        out->options = visa_packet_take_text(&answer);
        if (answer.failed || !out->bytes || !out->options) {
            free(out->bytes);
            free(out->options);
            *out = (struct visa_binary){0};
            snprintf(why, VISA_WHY_SIZE, "%s gave an answer that is none", translator);
            r = -EFAULT;
        }
    }
    free(bytes);
    return r;
}

static void binary_free(struct visa_binary *binary) {
    free(binary->bytes);
    free(binary->options);
    *binary = (struct visa_binary){0};
}

int visa_host_apart_start(const int pair[2], const struct visa_apart_limits *limits) {
    pid_t child = fork();

    if (child == 0)
        serve(pair[1]);
    close(pair[1]);
    if (child < 0) {
        int r = -errno;
        snprintf(missing, sizeof missing, "no process for translations can be started: %s", strerror(-r));
        close(pair[0]);
        return r;
    }
    limits_of_jobs = *limits;
    server = pair[0];
    return 0;
}

const struct visa_host *visa_host_apart(char why[VISA_WHY_SIZE]) {
    static const struct visa_host table = {.abi = VISA_HOST_ABI,
                                           .validate = validate,
                                           .translate = translate,
                                           .binary_free = binary_free,
                                           .warm = warm};

    snprintf(why, VISA_WHY_SIZE, "%s", server >= 0 ? "" : missing);
    return server >= 0 ? &table : NULL;
}
