// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a command writes to and reads from.
package struct Terminal: Sendable {
    /// Standard output.
    package var write: @Sendable (String) -> Void
    /// Standard output, for what is no text.
    package var writeOctets: @Sendable ([UInt8]) -> Void
    /// Standard error.
    package var complain: @Sendable (String) -> Void
    /// All of standard input, at most 64 KiB.
    package var readInput: @Sendable () -> [UInt8]
    /// Asks on the terminal without showing what is typed; `nil` when there is no terminal.
    package var readSecret: @Sendable (_ prompt: String) -> [UInt8]?
    /// Whether standard error is a terminal on which a line may be written again and again.
    package var showsProgress = false

    package init(
        write: @escaping @Sendable (String) -> Void,
        complain: @escaping @Sendable (String) -> Void,
        readInput: @escaping @Sendable () -> [UInt8],
        readSecret: @escaping @Sendable (_ prompt: String) -> [UInt8]?,
        showsProgress: Bool = false,
        writeOctets: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        self.writeOctets = writeOctets ?? { write(String(decoding: $0, as: UTF8.self)) }
        self.showsProgress = showsProgress
        self.write = write
        self.complain = complain
        self.readInput = readInput
        self.readSecret = readSecret
    }

    /// This process's own.
    package static let standard = Terminal(
        write: { Self.put($0, on: STDOUT_FILENO) },
        complain: { Self.put($0, on: STDERR_FILENO) },
        readInput: { Self.get(from: STDIN_FILENO, upTo: 65_536) },
        readSecret: Self.askSecretly,
        showsProgress: isatty(STDERR_FILENO) == 1,
        writeOctets: { Self.put($0, on: STDOUT_FILENO) }
    )

    private static func put(_ text: String, on descriptor: Int32) {
        put(Array(text.utf8), on: descriptor)
    }

    private static func put(_ octets: [UInt8], on descriptor: Int32) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A reader that has gone (`martlet events | head`) wants no more.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func get(from descriptor: Int32, upTo maximum: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < maximum {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return bytes
    }

    private static func askSecretly(_ prompt: String) -> [UInt8]? {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var before = termios()
        guard unsafe tcgetattr(descriptor, &before) == 0 else { return nil }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(descriptor, TCSAFLUSH, &silent)
        defer {
            unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
            put("\n", on: descriptor)
        }
        put(prompt, on: descriptor)
        var line = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(descriptor, &line, line.count)
        return line.prefix(max(0, count)).prefix { $0 != 0x0A }.map(\.self)
    }
}
