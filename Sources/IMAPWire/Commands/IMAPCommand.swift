// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// One command of IMAP as a value.
package protocol IMAPCommand: Sendable, Hashable {
    /// Upper case, without UID.
    static var name: StaticString { get }
    static var traits: CommandTraits { get }

    /// Reads what follows the name, up to and not including the end of the command.
    init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError)

    /// Writes what follows the name, with the space in front.
    func encodeArguments(to encoder: inout WireEncoder)

    /// Whether the command is written with UID in front.
    var isUID: Bool { get }
}

extension IMAPCommand {
    package var isUID: Bool { false }

    /// The whole command with its line end, as a client sends it.
    package func encoded(tag: String, literals: WireEncoder.LiteralForm = .nonSynchronizing) -> [UInt8] {
        var encoder = WireEncoder(literalForm: literals)
        encoder.raw(tag.utf8)
        encoder.raw(isUID ? " UID " : " ")
        encoder.raw(Self.name)
        encodeArguments(to: &encoder)
        encoder.lineEnd()
        return encoder.bytes
    }
}

/// A command without arguments.
package protocol BareCommand: IMAPCommand {
    init()
}

extension BareCommand {
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) { self.init() }
    package func encodeArguments(to encoder: inout WireEncoder) {}
}

/// Which numbers a command names messages by, and is answered with.
package enum MessageNumbers: Hashable, Sendable { case sequence, uid }

/// A command that also exists with UID in front (RFC 9051 §6.4.9).
package protocol NumberedCommand: IMAPCommand {
    var numbers: MessageNumbers { get }
    init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError)
}

extension NumberedCommand {
    package var isUID: Bool { numbers == .uid }
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try self.init(parsing: &scanner, numbers: .sequence)
    }
}
