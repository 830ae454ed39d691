// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_instruction(uint32_t crc, const uint8_t *p, size_t n) {
    uint64_t c = crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        c = _mm_crc32_u64(c, word);
    }
    uint32_t c32 = (uint32_t)c;
    for (; n > 0; p++, n--) c32 = _mm_crc32_u8(c32, *p);
    return c32;
}
static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc32c_instruction(uint32_t crc, const uint8_t *p, size_t n) {
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = __crc32cd(crc, word);
    }
    for (; n > 0; p++, n--) crc = __crc32cb(crc, *p);
    return crc;
}
static int has_instruction(void) { return 1; }
#else
static uint32_t crc32c_instruction(uint32_t crc, const uint8_t *p, size_t n) { return crc; }
static int has_instruction(void) { return 0; }
#endif

static uint32_t crc32c_bitwise(uint32_t crc, const uint8_t *p, size_t n) {
    for (; n > 0; p++, n--) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1u)));
    }
    return crc;
}

uint32_t CLinux_crc32c(uint32_t crc, const void *bytes, size_t count) {
    uint32_t inverted = ~crc;
    return ~(has_instruction() ? crc32c_instruction(inverted, bytes, count) : crc32c_bitwise(inverted, bytes, count));
}

const void *CLinux_find(const void *text, size_t count, const void *needle, size_t needle_count) {
    return memmem(text, count, needle, needle_count);
}

int CLinux_memfd(const char *name, size_t size) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return -1;
    if (ftruncate(fd, (off_t)size) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

ssize_t CLinux_pread_nowait(int fd, void *buffer, size_t count, off_t offset) {
    struct iovec vector = {.iov_base = buffer, .iov_len = count};
    return preadv2(fd, &vector, 1, offset, RWF_NOWAIT);
}

off_t CLinux_first_data(int fd, off_t offset) { return lseek(fd, offset, SEEK_DATA); }

int CLinux_accept(int fd, void *address, uint32_t *length) {
    socklen_t size = *length;
    int accepted = accept4(fd, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    *length = size;
    return accepted;
}

int CLinux_open_directory(const char *path) { return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); }

void CLinux_name_thread(pthread_t thread, const char *name) { pthread_setname_np(thread, name); }

int CLinux_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int CLinux_peer_credentials(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

uint64_t CLinux_load64(const uint64_t *word) {
    return atomic_load_explicit((const _Atomic uint64_t *)word, memory_order_acquire);
}
void CLinux_store64(uint64_t *word, uint64_t value) {
    atomic_store_explicit((_Atomic uint64_t *)word, value, memory_order_release);
}
_Bool CLinux_exchange64(uint64_t *word, uint64_t expected, uint64_t value) {
    return atomic_compare_exchange_strong_explicit((_Atomic uint64_t *)word, &expected, value, memory_order_acq_rel,
                                                   memory_order_acquire);
}
void CLinux_fence(void) { atomic_thread_fence(memory_order_seq_cst); }

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static int64_t clock_now(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return nanoseconds(now);
}
int64_t CLinux_realtime(void) { return clock_now(CLOCK_REALTIME); }
int64_t CLinux_monotonic_time(void) { return clock_now(CLOCK_MONOTONIC); }

int CLinux_sync_file_system(int fd) { return syncfs(fd); }

int CLinux_set_modification_time(int fd, int64_t seconds) {
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    return futimens(fd, times);
}

int64_t CLinux_modification_time(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? nanoseconds(status.st_mtim) : -1;
}

int64_t CLinux_modification_time_at(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? nanoseconds(status.st_mtim) : -1;
}
