// SPDX-License-Identifier: MIT
/*
 * What tests/vm/throwaway.sh runs inside the VM: the virtio-gpu carrier against a real front and worker. Says
 * PASS and FAIL.
 *
 *   vm carrier      regions, fences, a fork
 *   vm killed       dies by SIGKILL in the middle of a session
 *   vm round-trip   measures fences there and back; no test. Also as a process guest (trillium run)
 *   vm delegated GROUP COMMAND...   makes this control group, marks it as delegated, as systemd does, and runs a command in it
 *   vm terminal TRILLIUM   not inside: a program in a VM at a terminal (terminal.h); it runs `vm keys` there
 *   vm lost         kills nothing: waits until its worker is gone, which the script sees to, and says how it
 * learned
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "svga-model/futex.h"
#include "svga-model/guest.h"
#include "tests/vm/terminal.h"
#include "trillium/protocol.h"

static int failures;

static void check(bool good, const char *name) {
    printf("%s %s\n", good ? "PASS" : "FAIL", name);
    failures += !good;
}

static struct svga_guest *open_guest(void) {
    char why[SVGA_WHY_SIZE] = "";
    const char *shm = getenv("TRILLIUM_SHM");
    struct svga_carrier *c =
        shm ? svga_carrier_shm_open(shm, NULL, 0, why) : svga_carrier_virtio_open(NULL, 0, why);
    struct svga_guest *g = c ? svga_guest_open(c, TR_VERSION, 50, why) : NULL;
    if (!g) {
        printf("FAIL open: %s\n", why);
        exit(1);
    }
    return g;
}

static bool fence_passes(struct svga_guest *g) {
    uint32_t fence = svga_guest_fence(g);
    return fence != 0 && svga_guest_wait_fence(g, fence) == 0;
}

/* A region of `size` bytes comes zeroed, holds what is written, and goes. */
static bool region_works(struct svga_guest *g, uint64_t size) {
    struct svga_region r;
    if (svga_guest_region_create(g, size, &r) != 0)
        return false;
    char *last = (char *)r.ptr + size - 1;
    bool good = *(char *)r.ptr == 0 && *last == 0;
    *(char *)r.ptr = 'a';
    *last = 'z';
    good = good && fence_passes(g) && *last == 'z';
    svga_guest_region_destroy(g, &r);
    return good;
}

static bool many_regions(struct svga_guest *g) {
    enum { COUNT = 200 };
    static struct svga_region r[COUNT];
    int made = 0;
    while (made < COUNT && svga_guest_region_create(g, 8192, &r[made]) == 0)
        made++;
    bool good = made == COUNT && fence_passes(g);
    while (made > 0)
        svga_guest_region_destroy(g, &r[--made]);
    return good;
}

static int carrier(void) {
    struct svga_guest *g = open_guest();
    check(svga_guest_reg_read(g, SVGA_REG_DEV_CAP) == TR_VERSION, "register file");
    check(fence_passes(g), "fence");
    check(region_works(g, 4096), "region of a page");
    check(region_works(g, 3 << 20), "region of 3 MiB");
    check(region_works(g, 96 << 20), "region of 96 MiB");
    check(many_regions(g), "200 regions");
    /* Each of these sleeps in the kernel and is woken by an interrupt. */
    g->spin_ns = 0;
    bool good = true;
    for (int i = 0; i < 200; i++)
        good = good && fence_passes(g);
    check(good, "200 fences without spinning");
    fflush(stdout); /* a sanitizer writes out what the child has of it, too */
    pid_t child = fork();
    if (child == 0) {
        svga_guest_detach(g);
        svga_guest_close(g);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    check(fence_passes(g), "session survives a fork");
    struct svga_guest *other = open_guest();
    check(fence_passes(other) && fence_passes(g), "two sessions in one process");
    svga_guest_close(other);
    check(fence_passes(g), "and one is closed");
    svga_guest_close(g);
    return failures != 0;
}

static int killed(void) {
    struct svga_guest *g = open_guest();
    struct svga_region r;
    if (svga_guest_region_create(g, 1 << 20, &r) != 0 || !fence_passes(g))
        return 1;
    raise(SIGKILL);
    return 1;
}

static int lost(void) {
    struct svga_guest *g = open_guest();
    char why[SVGA_WHY_SIZE];
    uint64_t start = svga_now_ns();
    puts("ready");
    fflush(stdout);
    while (fence_passes(g) && svga_now_ns() - start < 60000000000ull)
        usleep(10000);
    svga_guest_error(g, why);
    check(svga_guest_lost(g), "the loss is noticed");
    check(strstr(why, "worker") != NULL, "the reason is told");
    svga_guest_close(g);
    g = open_guest();
    check(fence_passes(g), "the next session works");
    svga_guest_close(g);
    return failures != 0;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pauses of `pause_us` between them, in which the host falls asleep if they are long. */
static void time_fences(struct svga_guest *g, const char *what, unsigned pause_us) {
    enum { COUNT = 1000 };
    static uint64_t ns[COUNT];
    for (int i = 0; i < COUNT; i++) {
        if (pause_us > 0)
            usleep(pause_us);
        uint64_t start = svga_now_ns();
        if (!fence_passes(g))
            exit(1);
        ns[i] = svga_now_ns() - start;
    }
    qsort(ns, COUNT, sizeof *ns, by_value);
    printf("%-44s median %6.2f us, 10 %% below %6.2f, 90 %% below %6.2f\n", what,
           (double)ns[COUNT / 2] * 1e-3, (double)ns[COUNT / 10] * 1e-3, (double)ns[COUNT * 9 / 10] * 1e-3);
}

static int round_trip(void) {
    struct svga_guest *g = open_guest();
    time_fences(g, "guest and host spin", 0);
    time_fences(g, "the host sleeps, the guest spins", 1000);
    g->spin_ns = 0;
    time_fences(g, "the host sleeps, the guest sleeps", 1000);
    svga_guest_close(g);
    return 0;
}

static int delegated(const char *group, char **command) {
    char path[256];

    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    if (mkdir(group, 0755) < 0 || setxattr(group, "trusted.delegate", "1", 1, 0) < 0) {
        perror(group);
        return 1;
    }
    FILE *procs = fopen(path, "we");
    if (!procs || fputs("0", procs) < 0 || fclose(procs) != 0) {
        perror(path);
        return 1;
    }
    execv(command[0], command);
    perror(command[0]);
    return 127;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "carrier") == 0)
        return carrier();
    if (argc == 2 && strcmp(argv[1], "killed") == 0)
        return killed();
    if (argc == 2 && strcmp(argv[1], "round-trip") == 0)
        return round_trip();
    if (argc == 2 && strcmp(argv[1], "lost") == 0)
        return lost();
    if (argc > 3 && strcmp(argv[1], "delegated") == 0)
        return delegated(argv[2], argv + 3);
    if (argc == 3 && strcmp(argv[1], "terminal") == 0)
        return terminal_outside(argv[2], argv[0]);
    if (argc == 2 && strcmp(argv[1], "keys") == 0)
        return terminal_inside();
    return 2;
}
