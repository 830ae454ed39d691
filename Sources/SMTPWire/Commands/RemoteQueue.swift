// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Asks the server to send what it holds for a domain (ETRN, RFC 1985 §3).
package struct RemoteQueueCommand: Sendable, Hashable {
    /// What the node name stands for (RFC 1985 §5.1).
    package enum Scope: Sendable, Hashable {
        case host
        case hostAndBelow
        case queue
    }

    package var scope: Scope
    /// 1 to 255 octets.
    package var name: String

    package init(scope: Scope, name: String) {
        self.scope = scope
        self.name = name
    }

    // ETRN [<option character>]<node name><CR><LF>
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        let scope: Scope =
            scanner.accept(0x40, in: line) ? .hostAndBelow : scanner.accept(0x23, in: line) ? .queue : .host
        let name = scanner.take(in: line) { $0 > ASCII.space && $0 < 0x7F }
        guard (1...255).contains(name.count) else { throw scanner.error(.argument, "a node name") }
        try scanner.expectEnd(of: line)
        self.init(scope: scope, name: String(decoding: name, as: UTF8.self))
    }

    /// What follows the verb.
    var arguments: String {
        switch scope {
        case .host: name
        case .hostAndBelow: "@" + name
        case .queue: "#" + name
        }
    }
}
