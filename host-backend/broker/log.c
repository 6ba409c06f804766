// SPDX-License-Identifier: MIT
#include "host-backend/broker/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host-backend/broker/clock.h"
#include "host-backend/util/service.h"

/* A line costs so many of a topic's milliseconds of credit. */
static int64_t line_ms(enum log_topic topic) {
    return 1000 / LOG_PER_SECOND / (topic == LOG_WORDS ? 10 : 1);
}

static const enum service_priority priorities[LOG_TOPICS] = {
    [LOG_DAEMON] = SERVICE_NOTICE,    [LOG_WORKERS] = SERVICE_WARNING, [LOG_GUESTS] = SERVICE_INFO,
    [LOG_REFUSALS] = SERVICE_WARNING, [LOG_LIMITS] = SERVICE_NOTICE,   [LOG_REMOTE] = SERVICE_WARNING,
    [LOG_WORDS] = SERVICE_NOTICE};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards topics */
static struct {
    int64_t paid_until_ms;
    unsigned long left_out;
} topics[LOG_TOPICS];

/* May a line of this topic be said now? *left_out: how many before it were not. */
static bool may_say(enum log_topic topic, unsigned long *left_out) {
    int64_t now = clock_now_ms();
    bool may = true;

    *left_out = 0;
    if (topic == LOG_DAEMON)
        return true;
    pthread_mutex_lock(&lock);
    if (topics[topic].paid_until_ms < now)
        topics[topic].paid_until_ms = now;
    may = topics[topic].paid_until_ms - now < (int64_t)LOG_BURST * 1000 / LOG_PER_SECOND;
    if (may) {
        topics[topic].paid_until_ms += line_ms(topic);
        *left_out = topics[topic].left_out;
        topics[topic].left_out = 0;
    } else {
        topics[topic].left_out++;
    }
    pthread_mutex_unlock(&lock);
    return may;
}

void log_say(enum log_topic topic, const char *format, ...) {
    unsigned long left_out;
    char text[512];
    va_list args;

    if (!may_say(topic, &left_out))
        return;
    if (left_out > 0)
        fprintf(stderr, "%strillium: %lu more lines of this kind are left out here\n",
                service_prefix(priorities[topic]), left_out);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "%strillium: %s\n", service_prefix(priorities[topic]), text);
}
