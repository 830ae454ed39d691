// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// `sendmail -bs`: SMTP on standard input and output, which is passed on to the server on this machine.
struct SendmailDialogue: Sendable {
    let port: UInt16

    init(port: UInt16) { self.port = port }

    /// The exit code.
    func run() -> Int32 {
        // Whoever has gone is seen by what `write` says.
        _ = signal(SIGPIPE, SIG_IGN)
        let server = connect()
        guard server >= 0 else {
            _ = Self.write(Array("421 4.3.2 The mail server does not run, try again later\r\n".utf8), to: STDOUT_FILENO)
            return ExitCode.temporary.rawValue
        }
        defer { close(server) }
        var waits = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard unsafe poll(&waits, nfds_t(waits.count), -1) > 0 else {
                if errno == EINTR { continue }
                return ExitCode.temporary.rawValue
            }
            if waits[0].revents != 0, !Self.pass(from: STDIN_FILENO, to: server) {
                // The caller has said all; the server may still answer.
                shutdown(server, Int32(SHUT_WR))
                waits[0].fd = -1
            }
            if waits[1].revents != 0, !Self.pass(from: server, to: STDOUT_FILENO) { return ExitCode.success.rawValue }
        }
    }

    private func connect() -> Int32 {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { return -1 }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafeBytes(of: address) { raw in
            unsafe Glibc.connect(
                fd,
                raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(raw.count)
            )
        }
        guard result == 0 else {
            close(fd)
            return -1
        }
        return fd
    }

    /// False at the end of the stream.
    private static func pass(from source: Int32, to target: Int32) -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(source, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            return write(Array(piece[..<count]), to: target)
        }
    }

    private static func write(_ octets: [UInt8], to target: Int32) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(target, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
