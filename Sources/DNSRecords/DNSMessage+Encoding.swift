// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension DNSMessage {
    /// The message as it goes over the wire, with names compressed (RFC 1035 §4.1.4).
    ///
    /// Throws when it is longer than 65,535 octets, or a field is longer than its length can say.
    package func encoded() throws(DNSSyntaxError) -> [UInt8] {
        var writer = MessageWriter()
        writer.integer(id)
        writer.integer(flags)
        for count in [questions.count, answers.count, authority.count, additional.count] {
            guard let count = UInt16(exactly: count) else { throw DNSSyntaxError(.messageLength, at: 0) }
            writer.integer(count)
        }
        for question in questions {
            writer.name(question.name, mayPoint: true)
            writer.integer(question.type.rawValue)
            writer.integer(question.recordClass)
        }
        for record in answers + authority + additional { try writer.record(record) }
        guard writer.octets.count <= Self.maximumOctets else {
            throw DNSSyntaxError(.messageLength, at: writer.octets.count)
        }
        return writer.octets
    }
}

/// Writes the fields of one message, in network order.
private struct MessageWriter {
    private(set) var octets: [UInt8] = []
    /// Where the rest of a name, folded, stands already; pointers reach 16,383.
    private var places: [ArraySlice<UInt8>: UInt16] = [:]

    mutating func integer(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            octets.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// `mayPoint` is for names where old software expects pointers (RFC 3597 §4).
    mutating func name(_ name: DomainName, mayPoint: Bool) {
        let folded = name.folded
        var index = 0
        while name.wire[index] != 0 {
            let rest = folded[index...]
            if mayPoint, let place = places[rest] { return integer(0xC000 | place) }
            if octets.count < 0x4000, places[rest] == nil { places[rest] = UInt16(octets.count) }
            let next = index + 1 + Int(name.wire[index])
            octets.append(contentsOf: name.wire[index..<next])
            index = next
        }
        octets.append(0)
    }

    mutating func record(_ record: DNSRecord) throws(DNSSyntaxError) {
        name(record.name, mayPoint: true)
        integer(record.type.rawValue)
        integer(record.recordClass)
        integer(record.ttl)
        let place = octets.count
        integer(UInt16(0))
        try data(record.data)
        guard let length = UInt16(exactly: octets.count - place - 2) else {
            throw DNSSyntaxError(.dataLength, at: place)
        }
        octets[place] = UInt8(length >> 8)
        octets[place + 1] = UInt8(truncatingIfNeeded: length)
    }

    private mutating func data(_ data: RecordData) throws(DNSSyntaxError) {
        switch data {
        case .a(let address): integer(address)
        case .aaaa(let address): integer(address)
        case .ns(let name), .cname(let name), .ptr(let name): self.name(name, mayPoint: true)
        case .mx(let preference, let exchange):
            integer(preference)
            name(exchange, mayPoint: true)
        case .soa(let soa):
            name(soa.server, mayPoint: true)
            name(soa.mailbox, mayPoint: true)
            for number in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] { integer(number) }
        case .txt(let strings):
            for string in strings { try counted(string, UInt8.self) }
        case .srv(let priority, let weight, let port, let target):
            for number in [priority, weight, port] { integer(number) }
            name(target, mayPoint: false)
        case .tlsa(let usage, let selector, let matching, let association):
            octets += [usage, selector, matching] + association
        case .opt(let options):
            for option in options {
                integer(option.code)
                try counted(option.data, UInt16.self)
            }
        case .other(_, let octets): self.octets += octets
        }
    }

    private mutating func counted<I: FixedWidthInteger>(_ field: [UInt8], _: I.Type) throws(DNSSyntaxError) {
        guard let length = I(exactly: field.count) else { throw DNSSyntaxError(.dataLength, at: octets.count) }
        integer(length)
        octets += field
    }
}
