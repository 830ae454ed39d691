// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The sending half of a control socket.
///
/// Messages are small: they fit the socket's buffer, or the other side no longer reads and its heartbeat will tell.
struct ControlSocket: Sendable {
    let fd: Int32

    /// False when the other side is gone or does not read.
    ///
    /// From any thread.
    @discardableResult
    func send(_ message: ControlMessage) -> Bool {
        let line = message.line
        return unsafe Glibc.send(fd, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            == line.count
    }
}
