// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The least that a round trip takes here. `echo PORT` answers whatever it is sent with a line; `echo PORT SOCKET` passes
// it on to a second process, that answers it, over a Unix socket of that name. It serves one client, and ends with it.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char answer[] = "a OK NOOP completed\r\n";
static char octets[65536];

static int accept_one(int family, const struct sockaddr *address, socklen_t length) {
    int one = 1, listener = socket(family, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, address, length) < 0 || listen(listener, 1) < 0) exit(1);
    int accepted = accept(listener, NULL, NULL);
    close(listener);
    return accepted;
}

static void watch(int poll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

// Until one of the two has ended. Without a second one, the first is answered here.
static void serve(int first, int second) {
    int poll = epoll_create1(0);
    watch(poll, first);
    if (second >= 0) watch(poll, second);
    struct epoll_event event;
    while (epoll_wait(poll, &event, 1, -1) == 1) {
        int source = event.data.fd;
        ssize_t count = recv(source, octets, sizeof octets, 0);
        if (count <= 0) break;
        if (second < 0) {
            send(first, answer, sizeof answer - 1, MSG_NOSIGNAL);
        } else {
            send(source == first ? second : first, octets, count, MSG_NOSIGNAL);
        }
    }
}

int main(int count, char **words) {
    if (count < 2) return 64;
    int second = -1;
    if (count > 2) {
        struct sockaddr_un path = {.sun_family = AF_UNIX};
        strncpy(path.sun_path, words[2], sizeof path.sun_path - 1);
        if (fork() == 0) {
            serve(accept_one(AF_UNIX, (struct sockaddr *)&path, sizeof path), -1);
            return 0;
        }
        second = socket(AF_UNIX, SOCK_STREAM, 0);
        while (connect(second, (struct sockaddr *)&path, sizeof path) < 0) usleep(1000);
    }
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, client = accept_one(AF_INET, (struct sockaddr *)&address, sizeof address);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    serve(client, second);
    return 0;
}
