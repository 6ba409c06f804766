// SPDX-License-Identifier: MIT
#include "host-backend/util/service.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool journal;

static void look(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
              st.st_dev == device && st.st_ino == inode;
}

const char *service_prefix(enum service_priority priority) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const char *const prefixes[] = {
        [SERVICE_ERROR] = "<3>", [SERVICE_WARNING] = "<4>", [SERVICE_NOTICE] = "<5>", [SERVICE_INFO] = "<6>"};

    pthread_once(&once, look);
    return journal ? prefixes[priority] : "";
}

int service_ready(void) {
    const char *where = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = 0;

    if (!where || (*where != '/' && *where != '@') || strlen(where) >= sizeof address.sun_path)
        return 0;
    memcpy(address.sun_path, where, strlen(where));
    if (*where == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where))) < 0)
        r = -errno;
    close(fd);
    return r;
}
