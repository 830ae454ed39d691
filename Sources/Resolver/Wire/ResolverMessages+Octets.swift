// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime

// Between the resolver and who asks it, over a Unix socket: a length of four octets, little-endian, then a message of
// `ByteWriter`'s fields. Both ends are of one installation, yet either may be of another version while it is upgraded:
// a message begins with the version, and what cannot be read is an error and never a trap.

/// Why octets are not a message of the resolver.
package struct ResolverMessageError: Error, Sendable, Hashable {}

/// Limits and frames of the messages.
package enum ResolverFrame {
    static let version: UInt8 = 1
    /// Octets before a message that say how long it is.
    package static let prefixOctets = 4
    /// Longest message.
    package static let maximumOctets = 4 << 20
    static let maximumTextOctets = 8192

    /// A message behind its length.
    package static func framed(_ message: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: message.count + prefixOctets)
        writer.integer(UInt32(clamping: message.count))
        writer.bytes += message
        return writer.bytes
    }

    /// The length in a prefix; `nil` when it is more than may be.
    package static func length(_ prefix: [UInt8]) -> Int? {
        var reader = ByteReader(prefix)
        guard let length = try? reader.integer(UInt32.self), length <= maximumOctets else { return nil }
        return Int(length)
    }
}

/// A value that has a place in a message.
protocol ResolverField {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws
}

extension ByteWriter {
    fileprivate mutating func flag(_ value: Bool) { integer(UInt8(value ? 1 : 0)) }

    fileprivate mutating func list(_ items: [some ResolverField]) {
        variableInteger(UInt64(items.count))
        for item in items { item.write(to: &self) }
    }

    fileprivate mutating func text(_ text: String) {
        let octets = Array(text.utf8)
        let isShort = octets.count <= ResolverFrame.maximumTextOctets
        // What is cut in the middle of a character gets a replacement character of three octets.
        string(isShort ? text : String(decoding: octets.prefix(ResolverFrame.maximumTextOctets - 3), as: UTF8.self))
    }
}

extension ByteReader {
    fileprivate mutating func flag() throws -> Bool {
        let octet: UInt8 = try integer()
        guard octet <= 1 else { throw ResolverMessageError() }
        return octet == 1
    }

    /// Each item takes an octet at least, so that no count makes more than there are octets.
    fileprivate mutating func list<Item: ResolverField>(of type: Item.Type = Item.self) throws -> [Item] {
        let count = try variableInteger()
        guard count <= UInt64(remaining) else { throw ResolverMessageError() }
        var items: [Item] = []
        for _ in 0..<count { items.append(try Item(from: &self)) }
        return items
    }

    fileprivate mutating func text() throws -> String {
        let octets = try counted(maximum: ResolverFrame.maximumTextOctets)
        let text = String(decoding: octets, as: UTF8.self)
        guard text.utf8.elementsEqual(octets) else { throw ResolverMessageError() }
        return text
    }

    fileprivate mutating func domain() throws -> Domain {
        guard let domain = Domain(try text()) else { throw ResolverMessageError() }
        return domain
    }
}

// MARK: Messages

extension ResolverRequest {
    /// The request with the time that the asker gives it.
    package func encoded(within milliseconds: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(ResolverFrame.version)
        writer.variableInteger(milliseconds)
        switch self {
        case .mailHosts(let domain):
            writer.integer(UInt8(1))
            writer.text(domain)
        case .addresses(let host):
            writer.integer(UInt8(2))
            writer.text(host)
        case .records(let name, let type):
            writer.integer(UInt8(3))
            writer.text(name)
            writer.integer(type)
        case .status: writer.integer(UInt8(4))
        }
        return writer.bytes
    }

    /// Reads what `encoded` wrote.
    package static func decode(
        _ octets: [UInt8]
    ) throws(ResolverMessageError) -> (request: ResolverRequest, milliseconds: UInt64) {
        do {
            var reader = try ByteReader(message: octets)
            let milliseconds = try reader.variableInteger()
            let request: ResolverRequest
            switch try reader.integer(UInt8.self) {
            case 1: request = .mailHosts(domain: try reader.text())
            case 2: request = .addresses(host: try reader.text())
            case 3: request = .records(name: try reader.text(), type: try reader.integer())
            case 4: request = .status
            default: throw ResolverMessageError()
            }
            try reader.end()
            return (request, milliseconds)
        } catch {
            throw ResolverMessageError()
        }
    }
}

extension ResolverReply {
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.integer(ResolverFrame.version)
        switch self {
        case .hosts(.hosts(let hosts), let reports):
            writer.integer(UInt8(1))
            hosts.write(to: &writer)
            writer.list(reports)
        case .hosts(.failed(let failure), let reports):
            writer.integer(UInt8(2))
            failure.write(to: &writer)
            writer.list(reports)
        case .records(let report):
            writer.integer(UInt8(3))
            report.write(to: &writer)
        case .status(let status):
            writer.integer(UInt8(4))
            status.write(to: &writer)
        case .refused(let reason):
            writer.integer(UInt8(5))
            writer.text(reason)
        }
        return writer.bytes
    }

    /// Reads what `encoded` wrote.
    package init(decoding octets: [UInt8]) throws(ResolverMessageError) {
        do {
            var reader = try ByteReader(message: octets)
            switch try reader.integer(UInt8.self) {
            case 1: self = .hosts(.hosts(try MailHosts(from: &reader)), try reader.list())
            case 2: self = .hosts(.failed(try ResolutionFailure(from: &reader)), try reader.list())
            case 3: self = .records(try LookupReport(from: &reader))
            case 4: self = .status(try ResolverStatus(from: &reader))
            case 5: self = .refused(try reader.text())
            default: throw ResolverMessageError()
            }
            try reader.end()
        } catch {
            throw ResolverMessageError()
        }
    }
}

