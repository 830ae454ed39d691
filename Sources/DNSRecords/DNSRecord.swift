// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A record of a name (RFC 1035 §4.1.3).
package struct DNSRecord: Sendable, Hashable {
    package var name: DomainName
    package var type: RecordType
    /// 1 is the Internet; in an OPT record the largest UDP message its sender takes.
    package var recordClass: UInt16
    /// Seconds; a value with its highest bit set counts as zero (RFC 2181 §8).
    package var ttl: UInt32
    package var data: RecordData

    package init(_ name: DomainName, ttl: UInt32, _ data: RecordData, class recordClass: UInt16 = 1) {
        self.name = name
        self.type = data.type
        self.recordClass = recordClass
        self.ttl = ttl
        self.data = data
    }
}

/// What a record says.
package enum RecordData: Sendable, Hashable {
    /// Network order.
    case a(UInt32)
    /// Network order.
    case aaaa(UInt128)
    case ns(DomainName)
    case cname(DomainName)
    case ptr(DomainName)
    case mx(preference: UInt16, exchange: DomainName)
    case soa(StartOfAuthority)
    /// Character-strings of at most 255 octets each.
    case txt([[UInt8]])
    case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DomainName)
    case tlsa(usage: UInt8, selector: UInt8, matching: UInt8, association: [UInt8])
    case opt([EDNSOption])
    /// Any other type, as it came.
    case other(RecordType, [UInt8])

    package var type: RecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .mx: .mx
        case .soa: .soa
        case .txt: .txt
        case .srv: .srv
        case .tlsa: .tlsa
        case .opt: .opt
        case .other(let type, _): type
        }
    }
}

/// The data of an SOA record (RFC 1035 §3.3.13).
package struct StartOfAuthority: Sendable, Hashable {
    package var server: DomainName
    package var mailbox: DomainName
    package var serial: UInt32
    package var refresh: UInt32
    package var retry: UInt32
    package var expire: UInt32
    /// Seconds for which an answer without data may be kept, with the record's TTL as the other bound (RFC 2308 §5).
    package var minimum: UInt32

    package init(
        server: DomainName,
        mailbox: DomainName,
        serial: UInt32,
        refresh: UInt32,
        retry: UInt32,
        expire: UInt32,
        minimum: UInt32
    ) {
        self.server = server
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimum = minimum
    }
}

/// An option of an OPT record (RFC 6891 §6.1.2).
package struct EDNSOption: Sendable, Hashable {
    package var code: UInt16
    package var data: [UInt8]

    package init(code: UInt16, data: [UInt8]) {
        self.code = code
        self.data = data
    }
}
