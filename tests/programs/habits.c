// SPDX-License-Identifier: MIT
/*
 * What programs do with their process beside OpenCL, for tests/fault/habits.sh; knows nothing of Trillium.
 *
 * - habits forks N: forks N children beside threads that are busy in OpenCL; each child releases what it has;
 *   prints "hung H of N"
 * - habits closes-low: closes descriptors 3 to 255, as programs do before they start others, and goes on
 * - habits closes-all: closes all from 3 on, and puts sockets of its own where sockets were; prints what a call
 *   returns, and "received" if something came out of the other ends
 * - habits uses-up: has all descriptors in use that it may have, and makes buffers; prints "made N of 20"
 *
 * Exit status 0 if all went well, 3 with "error FUNCTION CODE" when an OpenCL call fails.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <CL/cl.h>

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;

static void must(cl_int e, const char *function) {
    if (e == CL_SUCCESS)
        return;
    printf("error %s %d\n", function, e);
    fflush(stdout);
    exit(3);
}

static void open_first_device(void) {
    cl_platform_id platform;
    cl_int e;

    must(clGetPlatformIDs(1, &platform, NULL), "clGetPlatformIDs");
    must(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "clGetDeviceIDs");
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &e);
    must(e, "clCreateContext");
    queue = clCreateCommandQueueWithProperties(context, device, NULL, &e);
    must(e, "clCreateCommandQueueWithProperties");
}

/* ---- forks ---- */

static atomic_bool stop;

static void *be_busy(void *unused) {
    cl_int e, zero = 0;

    while (!atomic_load(&stop)) {
        cl_command_queue q = clCreateCommandQueueWithProperties(context, device, NULL, &e);
        cl_mem m = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &e);
        cl_event event = NULL;

        clEnqueueFillBuffer(q, m, &zero, 4, 0, 4096, 0, NULL, &event);
        clReleaseMemObject(m);
        clFlush(q);
        clReleaseEvent(event);
        clReleaseCommandQueue(q);
    }
    return unused;
}

/* True if the child ended within 10 s. */
static bool ends(pid_t child) {
    for (int i = 0; i < 2000; i++) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return false;
}

static int forks(int count) {
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    int hung = 0;
    cl_int e;

    open_first_device();
    cl_mem m = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &e);
    must(e, "clCreateBuffer");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, be_busy, NULL);
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            clReleaseMemObject(m);
            clReleaseCommandQueue(queue);
            clReleaseContext(context);
            cl_mem other = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &e);
            _exit(other != NULL);
        }
        hung += !ends(child);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("hung %d of %d\n", hung, count);
    return hung > 0;
}

/* ---- descriptors ---- */

static cl_int work(void) {
    static cl_int got[1 << 20];
    cl_int e, seven = 7;
    size_t size = sizeof got;
    cl_mem m = clCreateBuffer(context, CL_MEM_READ_WRITE, size, NULL, &e);

    if (e == CL_SUCCESS)
        e = clEnqueueFillBuffer(queue, m, &seven, 4, 0, size, 0, NULL, NULL);
    if (e == CL_SUCCESS)
        e = clEnqueueReadBuffer(queue, m, CL_TRUE, 0, size, got, 0, NULL, NULL);
    if (m)
        clReleaseMemObject(m);
    return e != CL_SUCCESS ? e : got[12345] == 7 ? CL_SUCCESS : -9999;
}

static int closes_low(void) {
    open_first_device();
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    must(work(), "work");
    puts("went on");
    return 0;
}

enum { MANY = 64 };

static int closes_all(void) {
    int own[MANY], numbers[MANY], count = 0, received = 0;
    DIR *dir;
    struct dirent *entry;

    open_first_device();
    dir = opendir("/proc/self/fd");
    while (dir && (entry = readdir(dir)) && count < MANY) {
        int fd = atoi(entry->d_name);
        struct stat st;
        if (fd > 2 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            numbers[count++] = fd;
    }
    if (dir)
        closedir(dir);
    for (int fd = 3; fd < 4096; fd++)
        close(fd);
    for (int i = 0; i < count; i++) {
        int ends_of[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_of) < 0)
            return 4;
        if (ends_of[0] != numbers[i]) {
            dup2(ends_of[0], numbers[i]);
            close(ends_of[0]);
        }
        own[i] = ends_of[1];
    }
    for (int round = 0; round < 3; round++)
        printf("work %d\n", work());
    for (int i = 0; i < count; i++) {
        struct pollfd p = {.fd = own[i], .events = POLLIN};
        received += poll(&p, 1, 0) > 0;
    }
    printf("sockets %d\n", count);
    if (received > 0)
        puts("received");
    return 0;
}

/* ---- all descriptors ---- */

static int uses_up(void) {
    const struct rlimit limit = {256, 256};
    int made = 0;

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 2;
    open_first_device();
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
    for (cl_int i = 0; i < 20; i++) {
        cl_int e, got = -1;
        cl_mem m = clCreateBuffer(context, CL_MEM_READ_WRITE, (size_t)(300 + 40 * i) << 10, NULL, &e);
        made += e == CL_SUCCESS &&
                clEnqueueFillBuffer(queue, m, &i, sizeof i, 0, 4096, 0, NULL, NULL) == CL_SUCCESS &&
                clEnqueueReadBuffer(queue, m, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL) == CL_SUCCESS &&
                got == i;
    }
    printf("made %d of 20\n", made);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "forks") == 0 && argc > 2)
        return forks(atoi(argv[2]));
    if (strcmp(what, "closes-low") == 0)
        return closes_low();
    if (strcmp(what, "uses-up") == 0)
        return uses_up();
    if (strcmp(what, "closes-all") == 0)
        return closes_all();
    fprintf(stderr, "usage: habits forks N | closes-low | closes-all | uses-up\n");
    return 2;
}
