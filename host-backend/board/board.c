// SPDX-License-Identifier: MIT
#include "host-backend/board/board.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "svga-model/futex.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

static void open_accounts(struct board *b) {
    atomic_store(&b->memory_limit, BOARD_UNLIMITED);
    for (int i = 0; i < BOARD_ACCOUNTS; i++)
        atomic_store(&b->left[i], BOARD_UNLIMITED);
    atomic_store(&b->build_seconds, 0);
    atomic_store(&b->build_mib, 0);
}

int board_make(void) {
    int fd = memfd_create("trillium-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    struct board *b = NULL;
    if (ftruncate(fd, sizeof *b) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
        b = board_map(fd);
    if (!b) {
        int error = errno;
        close(fd);
        return -error;
    }
    open_accounts(b);
    board_unmap(b);
    return fd;
}

struct board *board_map(int fd) {
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size != sizeof(struct board)) {
        errno = EBADMSG;
        return NULL;
    }
    void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

void board_unmap(struct board *b) {
    if (b)
        munmap(b, sizeof *b);
}

void board_signal(struct board *b) {
    atomic_fetch_add(&b->signal, 1);
    svga_futex_wake(&b->signal, INT_MAX);
}

void board_open_all(struct board *b) {
    open_accounts(b);
    for (int i = 0; i < BOARD_DEVICES; i++)
        atomic_store(&b->devices[i].gate, 0);
    atomic_store(&b->answered, atomic_load(&b->requested));
    board_signal(b);
}

bool board_take(_Atomic uint64_t *account, uint64_t amount) {
    uint64_t left = atomic_load(account);

    do {
        if (left < amount)
            return false;
    } while (!atomic_compare_exchange_weak(account, &left, left - amount));
    return true;
}

uint64_t board_ticks_to_ns(uint64_t ticks) {
    static uint64_t first_ticks, first_ns;
    uint64_t now_ticks = board_ticks(), now_ns = svga_now_ns();

    if (first_ns == 0) {
        const struct timespec moment = {.tv_nsec = 2000000}; /* a first figure, which gets better with time */
        first_ticks = now_ticks;
        first_ns = now_ns;
        nanosleep(&moment, NULL);
        now_ticks = board_ticks();
        now_ns = svga_now_ns();
    }
    if (now_ticks <= first_ticks || now_ns <= first_ns)
        return ticks;
    return (uint64_t)((double)ticks * (double)(now_ns - first_ns) / (double)(now_ticks - first_ticks));
}
