// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
internal import MessageFormat
internal import Runtime

/// By what the sender's own copy of a message is known, whether the server filed it or the client appended it.
///
/// Two that have the same are one message.
///
/// It is made of the account, the fields Message-ID, Date and Resent-..., and the body without the line ends at its end.
/// Clients append what they have sent, but some write Bcc and fields of their own into their copy, or leave the last
/// line end out. Without Message-ID all fields count.
///
/// Octets are given in the order and pieces in which they come. Used by one task.
package struct SentIdentity {
    /// Runs of line ends are held back up to this many octets.
    private static let maximumHeld = 64 << 10

    /// Octets before the header section: fields that this server added.
    private var skipped: Int
    /// Octets of the header section still to come.
    private var headerLeft: Int
    private var header: [UInt8] = []
    private var held: [UInt8] = []
    private let body = SHA256Hasher()

    /// - Parameters:
    ///   - headerEnd: octets up to the end of the header section, without the empty line.
    ///   - start: octets of those that are not the sender's.
    package init(headerEnd: Int, from start: Int = 0) {
        skipped = start
        headerLeft = max(0, headerEnd - start)
    }

    /// Takes octets.
    package mutating func add(_ bytes: RawSpan) {
        var offset = min(skipped, bytes.byteCount)
        skipped -= offset
        let fields = min(headerLeft, bytes.byteCount - offset)
        if fields > 0 {
            unsafe bytes.extracting(offset..<(offset + fields)).withUnsafeBytes { unsafe header.append(contentsOf: $0) }
            headerLeft -= fields
            offset += fields
        }
        if offset < bytes.byteCount { addBody(bytes.extracting(offset..<bytes.byteCount)) }
    }

    private mutating func addBody(_ bytes: RawSpan) {
        var end = bytes.byteCount
        while end > 0, Self.isLineEnd(unsafe bytes.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self)) { end -= 1 }
        if end > 0 {
            body.add(held)
            held = []
            body.add(bytes.extracting(0..<end))
        }
        unsafe bytes.extracting(end..<bytes.byteCount).withUnsafeBytes { unsafe held.append(contentsOf: $0) }
        guard held.count > Self.maximumHeld else { return }
        body.add(held)
        held = []
    }

    private static func isLineEnd(_ octet: UInt8) -> Bool { octet == ASCII.cr || octet == ASCII.lf }

    /// The message is whole.
    package mutating func finish(for account: AccountID) -> DeliveryID {
        var text = Array("martlet sent \(account)\n".utf8)
        text += Self.fields(of: header) ?? header
        text += [ASCII.lf] + body.finish()
        return DeliveryID(digest: Digest.sha256(text))
    }

    /// `nil` without Message-ID.
    private static func fields(of header: [UInt8]) -> [UInt8]? {
        let fields = HeaderFields(header)
        var hasMessageID = false
        var text: [UInt8] = []
        for field in fields {
            let name = ASCII.lowercased(String(decoding: header[field.name], as: UTF8.self))
            guard name == "message-id" || name == "date" || name.hasPrefix("resent-") else { continue }
            hasMessageID = hasMessageID || name == "message-id"
            text += "\(name):".utf8
            text += fields.unfolded(field).filter { !ASCII.isBlank($0) }
            text.append(ASCII.lf)
        }
        return hasMessageID ? text : nil
    }
}

extension SentIdentity {
    /// A longer header section is none that a mail program writes.
    private static let maximumHeader = 256 << 10

    /// Of a whole message.
    package static func of(_ message: RawSpan, for account: AccountID) -> DeliveryID {
        var identity = SentIdentity(headerEnd: headerEnd(message))
        identity.add(message)
        return identity.finish(for: account)
    }

    /// Where the empty line is; the end when there is none.
    private static func headerEnd(_ message: RawSpan) -> Int {
        let front = message.extracting(first: min(message.byteCount, maximumHeader))
        let octets = unsafe front.withUnsafeBytes { unsafe Array($0) }
        return HeaderFields(octets).reduce(0) { max($0, $1.whole.upperBound) }
    }
}

extension DeliveryID {
    /// From the first 16 octets of a digest.
    init(digest: [UInt8]) {
        func word(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: word(digest.prefix(8)), low: word(digest.dropFirst(8).prefix(8)))
    }
}

extension StagedOctets {
    /// Up to this a message is digested where its session runs.
    private static let inlineOctets = 32 * 1024

    /// The identity that the message has as what the account sent.
    ///
    /// `nil` when its octets cannot be read.
    func sentIdentity(for account: AccountID) async -> DeliveryID? {
        if case .memory(let block) = content, block.count <= Self.inlineOctets {
            return block.withBytes { SentIdentity.of($0, for: account) }
        }
        return await BlockingPool.shared.run { [self] in
            switch content {
            case .memory(let block): return block.withBytes { SentIdentity.of($0, for: account) }
            case .file(_, let count, let owner):
                return (owner as? SpillFile)?.withBytes(count) { SentIdentity.of($0, for: account) }
            }
        }
    }
}
