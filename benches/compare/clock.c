/* clock USER PARALLEL FIRST COUNT INPUT PROGRAM ARGUMENTS...: runs a program COUNT times, PARALLEL at once, and says of each
 * run on a line of its own: microseconds from start to end, microseconds of processor time, peak memory in KiB, exit code.
 *
 * INPUT is the file that each run gets on standard input; if it ends with "/", the number of the run, from FIRST on,
 * stands behind it. USER is a number, or "-" for the caller. Small and static, for a process inherits the peak memory of
 * the one that started it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct run {
    pid_t process;
    long long began;
};

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void fail(const char *what) {
    fprintf(stderr, "clock: %s: %s\n", what, strerror(errno));
    exit(111);
}

static void become(const char *user) {
    uid_t id = (uid_t)atoi(user);
    if (setgroups(0, NULL) < 0 || setgid(id) < 0 || setuid(id) < 0)
        _exit(111);
}

static void start(struct run *run, const char *user, const char *input, long number, char **command) {
    char name[4096];
    int file, nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    snprintf(name, sizeof name, input[strlen(input) - 1] == '/' ? "%s%ld" : "%s", input, number);
    file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0 || nowhere < 0)
        fail(name);
    run->began = now();
    run->process = vfork();
    if (run->process < 0)
        fail("vfork");
    if (run->process == 0) {
        dup2(file, 0);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        if (*user != '-')
            become(user);
        execv(command[0], command);
        _exit(111);
    }
    close(file);
    close(nowhere);
}

static void finish(struct run *runs, long parallel) {
    struct rusage usage;
    int status;
    pid_t process = wait4(-1, &status, 0, &usage);
    long long end = now();
    if (process < 0)
        fail("wait4");
    for (long at = 0; at < parallel; at++)
        if (runs[at].process == process) {
            long long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
            printf("%lld %lld %ld %d\n", end - runs[at].began, cpu, usage.ru_maxrss, code);
            runs[at].process = 0;
        }
}

int main(int count, char **arguments) {
    if (count < 7)
        return 64;
    long parallel = atol(arguments[2]), first = atol(arguments[3]), last = first + atol(arguments[4]);
    struct run *runs = calloc((size_t)parallel, sizeof *runs);
    long running = 0;
    if (!runs)
        fail("memory");
    for (long number = first; number < last || running > 0;) {
        if (number < last && running < parallel) {
            long at = 0;
            while (runs[at].process)
                at++;
            start(&runs[at], arguments[1], arguments[5], number, arguments + 6);
            number++;
            running++;
        } else {
            finish(runs, parallel);
            running--;
        }
    }
    return 0;
}
