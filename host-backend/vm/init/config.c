// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file /config, with a NUL behind it. */
static char *read_config(size_t *size) {
    struct stat st;
    int fd = open("/config", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        die("the initramfs has no /config");
    char *text = calloc(1, (size_t)st.st_size + 1);
    for (*size = 0; text && *size < (size_t)st.st_size;) {
        ssize_t n = read(fd, text + *size, (size_t)st.st_size - *size);
        if (n <= 0)
            die("/config of the initramfs cannot be read");
        *size += (size_t)n;
    }
    close(fd);
    if (!text)
        die("out of memory");
    return text;
}

/* The value, if `line` is "key=value", else NULL. */
static char *value_of(char *line, const char *key) {
    size_t n = strlen(key);
    return strncmp(line, key, n) == 0 && line[n] == '=' ? line + n + 1 : NULL;
}

void config_read(struct config *c) {
    size_t size, lines = 0, args = 0, envs = 0;
    char *text = read_config(&size), *value;

    c->text = text;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\0';
    c->args = calloc(lines + 1, sizeof *c->args);
    c->env = calloc(lines + 1, sizeof *c->env);
    c->groups = calloc(lines + 1, sizeof *c->groups);
    if (!c->args || !c->env || !c->groups)
        die("out of memory");
    for (char *line = text; line < text + size; line += strlen(line) + 1) {
        if ((value = value_of(line, "arg")))
            c->args[args++] = value;
        else if ((value = value_of(line, "env")))
            c->env[envs++] = value;
        else if ((value = value_of(line, "group")))
            c->groups[c->group_count++] = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(line, "uid")))
            c->uid = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(line, "gid")))
            c->gid = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(line, "cwd")))
            c->cwd = value;
        else if ((value = value_of(line, "hostname")))
            c->hostname = value;
        else if ((value = value_of(line, "icd")))
            c->icd = value;
        else if ((value = value_of(line, "probe")))
            c->probe = strtol(value, NULL, 16);
        else if ((value = value_of(line, "terminal")))
            c->terminal = sscanf(value, "%hu %hu", &c->rows, &c->columns) == 2;
        else if (value_of(line, "uml"))
            c->uml = true;
        else if (value_of(line, "terminal-errors"))
            c->terminal_errors = true;
        else if (value_of(line, "verbose"))
            c->verbose = true;
    }
}
