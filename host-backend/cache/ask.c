// SPDX-License-Identifier: MIT
#include "host-backend/cache/ask.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "host-backend/cache/packet.h"

struct store_asker {
    pthread_mutex_t lock; /* guards the socket: an answer belongs to the question before it */
    int fd;               /* -1: nobody to ask */
};

struct store_asker *store_asker_new(int fd) {
    struct store_asker *a = malloc(sizeof *a);
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    a->fd = fd;
    return a;
}

void store_asker_free(struct store_asker *a) {
    if (!a)
        return;
    if (a->fd >= 0)
        close(a->fd);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* *contents: a descriptor to send, -1: none; on return the one that came. */
static bool ask(struct store_asker *a, const struct store_question *q, struct store_answer *answer,
                int *contents) {
    int with = *contents;
    bool good = false;

    *contents = -1;
    pthread_mutex_lock(&a->lock);
    if (a->fd >= 0)
        good = packet_send(a->fd, q, sizeof *q, with, 0) == 0 &&
               packet_receive(a->fd, answer, sizeof *answer, contents, 0) == (ssize_t)sizeof *answer;
    if (a->fd >= 0 && !good) { /* the broker is gone, or has had enough: it is not asked again */
        close(a->fd);
        a->fd = -1;
    }
    pthread_mutex_unlock(&a->lock);
    return good && answer->result == STORE_OK;
}

bool store_get(struct store_asker *a, const struct cache_digest *key, void **data, size_t *size) {
    const struct store_question q = {.what = STORE_GET, .digest = *key};
    struct store_answer answer = {0};
    int contents = -1;

    bool good = ask(a, &q, &answer, &contents) && answer.size <= STORE_MAX_SIZE &&
                packet_contents_read(contents, answer.size, data) == 0;
    if (good)
        *size = answer.size;
    if (contents >= 0)
        close(contents);
    return good;
}

bool store_put(struct store_asker *a, const struct cache_digest *key, const void *data, size_t size) {
    const struct store_question q = {.what = STORE_PUT, .size = size, .digest = *key};
    struct store_answer answer = {0};
    int fd = size <= STORE_MAX_SIZE ? packet_contents_new(data, size) : -1, contents = fd;

    if (fd < 0)
        return false;
    bool good = ask(a, &q, &answer, &contents);
    if (contents >= 0)
        close(contents);
    close(fd);
    return good;
}

bool store_mac(struct store_asker *a, const struct cache_digest *digest, struct cache_digest *mac) {
    const struct store_question q = {.what = STORE_MAC, .digest = *digest};
    struct store_answer answer = {0};
    int contents = -1;

    bool good = ask(a, &q, &answer, &contents);
    if (contents >= 0)
        close(contents);
    if (good)
        *mac = answer.mac;
    return good;
}
