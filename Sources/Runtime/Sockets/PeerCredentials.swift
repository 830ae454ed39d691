// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The process id and user id at the other end of a Unix socket, as the kernel knows them.
func unixPeerCredentials(of fd: Int32) -> (pid: Int32, user: UInt32)? {
    var (pid, user, group): (Int32, UInt32, UInt32) = (0, 0, 0)
    guard unsafe CLinux_peer_credentials(fd, &pid, &user, &group) == 0 else { return nil }
    return (pid, user)
}
