// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A file that lines are added to, each by one write: what a killed process has said stays said.
final class Output: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OutputError(errno: errno) }
    }

    deinit { close(descriptor) }

    func say(_ text: String) { Self.write(text, descriptor) }
    static func standard(_ text: String) { write(text, 1) }

    private static func write(_ text: String, _ descriptor: Int32) {
        var text = text
        text.withUTF8 { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let result = unsafe Glibc.write(descriptor, base + done, buffer.count - done)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return }
                done += result
            }
        }
    }

    static var now: Int64 { CLinux_monotonic_time() }
}

struct OutputError: Error {
    var errno: Int32
}
