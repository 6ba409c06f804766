// SPDX-License-Identifier: MIT
/*
 * Does the worker's table of quirks say the truth about the drivers of this machine?
 *
 * Each probe of each platform that the loader finds runs in a process of its own, all at once: what hangs would
 * cost the same time one after the other.
 */
#include "tests/quirks/quirks.h"

#include "host-backend/worker/quirks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_PLATFORMS = 16,
    /* A hang that the table tells of is one soon; what it says does not hang has all the time that it needs. */
    HANG_SECONDS = 2,
    UNKNOWN_SECONDS = 15, /* for what this program cannot ask of drivers that hang there */
    LIMIT_SECONDS = 60,
};

struct platform {
    char name[128], version[64];
    uint32_t quirks;
};

/* Asks for the platform's device and its names. False if there is none. */
static bool open_platform(cl_uint number, struct platform *out, cl_device_id *device) {
    cl_platform_id ids[MAX_PLATFORMS];
    cl_uint count = 0;

    memset(out, 0, sizeof *out);
    if (clGetPlatformIDs(MAX_PLATFORMS, ids, &count) != CL_SUCCESS || number >= count ||
        number >= MAX_PLATFORMS ||
        clGetDeviceIDs(ids[number], CL_DEVICE_TYPE_ALL, 1, device, NULL) != CL_SUCCESS)
        return false;
    clGetPlatformInfo(ids[number], CL_PLATFORM_NAME, sizeof out->name, out->name, NULL);
    clGetDeviceInfo(*device, CL_DRIVER_VERSION, sizeof out->version, out->version, NULL);
    out->quirks = quirks_of(out->name, out->version);
    return true;
}

static enum quirk quirk_named(const char *name) {
    int i = 0;
    while (i < QUIRKS && strcmp(quirk_rows[i].name, name) != 0)
        i++;
    return (enum quirk)i;
}

static unsigned limit_of(const struct probe *probe, bool expected) {
    if (probe->if_it_hangs == VERDICT_UNKNOWN && !expected)
        return UNKNOWN_SECONDS;
    return probe->if_it_hangs == VERDICT_HOLDS && expected ? HANG_SECONDS : LIMIT_SECONDS;
}

/* In a child: no driver was loaded before. */
static enum verdict try_probe(const struct probe *probe, cl_uint number) {
    struct platform platform;
    struct probed on = {0};
    cl_int r;

    if (!open_platform(number, &platform, &on.device))
        return VERDICT_UNKNOWN;
    on.expected = (platform.quirks & 1u << quirk_named(probe->name)) != 0;
    alarm(limit_of(probe, on.expected));
    on.context = clCreateContext(NULL, 1, &on.device, NULL, NULL, &r);
    if (r == CL_SUCCESS)
        on.queue = clCreateCommandQueue(on.context, on.device, 0, &r);
    return r == CL_SUCCESS ? probe->run(&on) : VERDICT_UNKNOWN;
}

static pid_t start_probe(const struct probe *probe, cl_uint number) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int verdict = try_probe(probe, number);
    fflush(stdout);
    _exit(verdict); /* not through the drivers' destructors */
}

/* 0: the probe itself is at fault. */
static enum verdict verdict_of(const struct probe *probe, int status) {
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? probe->if_it_hangs : probe->if_it_crashes;
    int code = WEXITSTATUS(status);
    return code >= VERDICT_GONE && code <= VERDICT_UNKNOWN ? (enum verdict)code : 0;
}

/* True if the table is right. */
static bool judge(const struct probe *probe, const struct platform *platform, int status) {
    enum verdict verdict = verdict_of(probe, status);
    bool expected = (platform->quirks & 1u << quirk_named(probe->name)) != 0;
    bool holds = verdict == VERDICT_HOLDS, right = verdict != 0 && holds == expected;

    if (verdict == VERDICT_UNKNOWN)
        printf("SKIP %s.%s: this driver lacks what the probe needs\n", platform->name, probe->name);
    else if (right)
        printf("PASS %s.%s: %s %s it\n", platform->name, probe->name, platform->version,
               holds ? "has" : "does not have");
    else
        printf("FAIL %s.%s: the table says that %s %s it, the probe ended with wait status %#x\n",
               platform->name, probe->name, platform->version, expected ? "has" : "does not have",
               (unsigned)status);
    return right || verdict == VERDICT_UNKNOWN;
}

/* One platform, whose names a child has found. */
static bool check_platform(cl_uint number, const struct platform *platform) {
    pid_t pids[QUIRKS];
    int status, count = 0;
    bool good = true;

    for (const struct probe *p = probes; p->name; p++)
        pids[count++] = start_probe(p, number);
    for (int i = 0; i < count; i++)
        good = pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] &&
               judge(&probes[i], platform, status) && good;
    return good;
}

/* What open_platform finds, asked for in a child, so that no driver is in this process. */
static bool ask_for_platform(cl_uint number, struct platform *out) {
    int fds[2];
    pid_t pid = pipe(fds) == 0 ? fork() : -1;

    if (pid < 0)
        return false;
    if (pid == 0) {
        cl_device_id device;
        bool found = open_platform(number, out, &device);
        _exit(!found || write(fds[1], out, sizeof *out) != sizeof *out);
    }
    close(fds[1]);
    bool found = read(fds[0], out, sizeof *out) == sizeof *out;
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return found;
}

int main(void) {
    struct platform platform;
    int checked = 0;
    bool good = true;

    for (int i = 0; i < QUIRKS; i++) {
        const struct probe *p = probes;
        while (p->name && strcmp(p->name, quirk_rows[i].name) != 0)
            p++;
        if (p->name)
            continue;
        printf("FAIL %s: no probe tries it\n", quirk_rows[i].name);
        good = false;
    }
    for (cl_uint number = 0; good && number < MAX_PLATFORMS; number++) {
        if (!ask_for_platform(number, &platform))
            continue;
        good = check_platform(number, &platform) && good;
        checked++;
    }
    if (good && checked == 0)
        printf("no platform here has a device\n");
    return good ? checked > 0 ? 0 : 77 : 1;
}
