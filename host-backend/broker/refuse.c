// SPDX-License-Identifier: MIT
#include "host-backend/broker/refuse.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/link-io.h"
#include "svga-model/regs.h"

/* Only shared memory and huge pages have seals: writing to them waits for nobody. */
static bool is_memory(int fd) {
    return fcntl(fd, F_GET_SEALS) >= 0;
}

static bool put(const struct svga_link_packet *p, uint64_t at, const void *bytes, size_t size) {
    const struct svga_link_piece *piece = &p->pieces[0];
    return pwrite(p->fds[piece->fd], bytes, size, (off_t)(piece->offset + at)) == (ssize_t)size;
}

/* What front/bar.c and device.c do where they map it. */
static bool tell(const struct svga_link_packet *p, const char *why) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE] = "";
    const uint32_t error = SVGA_ERROR_REFUSED;

    if (p->msg.type != SVGA_LINK_GMR_DEFINE || p->msg.id != SVGA_GMR_BAR || p->msg.piece_count == 0 ||
        p->pieces[0].length < SVGA_FIFO_DATA_OFFSET || p->pieces[0].offset > INT64_MAX - SVGA_BAR_SIZE ||
        !is_memory(p->fds[p->pieces[0].fd]))
        return false;
    strncpy(text, why, sizeof text - 1);
    return put(p, SVGA_BAR_ERROR_TEXT, text, sizeof text) &&
           put(p, SVGA_BAR_FIFO + SVGA_FIFO_ERROR * sizeof(uint32_t), &error, sizeof error);
}

/* A VM's front, which names its interrupt before it asks, keeps its memory to itself, and tells the guest. */
static bool tell_front(int session, const struct svga_link_packet *p, const char *why) {
    char text[SVGA_BAR_ERROR_TEXT_SIZE] = "";

    strncpy(text, why, sizeof text - 1);
    return p->msg.type == SVGA_LINK_IRQFD &&
           svga_link_send_text(session, SVGA_LINK_REFUSED, text, strlen(text) + 1) == 0;
}

/* What the peer has said beyond that: a socket that is closed with something unread takes from its peer what that has not read. */
static void hear_out(int session) {
    char byte;

    shutdown(session, SHUT_RD); /* whatever it says from here on gets an EPIPE at its end */
    while (recv(session, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) > 0)
        ;
}

bool refuse_guest(int session, const char *why) {
    static struct svga_link_packet packet; /* the broker's thread's */
    bool told = false;

    fcntl(session, F_SETFL, fcntl(session, F_GETFL) | O_NONBLOCK);
    if (svga_link_recv(session, &packet) > 0) {
        told = tell(&packet, why) || tell_front(session, &packet, why);
        svga_link_close_fds(&packet);
    }
    if (told)
        hear_out(session);
    return told;
}
