// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension DNSMessage {
    /// Reads a whole message.
    ///
    /// The counts in its header are only believed as far as there are octets: each record takes eleven at least.
    package init(parsing octets: [UInt8]) throws(DNSSyntaxError) {
        guard octets.count <= Self.maximumOctets else { throw DNSSyntaxError(.messageLength, at: octets.count) }
        var reader = MessageReader(octets)
        self.init(id: try reader.integer(), flags: try reader.integer())
        let counts: [UInt16] = [
            try reader.integer(), try reader.integer(), try reader.integer(), try reader.integer(),
        ]
        for _ in 0..<counts[0] {
            questions.append(
                DNSQuestion(try reader.name(), RecordType(try reader.integer()), class: try reader.integer())
            )
        }
        for _ in 0..<counts[1] { answers.append(try reader.record()) }
        for _ in 0..<counts[2] { authority.append(try reader.record()) }
        for _ in 0..<counts[3] { additional.append(try reader.record()) }
        guard reader.offset == octets.count else { throw DNSSyntaxError(.trailing, at: reader.offset) }
    }
}

/// Reads the fields of one message, in network order; every read is checked.
struct MessageReader {
    let octets: [UInt8]
    private(set) var offset = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    mutating func integer<I: FixedWidthInteger & UnsignedInteger>(_ type: I.Type = I.self) throws(DNSSyntaxError) -> I {
        let field = try take(MemoryLayout<I>.size)
        return field.reduce(0) { ($0 << 8) | I(truncatingIfNeeded: $1) }
    }

    mutating func take(_ count: Int) throws(DNSSyntaxError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= octets.count - offset else { throw DNSSyntaxError(.truncated, at: offset) }
        defer { offset += count }
        return octets[offset..<(offset + count)]
    }

    mutating func name() throws(DNSSyntaxError) -> DomainName { try DomainName(in: octets, at: &offset) }

    // NAME TYPE CLASS TTL RDLENGTH RDATA    RFC 1035 §4.1.3
    mutating func record() throws(DNSSyntaxError) -> DNSRecord {
        let name = try name()
        let type = RecordType(try integer())
        let recordClass: UInt16 = try integer()
        let ttl: UInt32 = try integer()
        let length = Int(try integer(UInt16.self))
        let start = offset
        guard length <= octets.count - start else { throw DNSSyntaxError(.truncated, at: start) }
        let data = try data(type, end: start + length)
        guard offset == start + length else { throw DNSSyntaxError(.dataLength, at: start) }
        return DNSRecord(name, ttl: ttl, data, class: recordClass)
    }

    /// The data of a record that ends at `end`.
    ///
    /// What it reads may go further, which the caller sees.
    private mutating func data(_ type: RecordType, end: Int) throws(DNSSyntaxError) -> RecordData {
        switch type {
        case .a: return .a(try integer())
        case .aaaa: return .aaaa(try integer())
        case .ns: return .ns(try name())
        case .cname: return .cname(try name())
        case .ptr: return .ptr(try name())
        case .mx: return .mx(preference: try integer(), exchange: try name())
        case .soa: return .soa(try startOfAuthority())
        case .txt: return .txt(try characterStrings(end))
        case .srv:
            return .srv(priority: try integer(), weight: try integer(), port: try integer(), target: try name())
        case .tlsa:
            return .tlsa(
                usage: try integer(),
                selector: try integer(),
                matching: try integer(),
                association: Array(try take(end - offset))
            )
        case .opt: return .opt(try options(end))
        default: return .other(type, Array(try take(end - offset)))
        }
    }

    private mutating func startOfAuthority() throws(DNSSyntaxError) -> StartOfAuthority {
        StartOfAuthority(
            server: try name(),
            mailbox: try name(),
            serial: try integer(),
            refresh: try integer(),
            retry: try integer(),
            expire: try integer(),
            minimum: try integer()
        )
    }

    private mutating func characterStrings(_ end: Int) throws(DNSSyntaxError) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        while offset < end {
            let length = Int(try integer(UInt8.self))
            strings.append(Array(try take(length)))
        }
        return strings
    }

    private mutating func options(_ end: Int) throws(DNSSyntaxError) -> [EDNSOption] {
        var options: [EDNSOption] = []
        while offset < end {
            let code: UInt16 = try integer()
            let length = Int(try integer(UInt16.self))
            options.append(EDNSOption(code: code, data: Array(try take(length))))
        }
        return options
    }
}
