// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// systemd's journal, spoken to in its native protocol: one datagram an event, fields by name.
///
/// Sends never wait; what the journal does not take is in the log file all the same.
final class JournalSocket: Sendable {
    private let descriptor: Int32
    private let path: String

    /// `nil` where no journal listens.
    init?(path: String) {
        guard unsafe access(path, W_OK) == 0, path.utf8.count < 108 else { return nil }
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return nil }
        descriptor = fd
        self.path = path
    }

    deinit { close(descriptor) }

    func send(_ event: Event, process: String) {
        let head = Self.head(event, process: process)
        var whole = head
        for field in event.fields {
            Self.append(Self.name(field.key), Self.text(field.value), to: &whole)
        }
        // A datagram above the socket's buffer is refused as a whole: the event is worth more than its fields.
        if !send(whole), errno == EMSGSIZE { _ = send(head) }
    }

    private static func head(_ event: Event, process: String) -> [UInt8] {
        let definition = event.definition
        var bytes: [UInt8] = []
        append("MESSAGE", "\(definition.text) (\(definition.name) \(definition.number))", to: &bytes)
        append("PRIORITY", String(definition.type.level.severity), to: &bytes)
        append("SYSLOG_IDENTIFIER", "martlet", to: &bytes)
        append("MARTLET_EVENT", String(definition.number), to: &bytes)
        append("MARTLET_NAME", definition.name, to: &bytes)
        append("MARTLET_PROCESS", process, to: &bytes)
        if let trace = event.trace { append("MARTLET_TRACE", trace, to: &bytes) }
        return bytes
    }

    /// `NAME=value`, or for a value of several lines its length as 64 bits, little-endian, and the value.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        guard value.utf8.contains(ASCII.lf) else {
            bytes.append(0x3D)
            bytes.append(contentsOf: value.utf8)
            bytes.append(ASCII.lf)
            return
        }
        bytes.append(ASCII.lf)
        var length = ByteWriter()
        length.integer(UInt64(value.utf8.count))
        bytes += length.bytes
        bytes.append(contentsOf: value.utf8)
        bytes.append(ASCII.lf)
    }

    /// `smtp.recipient` as `MARTLET_SMTP_RECIPIENT`; the journal takes names of up to 64 octets of `A-Z 0-9 _`.
    private static func name(_ key: String) -> String {
        let folded = key.utf8.prefix(56).map { ASCII.isAlphanumeric($0) ? ASCII.upper($0) : UInt8(ascii: "_") }
        return "MARTLET_" + String(decoding: folded, as: UTF8.self)
    }

    private static func text(_ value: EventValue) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .bool(let claim): String(claim)
        case .list(let texts): texts.joined(separator: ", ")
        }
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // init has seen to it that the path and its NUL fit.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            for (index, octet) in path.utf8.prefix(107).enumerated() { unsafe field[index] = octet }
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe sendto(
                    descriptor,
                    bytes,
                    bytes.count,
                    Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL),
                    generic,
                    size
                )
            }
        }
        return sent == bytes.count
    }
}
