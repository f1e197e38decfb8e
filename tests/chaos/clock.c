/* The time of day that a program under chaos sees: the system's, and as many seconds more
 * or less as the file says that SASH_CLOCK_FILE names. Loaded before the C library
 * (LD_PRELOAD), so that the program itself has nothing for it. What programs wait by
 * (CLOCK_MONOTONIC) has no jumps. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long jump_seconds(void)
{
    char text[32] = "";
    const char *path = getenv("SASH_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    if (read(file, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(file);
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += jump_seconds();
    return result;
}
