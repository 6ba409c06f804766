// SPDX-License-Identifier: MIT
/*
 * The profiler's trace files: DIR/<pid>.trace, written by each worker (host-backend/worker/trace.c), read by
 * trace_read for reports.
 *
 * A file is a struct trace_header and then entries of any type in the order in which they became known. All
 * times are nanoseconds of the host's CLOCK_MONOTONIC (a guest sends its stamps on that clock already); 0:
 * not known. Little-endian, as the machine that wrote it.
 */
#ifndef HOST_BACKEND_PROFILE_TRACE_H
#define HOST_BACKEND_PROFILE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host-backend/board/board.h"

#define TRACE_MAGIC "TRLTRACE"
#define TRACE_FILE_VERSION 3u

struct trace_header {
    char magic[8];
    uint32_t version;
    uint32_t pid; /* of the worker */
};

enum trace_type {
    TRACE_COMMAND = 1,   /* struct trace_command: a traced command has ended */
    TRACE_PUBLISHED = 2, /* struct trace_stamp: its end was written where the guest reads it */
    TRACE_WOKEN = 3,     /* struct trace_stamp: the guest thread that waited for it runs again */
    TRACE_LOST = 4,      /* struct trace_stamp: `time` entries found no room (TRACE_ROOM) and are missing */
    TRACE_CLOCK =
        5, /* struct trace_stamp: stamps of a device's driver are off by at most `time` nanoseconds */
    TRACE_WINDOW =
        6, /* struct trace_stamp: at `time` commands were traced again, after a pause (worker/sample.h): those after `id` / 2;
                         it is odd where none was under way then that is not here */
    TRACE_TOTAL = 7, /* struct trace_total: how many there were in all, where there were pauses */
};

enum trace_what {
    TRACE_KERNEL = 1,
    TRACE_TRANSFER = 2, /* any other command of a queue */
    TRACE_FINISH = 3,
    TRACE_BUILD = 4,
};

/* Bytes that one worker writes at most. */
#define TRACE_ROOM ((uint64_t)64 << 20)

struct trace_command {
    uint32_t type;     /* TRACE_COMMAND */
    uint32_t size;     /* bytes of this entry */
    uint64_t sequence; /* numbers the worker's commands from 1; TRACE_PUBLISHED refers to it */
    uint64_t token;    /* the guest's name for it, which TRACE_WOKEN refers to; 0: none */
    uint32_t what;     /* enum trace_what */
    uint32_t queue;    /* the guest's id of the queue */
    uint32_t work_dim; /* kernels: 1 to 3 */
    int32_t result;    /* OpenCL error code of the command */
    uint64_t global[3];
    uint64_t local[3]; /* 0: left to the driver */
    uint64_t bytes;    /* transfers */
    /* in the guest */
    uint64_t call;  /* the application called */
    uint64_t write; /* the command was written into the FIFO */
    /* in the worker */
    uint64_t awake;     /* when the worker that read it last awoke from sleep, 0: it has not slept yet */
    uint64_t picked_up; /* read from the FIFO */
    uint64_t decoded;   /* checked and looked up; what policy makes it wait for begins */
    uint64_t begun;     /* the driver's enqueue call began */
    uint64_t enqueued;  /* the driver's enqueue call has returned; builds: the driver's build began */
    uint64_t ended;     /* the worker knew that it had ended */
    /* in the driver: CL_PROFILING_COMMAND_*, moved to the host's clock */
    uint64_t submit, start, end;
    /* builds: durations */
    uint64_t compile, validate, translate, driver;
    uint64_t cached; /* 1: the binary came from the cache of built programs */
    char name[64];   /* kernel, command, or kind of build; NUL-terminated */
};

struct trace_stamp {
    uint32_t type; /* TRACE_PUBLISHED or TRACE_WOKEN */
    uint32_t size;
    uint64_t id; /* TRACE_PUBLISHED: sequence; TRACE_WOKEN: token */
    uint64_t time;
};

#define TRACE_WINDOW_AFTER(id) ((id) / 2)
#define TRACE_WINDOW_IDLE(id) ((id) % 2 != 0)

/* Names that are counted; of more nothing is known. */
#define TRACE_NAMES 1024u

/* Commands of queues: of the kernel of this name, of which only the beginning is there where it is long; of those that are not counted
 * each for itself (TRACE_OTHERS); or, with no name, all of them. */
struct trace_total {
    uint32_t type;
    uint32_t size;
    uint64_t count;
    char name[64];
};

/* Characters by which kernels are counted. */
enum { TRACE_NAME_COUNTED = BOARD_KERNEL_NAME - 1 };
#define TRACE_OTHERS BOARD_OTHERS

/* A traced command with all that was learnt of it. */
struct trace_item {
    struct trace_command command;
    uint64_t published, woken;
    uint32_t pid;
};

/* Nothing is known of what a worker did between the two times. */
struct trace_gap {
    uint32_t pid;
    uint64_t begin, end;
};

/* A profile: all commands that were traced, in order of their calls. */
struct trace_set {
    struct trace_item *items;
    size_t count;
    struct trace_gap *gaps; /* where tracing paused: only a sample was traced; */
    size_t gap_count;
    struct trace_total *totals; /* and this many commands there were in all, each name once */
    size_t total_count;
    uint64_t lost; /* entries that found no room */
    uint64_t
        driver_error; /* stamps of the driver are off by at most so many nanoseconds; UINT64_MAX: nobody knows */
};

/* Makes what a worker, or anybody, wrote fit to be shown: no more than three dimensions, a known kind, a name that ends and is
 * printable ASCII: terminals obey other characters. */
void trace_tidy(struct trace_command *c);
void trace_tidy_name(char *name, size_t size);

/* How many commands of this kernel there were, or of all queues (""); 0: nobody knows, for only all were counted. */
uint64_t trace_total(const struct trace_set *set, const char *name);

/* Reads all *.trace files in `dir`. 0, or -1 with a sentence in `why`. A file that is cut short (its worker
 * died) counts as far as it goes. */
int trace_read(const char *dir, struct trace_set *set, char *why, size_t why_size);
void trace_free(struct trace_set *set);

/* How far the guest's stamps may be off the host's, nanoseconds, as the stamps themselves show: nothing is read before it was
 * written, nor published after somebody woke up of it, and the shortest ways there and back leave so much room. UINT64_MAX: no
 * command went both ways. */
uint64_t trace_guest_error(const struct trace_set *set);

#endif
