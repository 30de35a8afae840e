/*
 * Steps the wall clock of one process: loaded with LD_PRELOAD, it adds the whole seconds in the file
 * CLOCK_FILE. libfaketime cannot do it for redis-server, whose allocator reads the time before
 * libfaketime is ready. Other clocks, which time-outs follow, do not change.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long read_step_seconds(void) {
  const char *file = getenv("CLOCK_FILE");
  int fd = file == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, file, O_RDONLY, 0);
  if (fd < 0) return 0;
  char text[32] = {0};
  syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  int result = syscall(SYS_clock_gettime, clock, at);
  if (result == 0 && clock == CLOCK_REALTIME) at->tv_sec += read_step_seconds();
  return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at != NULL) *at = now.tv_sec;
  return now.tv_sec;
}
