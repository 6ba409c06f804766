// SPDX-License-Identifier: MIT
/* What doctor says of the walls around workers and the daemon: which stand on this machine, and why one does not. */
#include "host-backend/cell/cell.h"
#include "host-backend/cell/cgroup.h"
#include "host-backend/cell/daemon.h"
#include "host-backend/cli/doctor.h"
#include "svga-model/hand.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void append(char *text, size_t size, const char *more) {
    size_t used = strlen(text), n = strlen(more);
    if (n >= size - used)
        n = size - used - 1;
    memcpy(text + used, more, n);
    text[used + n] = '\0';
}

/* The daemon's own. True if they stand. */
static bool check_daemon(char *standing, size_t size, char *missing, size_t missing_size) {
    bool whole = true;
    char line[256];

    for (int i = 0; i < DAEMON_WALLS; i++) {
        int r = daemon_try((enum daemon_wall)i);
        if (r == 0)
            snprintf(line, sizeof line, " %s", daemon_walls[i].name);
        else
            snprintf(line, sizeof line, "\nnot %s, which keeps %s: %s", daemon_walls[i].name,
                     daemon_walls[i].stops, strerror(-r));
        append(r == 0 ? standing : missing, r == 0 ? size : missing_size, line);
        whole = whole && r == 0;
    }
    return whole;
}

/* Would a daemon that is started from here give each worker a control group? 0, or why not. In a child, which it
 * moves. */
static int try_groups(void) {
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        struct cgroup *g = cgroup_create(NULL);
        _exit(g ? 0 : errno & 0xff);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return EIO;
    return WEXITSTATUS(status);
}

void doctor_check_walls(const struct cli_paths *p, struct doctor_finding *f) {
    const struct cell_config config = {.mode = CELL_MODE_BEST, .worker = p->worker};
    char why[CELL_WHY_SIZE] = "", standing[256] = "", missing[700] = "", line[800], reason[600], own[64] = "";
    const char *mend = NULL;
    struct cell *cell = cell_create(&config, why);

    if (!cell) {
        doctor_set(f, DOCTOR_MISSING, NULL, "%s", why);
        return;
    }
    const struct cell_report *report = cell_report(cell);
    for (int i = 0; i < CELL_WALLS; i++) {
        if (report->error[i] == 0) {
            snprintf(line, sizeof line, " %s", cell_walls[i].name);
            append(standing, sizeof standing, line);
            continue;
        }
        cell_explain((enum cell_wall)i, report->error[i], reason, sizeof reason);
        snprintf(line, sizeof line, "\nnot %s, which keeps a worker from %s: %s", cell_walls[i].name,
                 cell_walls[i].stops, reason);
        append(missing, sizeof missing, line);
        if (!mend)
            mend = cell_walls[i].mend;
    }
    bool whole = (CELL_ALL & ~cell_standing(cell)) == 0;
    whole = check_daemon(own, sizeof own, missing, sizeof missing) && whole;
    int groups = try_groups();
    doctor_set(f, whole ? DOCTOR_OK : DOCTOR_FAIR, mend,
               "around workers stand:%s; around the daemon:%s%s\n%scontrol group for each worker of a daemon "
               "started from here%s%s",
               standing[0] ? standing : " none", own[0] ? own : " none", missing, groups == 0 ? "a " : "no ",
               groups == 0 ? "" : ": ", groups == 0 ? "" : cgroup_why(groups));
    cell_destroy(cell);
}

/* Tried in a child, which it changes for good. */
void doctor_check_hand(const struct cli_paths *p, struct doctor_finding *f) {
    int fds[SVGA_HAND_FDS], status = -1;
    pid_t pid = fork();
    (void)p;

    if (pid == 0)
        _exit(-svga_hand_make(fds) & 0xff);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        doctor_set(f, DOCTOR_OK, NULL, "workers get the pages of their guest's regions, and no descriptor");
    else
        doctor_set(f, DOCTOR_MISSING, NULL,
                   "this kernel cannot keep a VM's memory from its workers, so VMs are not served: it needs "
                   "Linux 5.9 with seccomp's user notification (%s)",
                   WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "the attempt crashed");
}
