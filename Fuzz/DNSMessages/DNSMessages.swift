// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import DNSRecords
import FuzzDriver

/// Any octets as a message of the domain name system: an error or a value within its bounds, which is the same again
/// when it was written and read.
@main
enum FuzzDNSMessages {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let message = try? DNSMessage(parsing: input) else { return }
        let records = message.answers + message.authority + message.additional
        precondition(records.count * 11 <= input.count)
        for record in records.prefix(8) {
            precondition(record.name.wire.count <= DomainName.maximumOctets)
            precondition(DomainName(record.name.description) == record.name)
            _ = message.records(of: record.name, .mx)
        }
        guard let octets = try? message.encoded() else { return }
        precondition((try? DNSMessage(parsing: octets)) == message)
    }
}
