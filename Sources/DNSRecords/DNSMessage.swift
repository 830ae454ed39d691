// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A question: which records of which name.
package struct DNSQuestion: Sendable, Hashable, CustomStringConvertible {
    package var name: DomainName
    package var type: RecordType
    package var recordClass: UInt16

    package init(_ name: DomainName, _ type: RecordType, class recordClass: UInt16 = 1) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }

    package var description: String { "\(name) \(type)" }
}

/// A message (RFC 1035 §4.1).
package struct DNSMessage: Sendable, Hashable {
    /// What TCP can carry.
    package static let maximumOctets = 65_535

    package var id: UInt16
    /// The second pair of octets: QR, opcode, AA, TC, RD, RA, AD, CD and the low bits of the response code.
    package var flags: UInt16
    package var questions: [DNSQuestion]
    package var answers: [DNSRecord]
    package var authority: [DNSRecord]
    package var additional: [DNSRecord]

    package init(
        id: UInt16,
        flags: UInt16,
        questions: [DNSQuestion] = [],
        answers: [DNSRecord] = [],
        authority: [DNSRecord] = [],
        additional: [DNSRecord] = []
    ) {
        self.id = id
        self.flags = flags
        self.questions = questions
        self.answers = answers
        self.authority = authority
        self.additional = additional
    }

    package var isResponse: Bool { flags & 0x8000 != 0 }
    /// Records are missing: what is there must not be used (RFC 2181 §9).
    package var isTruncated: Bool { flags & 0x0200 != 0 }

    /// With the high bits that an OPT record brings (RFC 6891 §6.1.3).
    package var responseCode: ResponseCode {
        let high = additional.first { $0.type == .opt }.map { UInt16(truncatingIfNeeded: $0.ttl >> 24) << 4 } ?? 0
        return ResponseCode(high | flags & 0x000F)
    }

    /// Aliases that are followed from one name.
    package static let maximumAliases = 16

    /// The records of a type that the answer has for a name, and the name they belong to once aliases are followed.
    ///
    /// `nil` when the aliases go round in a circle or are more than `maximumAliases`.
    package func records(of name: DomainName, _ type: RecordType) -> (owner: DomainName, records: [DNSRecord])? {
        var owner = name
        var aliases: [DomainName: DomainName] = [:]
        for case let record in answers {
            guard case .cname(let target) = record.data, aliases[record.name] == nil else { continue }
            aliases[record.name] = target
        }
        for _ in 0...Self.maximumAliases {
            let found = answers.filter { $0.type == type && $0.name == owner }
            if !found.isEmpty || type == .cname { return (owner, found) }
            guard let target = aliases[owner] else { return (owner, []) }
            owner = target
        }
        return nil
    }
}
