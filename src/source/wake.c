#include "wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int hark_wake_init(struct hark_wake *wake, struct hark_err *err)
{
    atomic_init(&wake->stopped, false);
    wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake->fd < 0) return hark_err_set(err, HARK_EBUG, "eventfd: %s", strerror(errno));
    return 0;
}

void hark_wake_done(struct hark_wake *wake)
{
    if (wake->fd >= 0) close(wake->fd);
    wake->fd = -1;
}

void hark_wake_stop(struct hark_wake *wake)
{
    int saved = errno;
    atomic_store(&wake->stopped, true);
    uint64_t one = 1;
    // It can only fail where the counter is full, and then it is readable already.
    if (write(wake->fd, &one, sizeof one) < 0) errno = saved;
}

bool hark_wake_wait(struct hark_wake *wake, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = wake->fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int rc;
    do rc = poll(fds, fd < 0 ? 1 : 2, timeout_ms);
    while (rc < 0 && errno == EINTR && !atomic_load(&wake->stopped));
    return !atomic_load(&wake->stopped);
}
