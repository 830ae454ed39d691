// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
//
// The few system calls and instructions that Swift cannot reach through Glibc.
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// CRC-32C (Castagnoli) of `count` bytes, continuing from `crc` (0 to begin); by instruction where the CPU has one.
uint32_t CLinux_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Where `needle` first is in `text`, or null: memmem, which glibc declares for GNU programs only.
const void *CLinux_find(const void *text, size_t count, const void *needle, size_t needle_count);

/// An anonymous file in memory of `size` bytes, close-on-exec; -1 and errno on failure.
int CLinux_memfd(const char *name, size_t size);

/// Reads only what the page cache holds (RWF_NOWAIT); -1 with EAGAIN when the disk would have to be waited for.
ssize_t CLinux_pread_nowait(int fd, void *buffer, size_t count, off_t offset);

/// Where octets that were written begin, from `offset` on (SEEK_DATA); -1 with ENXIO when only a hole follows.
off_t CLinux_first_data(int fd, off_t offset);

/// accept4 with SOCK_NONBLOCK | SOCK_CLOEXEC, address into a sockaddr_storage; -1 and errno on failure.
int CLinux_accept(int fd, void *address, uint32_t *length);

/// Has the kernel send `signal` to this process when its parent dies.
int CLinux_die_with_parent(int signal);

/// Opens a directory only to reach what is in it (O_PATH); -1 and errno on failure.
int CLinux_open_directory(const char *path);

/// Names a thread, at most 15 octets.
void CLinux_name_thread(pthread_t thread, const char *name);

/// The credentials of the peer of a Unix socket; 0, or -1 and errno.
int CLinux_peer_credentials(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid);

/// Atomic 64-bit load and store with relaxed order, for words shared between processes.
uint64_t CLinux_load64(const uint64_t *word);
void CLinux_store64(uint64_t *word, uint64_t value);
/// Puts `value` in place of `expected`, atomically; false when something else is there.
_Bool CLinux_exchange64(uint64_t *word, uint64_t expected, uint64_t value);
/// Full fence, for records that are written around a sequence word.
void CLinux_fence(void);

/// Nanoseconds since 1970-01-01T00:00:00Z, and since some moment for intervals. In C, because which Clang module owns
/// `struct timespec` depends on the order of imports, and Swift then sees its members or not by chance.
int64_t CLinux_realtime(void);
int64_t CLinux_monotonic_time(void);
/// When the open file was last written to, in nanoseconds since 1970; -1 and errno on failure.
int64_t CLinux_modification_time(int fd);
/// As above, of what a path names.
int64_t CLinux_modification_time_at(const char *path);

/// Has a crash (SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV) end this process at once, and the crash handler that
/// the Swift runtime installed look into a copy of it: the copy's process id is stored in `*reporter`, which must stay
/// valid. 1; 0 when the runtime installed none; -1 and errno on failure.
int CLinux_report_crashes_from_a_copy(uint64_t *reporter);

/// The id of a child that has ended and was not waited for, which it stays; 0 when there is none.
int32_t CLinux_ended_child(void);
/// Sets when the open file was last written to and read, in seconds since 1970; 0, or -1 and errno.
int CLinux_set_modification_time(int fd, int64_t seconds);
/// Has everything of the file system that the open file is in written to disk; 0, or -1 and errno.
int CLinux_sync_file_system(int fd);
