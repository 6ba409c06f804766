// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps one region; its descriptor passes to `to` in any case. */
static int map_region(struct vu_mapped_region *to, const struct vu_memory_region *from, int fd) {
    struct stat st;

    *to = (struct vu_mapped_region){.guest_addr = from->guest_addr,
                                    .size = from->size,
                                    .user_addr = from->user_addr,
                                    .offset = from->mmap_offset,
                                    .fd = fd};
    if (fd < 0 || from->size == 0 || from->guest_addr > UINT64_MAX - from->size ||
        from->user_addr > UINT64_MAX - from->size)
        return EINVAL;
    /* Access beyond the file's end would be a SIGBUS. */
    if (fstat(fd, &st) < 0 || from->mmap_offset > (uint64_t)st.st_size ||
        from->size > (uint64_t)st.st_size - from->mmap_offset)
        return EINVAL;
    void *ptr = mmap(NULL, from->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
                     (off_t)from->mmap_offset);
    if (ptr == MAP_FAILED)
        return errno;
    to->ptr = ptr;
    return 0;
}

struct vu_memory *vu_memory_create(struct vu_message *m) {
    const struct vu_memory_table *table = &m->payload.memory;
    struct vu_memory *memory;

    if (table->count > VU_MAX_REGIONS || table->count != m->fd_count ||
        m->header.size <
            offsetof(struct vu_memory_table, regions) + table->count * sizeof table->regions[0]) {
        errno = EINVAL;
        return NULL;
    }
    memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    memory->refs = 1;
    for (unsigned i = 0; i < table->count; i++) {
        int r = map_region(&memory->regions[i], &table->regions[i], m->fds[i]);
        m->fds[i] = -1;
        memory->count++;
        if (r != 0) {
            vu_memory_unref(memory);
            errno = r;
            return NULL;
        }
    }
    return memory;
}

struct vu_memory *vu_memory_ref(struct vu_memory *memory) {
    memory->refs++;
    return memory;
}

void vu_memory_unref(struct vu_memory *memory) {
    if (!memory || --memory->refs > 0)
        return;
    for (unsigned i = 0; i < memory->count; i++) {
        if (memory->regions[i].ptr)
            munmap(memory->regions[i].ptr, memory->regions[i].size);
        if (memory->regions[i].fd >= 0)
            close(memory->regions[i].fd);
    }
    free(memory);
}

int vu_memory_find(const struct vu_memory *memory, uint64_t guest_addr, uint64_t size) {
    for (unsigned i = 0; memory && i < memory->count; i++) {
        const struct vu_mapped_region *r = &memory->regions[i];
        if (guest_addr >= r->guest_addr && guest_addr - r->guest_addr < r->size)
            return size <= r->size - (guest_addr - r->guest_addr) ? (int)i : -1;
    }
    return -1;
}

void *vu_memory_guest(const struct vu_memory *memory, uint64_t guest_addr, uint64_t size) {
    int i = vu_memory_find(memory, guest_addr, size);
    return i < 0 ? NULL : memory->regions[i].ptr + (guest_addr - memory->regions[i].guest_addr);
}

void *vu_memory_user(const struct vu_memory *memory, uint64_t user_addr, uint64_t size) {
    for (unsigned i = 0; memory && i < memory->count; i++) {
        const struct vu_mapped_region *r = &memory->regions[i];
        if (user_addr >= r->user_addr && user_addr - r->user_addr < r->size &&
            size <= r->size - (user_addr - r->user_addr))
            return r->ptr + (user_addr - r->user_addr);
    }
    return NULL;
}
