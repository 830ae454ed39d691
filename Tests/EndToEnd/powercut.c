// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
//
// Put in front of the C library (LD_PRELOAD), this writes down everything that a process does to the files of one
// folder, and when a sync has covered what, so that powercut.py can build the folder as a power cut at any moment might
// have left it. The kernel is not asked to sync: a sync here takes a random time and is then true by the record.
//
// Several processes may write one record: it begins with its own length, which is moved on only behind a whole entry and
// under a lock that a process loses when it dies. What it has half written then is written over by the next.
//
//     POWERCUT_FOLDER   the folder, as the process names it
//     POWERCUT_TRACE    where to write it down; without it nothing is recorded and syncs are real
//     POWERCUT_DELAY    the longest time a sync takes, in microseconds (2000)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 'c', OPEN = 'o', WRITE = 'w', TRUNCATE = 't', SYNC = 's', SYNC_FOLDER = 'd', RENAME = 'r', UNLINK = 'u',
       MKDIR = 'm', RMDIR = 'x' };

struct record {
    uint32_t magic, kind;
    uint64_t number, time, inode, offset, covers;
    uint32_t path, other, data, pad;
};

#define MOST_DESCRIPTORS 65536
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *folder;
static size_t folder_length;
static int trace = -1;
/// How long the record is: its first octets, shared by all who write it.
static uint64_t *length_of_trace;
static long delay;
static char *names[MOST_DESCRIPTORS];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/// One process at a time; given back by the kernel when it dies.
static void lock_trace(short kind) {
    struct flock whole = {.l_type = kind, .l_whence = SEEK_SET};
    int kept = errno;
    while (trace >= 0 && fcntl(trace, F_SETLKW, &whole))
        if (errno != EINTR) abort();
    errno = kept;
}

static void open_trace(const char *path) {
    trace = REAL(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (trace < 0) abort();
    lock_trace(F_WRLCK);
    uint64_t length = sizeof length;
    struct stat status;
    if (fstat(trace, &status)) abort();
    if (status.st_size < (off_t)sizeof length && REAL(pwrite)(trace, &length, sizeof length, 0) != sizeof length) abort();
    length_of_trace = mmap(NULL, sizeof length, PROT_READ | PROT_WRITE, MAP_SHARED, trace, 0);
    if (length_of_trace == MAP_FAILED) abort();
    lock_trace(F_UNLCK);
}

static void begin(void) {
    folder = getenv("POWERCUT_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
    const char *path = getenv("POWERCUT_TRACE");
    if (path) open_trace(path);
    const char *text = getenv("POWERCUT_DELAY");
    delay = text ? atol(text) : 2000;
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
}

/// The part of a path below the folder; NULL when it is elsewhere.
static const char *below(const char *path) {
    pthread_once(&once, begin);
    if (!folder || !path || strncmp(path, folder, folder_length)) return NULL;
    if (path[folder_length] == 0) return "";
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static const char *name_of(int descriptor) {
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? names[descriptor] : NULL;
}

static uint64_t inode_of(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) ? 0 : status.st_ino;
}

/// Writes octets down behind others; where the next go.
static uint64_t put(uint64_t place, const void *bytes, size_t count) {
    const char *from = bytes;
    while (count) {
        ssize_t done = REAL(pwrite)(trace, from, count, (off_t)place);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort();
        from += done, count -= (size_t)done, place += (uint64_t)done;
    }
    return place;
}

/// Writes a record down; the locks are held. Its number is its place. `inode`, `offset` and `covers` as the kind has them.
static void note(int kind, uint64_t inode, uint64_t offset, uint64_t covers, const char *path, const char *other,
                 const struct iovec *data, int pieces, size_t length) {
    if (trace < 0) return;
    int kept = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record head = {
        .magic = 0x43525750, .kind = (uint32_t)kind, .number = *length_of_trace,
        .time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .inode = inode, .offset = offset, .covers = covers,
        .path = path ? (uint32_t)strlen(path) : 0, .other = other ? (uint32_t)strlen(other) : 0,
        .data = (uint32_t)length,
    };
    uint64_t place = put(*length_of_trace, &head, sizeof head);
    if (path) place = put(place, path, head.path);
    if (other) place = put(place, other, head.other);
    for (int index = 0; index < pieces && length; index++) {
        size_t part = data[index].iov_len < length ? data[index].iov_len : length;
        place = put(place, data[index].iov_base, part);
        length -= part;
    }
    *length_of_trace = place;
    errno = kept;
}

static void lock(void) {
    pthread_mutex_lock(&mutex);
    lock_trace(F_WRLCK);
}

static void unlock(void) {
    lock_trace(F_UNLCK);
    pthread_mutex_unlock(&mutex);
}

// Opening and closing

static int open_noted(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...)) {
    const char *name = below(path);
    if (!name) return real(path, flags, mode);
    lock();
    int is_new = (flags & O_CREAT) && access(path, F_OK) != 0;
    int descriptor = real(path, flags, mode);
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) {
        int kept = errno;
        free(names[descriptor]);
        names[descriptor] = strdup(name);
        if (!(flags & O_DIRECTORY)) {
            uint64_t inode = inode_of(descriptor);
            note(is_new ? CREATE : OPEN, inode, 0, 0, name, NULL, NULL, 0, 0);
            if (!is_new && (flags & O_TRUNC)) note(TRUNCATE, inode, 0, 0, NULL, NULL, NULL, 0, 0);
        }
        errno = kept;
    }
    unlock();
    return descriptor;
}

