// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
//
// A process that crashes must be gone at once, so that its successor can take its place; to find out where it crashed
// takes the better part of a second. So it leaves a copy of itself behind (fork), which holds no file, lock or
// connection, and the Swift runtime's crash handler looks into the copy while the successor already works.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int crashes[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
static struct sigaction runtime_handlers[_NSIG];
static _Atomic uint64_t *reporter_word;
static atomic_flag has_crashed = ATOMIC_FLAG_INIT;

/// Ends the copy and the program that looks into it, which would wait for ever for one that is gone.
static void end_reporters(int signal) {
    (void)signal;
    kill(0, SIGKILL);
}

/// Starts a process that ends the group should the copy die before its report is written.
static void watch_over(pid_t copy) {
    if (_Fork() != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGALRM);
    alarm(60);
    if (getppid() != copy) end_reporters(0);
    sigset_t others;
    sigfillset(&others);
    sigdelset(&others, SIGALRM);
    for (;;) sigsuspend(&others);
}

/// What remains of the process: the crashed thread and the memory.
_Noreturn static void report(int signal, siginfo_t *information, void *context) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    // Without these no copy: it would keep the successor waiting, and end more than itself.
    if (close_range(3, ~0u, 0) != 0 || setpgid(0, 0) != 0) _exit(0);
    setpriority(PRIO_PROCESS, 0, 10);
    // When memory is short, this goes first.
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        if (write(score, "1000", 4) < 0) { /* then it goes when its turn comes */ }
        close(score);
    }
    // A group of its own, which ends as a whole when a report takes too long.
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = end_reporters}, NULL);
    alarm(60);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &runtime_handlers[crashes[i]], NULL);
    const struct sigaction *handler = &runtime_handlers[signal];
    watch_over(getpid());
    // The runtime reads the memory in a thread of its own and takes a SIGSEGV there as "nothing at this address".
    sigset_t mask = handler->sa_mask;
    sigdelset(&mask, SIGALRM);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (handler->sa_flags & SA_SIGINFO) handler->sa_sigaction(signal, information, context);
    end_reporters(signal);
    _exit(0);
}

static void crashed(int signal, siginfo_t *information, void *context) {
    if (!atomic_flag_test_and_set(&has_crashed)) {
        pid_t copy = _Fork();
        if (copy == 0) report(signal, information, context);
        if (copy > 0) atomic_store_explicit(reporter_word, (uint64_t)copy, memory_order_release);
    } else {
        // Another thread is making the copy: its death ends this one, too.
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    // Blocked until this returns; then it ends the process as if nobody had looked.
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    tgkill(getpid(), gettid(), signal);
}

int CLinux_report_crashes_from_a_copy(uint64_t *reporter) {
    struct sigaction current;
    if (sigaction(SIGILL, NULL, &current) != 0) return -1;
    if (!(current.sa_flags & SA_SIGINFO)) return 0;
    reporter_word = (_Atomic uint64_t *)reporter;
    struct sigaction own = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&own.sa_mask);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        if (sigaction(crashes[i], &own, &runtime_handlers[crashes[i]]) != 0) return -1;
    }
    return 1;
}

int32_t CLinux_ended_child(void) {
    siginfo_t information = {0};
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0) return 0;
    return information.si_pid;
}
