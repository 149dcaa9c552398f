/* Preloaded into a program: shifts its wall clock by the number of seconds in the file that SHIFTED_CLOCK names. The number may be
 * negative.
 *
 * libfaketime does the same, but it ends a redis-server (jemalloc asks for the time while libfaketime is still allocating memory). It
 * also shifts Swift's ContinuousClock, which setting the clock does not do. This library shifts only the wall clock.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long shift(void) {
    static int file = -2;
    static long long last;
    char text[32] = {0};
    if (file == -2) {
        const char *path = getenv("SHIFTED_CLOCK");
        file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    }
    /* The file is empty while it is being written. Then use the last value. */
    if (file >= 0 && pread(file, text, sizeof text - 1, 0) > 1) last = strtoll(text, NULL, 10);
    return last;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int code = syscall(SYS_clock_gettime, clock, now);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