#define OPEN_LIKE(name)                                      \
    int name(const char *path, int flags, ...) {             \
        va_list list;                                        \
        va_start(list, flags);                               \
        mode_t mode = va_arg(list, mode_t);                  \
        va_end(list);                                        \
        return open_noted(path, flags, mode, REAL(name));    \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

int close(int descriptor) {
    if (name_of(descriptor)) {
        lock();
        free(names[descriptor]);
        names[descriptor] = NULL;
        unlock();
    }
    return REAL(close)(descriptor);
}

// Writing

static ssize_t noted(int descriptor, const struct iovec *data, int pieces, off_t offset, ssize_t done) {
    if (done > 0) note(WRITE, inode_of(descriptor), (uint64_t)offset, 0, NULL, NULL, data, pieces, (size_t)done);
    return done;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (!name_of(descriptor)) return REAL(write)(descriptor, bytes, count);
    lock();
    struct stat status;
    int appends = fcntl(descriptor, F_GETFL) & O_APPEND;
    off_t offset = appends && !fstat(descriptor, &status) ? status.st_size : lseek(descriptor, 0, SEEK_CUR);
    struct iovec piece = {(void *)bytes, count};
    ssize_t done = noted(descriptor, &piece, 1, offset, REAL(write)(descriptor, bytes, count));
    unlock();
    return done;
}

static ssize_t write_at(int descriptor, const struct iovec *data, int pieces, off_t offset) {
    lock();
    ssize_t done = noted(descriptor, data, pieces, offset, REAL(pwritev)(descriptor, data, pieces, offset));
    unlock();
    return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (!name_of(descriptor)) return REAL(pwrite)(descriptor, bytes, count, offset);
    struct iovec piece = {(void *)bytes, count};
    return write_at(descriptor, &piece, 1, offset);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *data, int pieces, off_t offset) {
    if (!name_of(descriptor)) return REAL(pwritev)(descriptor, data, pieces, offset);
    return write_at(descriptor, data, pieces, offset);
}
ssize_t pwritev64(int descriptor, const struct iovec *data, int pieces, off_t offset) {
    return pwritev(descriptor, data, pieces, offset);
}

ssize_t writev(int descriptor, const struct iovec *data, int pieces) {
    if (!name_of(descriptor)) return REAL(writev)(descriptor, data, pieces);
    lock();
    off_t offset = lseek(descriptor, 0, SEEK_CUR);
    ssize_t done = noted(descriptor, data, pieces, offset, REAL(writev)(descriptor, data, pieces));
    unlock();
    return done;
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t count, unsigned flags) {
    if (name_of(to)) {
        // Not seen by this record: the caller has to write instead, as on a file system that cannot do it.
        errno = EXDEV;
        return -1;
    }
    return REAL(copy_file_range)(from, from_offset, to, to_offset, count, flags);
}

int ftruncate(int descriptor, off_t length) {
    if (!name_of(descriptor)) return REAL(ftruncate)(descriptor, length);
    lock();
    int result = REAL(ftruncate)(descriptor, length);
    if (!result) note(TRUNCATE, inode_of(descriptor), (uint64_t)length, 0, NULL, NULL, NULL, 0, 0);
    unlock();
    return result;
}
int ftruncate64(int descriptor, off_t length) { return ftruncate(descriptor, length); }

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    if (!name_of(descriptor)) return REAL(fallocate)(descriptor, mode, offset, length);
    errno = EOPNOTSUPP;
    return -1;
}

// Syncing: what was written before it began is safe once it has ended.

static int sync_noted(int descriptor, int (*real)(int)) {
    if (!name_of(descriptor)) return real(descriptor);
    lock();
    uint64_t covers = trace < 0 ? 0 : *length_of_trace;
    useconds_t pause = delay > 0 ? (useconds_t)(random() % delay) : 0;
    unlock();
    usleep(pause);
    if (trace < 0) return real(descriptor);
    lock();
    struct stat status;
    int is_folder = !fstat(descriptor, &status) && S_ISDIR(status.st_mode);
    note(is_folder ? SYNC_FOLDER : SYNC, status.st_ino, 0, covers, names[descriptor], NULL, NULL, 0, 0);
    unlock();
    return 0;
}

int fsync(int descriptor) { return sync_noted(descriptor, REAL(fsync)); }
int fdatasync(int descriptor) { return sync_noted(descriptor, REAL(fdatasync)); }

// Names

int rename(const char *from, const char *to) {
    const char *old = below(from), *new = below(to);
    if (!old || !new) return REAL(rename)(from, to);
    lock();
    struct stat status;
    uint64_t inode = stat(from, &status) ? 0 : status.st_ino;
    int result = REAL(rename)(from, to);
    if (!result) note(RENAME, inode, 0, 0, old, new, NULL, 0, 0);
    unlock();
    return result;
}

#define NAME_LIKE(name, kind)                                              \
    int name(const char *path) {                                           \
        const char *part = below(path);                                    \
        if (!part) return REAL(name)(path);                                \
        lock();                                                            \
        int result = REAL(name)(path);                                     \
        if (!result) note(kind, 0, 0, 0, part, NULL, NULL, 0, 0);          \
        unlock();                                                          \
        return result;                                                     \
    }
NAME_LIKE(unlink, UNLINK)
NAME_LIKE(rmdir, RMDIR)

int mkdir(const char *path, mode_t mode) {
    const char *part = below(path);
    if (!part) return REAL(mkdir)(path, mode);
    lock();
    int result = REAL(mkdir)(path, mode);
    if (!result) note(MKDIR, 0, 0, 0, part, NULL, NULL, 0, 0);
    unlock();
    return result;
}
