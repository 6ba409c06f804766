// SPDX-License-Identifier: MIT
/* The list of groups. */
#include "groups.h"

#define GROUPS(X)                                                                                            \
    X(platforms)                                                                                             \
    X(infos)                                                                                                 \
    X(queues)                                                                                                \
    X(buffers)                                                                                               \
    X(transfers)                                                                                             \
    X(maps)                                                                                                  \
    X(programs)                                                                                              \
    X(program_builds)                                                                                        \
    X(program_binaries)                                                                                      \
    X(includes)                                                                                              \
    X(linking)                                                                                               \
    X(kernels)                                                                                               \
    X(ndrange)                                                                                               \
    X(events)                                                                                                \
    X(event_callbacks)                                                                                       \
    X(overlap)                                                                                               \
    X(images)                                                                                                \
    X(image_kernels)                                                                                         \
    X(image_errors)                                                                                          \
    X(svm)                                                                                                   \
    X(devices)                                                                                               \
    X(process)                                                                                               \
    X(many)                                                                                                  \
    X(command_buffers)                                                                                       \
    X(command_buffer_replays)                                                                                \
    X(command_buffer_runs)                                                                                   \
    X(command_buffer_signatures)                                                                             \
    X(command_buffer_updates)                                                                                \
    X(native_kernels)                                                                                        \
    X(memory_habits)                                                                                         \
    X(more_habits)                                                                                           \
    X(lasting)                                                                                               \
    X(late_memory)                                                                                           \
    X(limits)                                                                                                \
    X(children)

#define DECLARE(name) extern const struct test_group group_##name;
#define LIST(name) &group_##name,

GROUPS(DECLARE)

const struct test_group *const all_groups[] = {GROUPS(LIST) NULL};