extension ByteReader {
    /// At the first field behind the version.
    fileprivate init(message octets: [UInt8]) throws {
        guard octets.count <= ResolverFrame.maximumOctets else { throw ResolverMessageError() }
        self.init(octets)
        guard try integer(UInt8.self) == ResolverFrame.version else { throw ResolverMessageError() }
    }

    fileprivate func end() throws {
        guard remaining == 0 else { throw ResolverMessageError() }
    }
}

// MARK: Fields

extension HostAddress: ResolverField {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .ipv4(let value):
            writer.integer(UInt8(4))
            writer.integer(value)
        case .ipv6(let value):
            writer.integer(UInt8(6))
            writer.integer(value)
        }
    }

    init(from reader: inout ByteReader) throws {
        switch try reader.integer(UInt8.self) {
        case 4: self = .ipv4(try reader.integer())
        case 6: self = .ipv6(try reader.integer())
        default: throw ResolverMessageError()
        }
    }
}

extension MailHost: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.text(name.text)
        writer.integer(preference)
        writer.list(addresses)
        writer.flag(isSecure)
    }

    init(from reader: inout ByteReader) throws {
        self.init(
            name: try reader.domain(),
            preference: try reader.integer(),
            addresses: try reader.list(),
            isSecure: try reader.flag()
        )
        guard (1...MailHosts.maximumAddresses).contains(addresses.count) else { throw ResolverMessageError() }
    }
}

extension UnusableMailHost: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.text(name)
        writer.integer(preference)
        writer.text(reason)
        writer.flag(mayBeUsableLater)
    }

    init(from reader: inout ByteReader) throws {
        self.init(
            name: try reader.text(),
            preference: try reader.integer(),
            reason: try reader.text(),
            mayBeUsableLater: try reader.flag()
        )
    }
}

extension MailHosts: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.list(hosts)
        writer.list(unusable)
        writer.flag(isImplicit)
        writer.flag(isSecure)
        writer.variableInteger(lifetime.wholeMilliseconds / 1000)
    }

    init(from reader: inout ByteReader) throws {
        self.init(
            try reader.list(),
            unusable: try reader.list(),
            isImplicit: try reader.flag(),
            isSecure: try reader.flag(),
            lifetime: .seconds(Int64(try reader.variableInteger() & 0xFFFF_FFFF))
        )
        let count = hosts.reduce(0) { $0 + $1.addresses.count }
        guard !hosts.isEmpty, count <= Self.maximumAddresses else { throw ResolverMessageError() }
    }
}

extension ResolutionFailure: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.text(`class`.rawValue)
        writer.text(reason)
        writer.text(details)
    }

    init(from reader: inout ByteReader) throws {
        guard let kind = Class(rawValue: try reader.text()) else { throw ResolverMessageError() }
        self.init(kind, try reader.text(), details: try reader.text())
    }
}

/// A text in a list.
private struct TextField: ResolverField {
    var text: String

    init(_ text: String) { self.text = text }
    init(from reader: inout ByteReader) throws { text = try reader.text() }
    func write(to writer: inout ByteWriter) { writer.text(text) }
}

extension LookupReport: ResolverField {
    func write(to writer: inout ByteWriter) {
        for text in [name, type, outcome, reason, canonicalName] { writer.text(text) }
        writer.list(records.map(TextField.init))
        writer.flag(isSecure)
        writer.integer(ttl)
        writer.variableInteger(milliseconds)
    }

    init(from reader: inout ByteReader) throws {
        (name, type, outcome) = (try reader.text(), try reader.text(), try reader.text())
        (reason, canonicalName) = (try reader.text(), try reader.text())
        records = try reader.list(of: TextField.self).map(\.text)
        (isSecure, ttl, milliseconds) = (try reader.flag(), try reader.integer(), try reader.variableInteger())
    }
}

extension ResolverStatus.Server: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.text(name)
        writer.text(zone)
        writer.variableInteger(milliseconds)
        writer.list([failure].compactMap { $0 }.map(TextField.init))
    }

    init(from reader: inout ByteReader) throws {
        (name, zone, milliseconds) = (try reader.text(), try reader.text(), try reader.variableInteger())
        failure = try reader.list(of: TextField.self).first?.text
    }
}

extension ResolverStatus: ResolverField {
    func write(to writer: inout ByteWriter) {
        writer.list(servers)
        writer.text(proofs)
        writer.list([failure].compactMap { $0 }.map(TextField.init))
    }

    init(from reader: inout ByteReader) throws {
        (servers, proofs) = (try reader.list(), try reader.text())
        failure = try reader.list(of: TextField.self).first?.text
    }
}
