/* Preloaded into redis-server: records the length of each append-only file at its last sync to the disk.
 *
 * SIGKILL can't show a missing fsync, because the kernel keeps what was written. The test kills the server and cuts each file back to
 * the length in FILE.synced. The result is what a power failure would have left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note(int file, off_t length) {
    char link[64], path[4096], text[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - sizeof ".synced");
    if (size < 4) return;
    path[size] = 0;
    if (strcmp(path + size - 4, ".aof") != 0) return;
    strcat(path, ".synced");
    int out = open(path, O_WRONLY | O_CREAT, 0644);
    if (out < 0) return;
    int digits = snprintf(text, sizeof text, "%020lld", (long long)length);
    if (pwrite(out, text, digits, 0) != digits) (void)0;
    close(out);
}

static int synced(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct stat before;
    int known = fstat(file, &before);
    int code = real(file);
    /* Bytes written during the sync may or may not be on the disk. */
    if (code == 0 && known == 0 && S_ISREG(before.st_mode)) note(file, before.st_size);
    return code;
}

int fdatasync(int file) { return synced("fdatasync", file); }
int fsync(int file) { return synced("fsync", file); }
