// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The envelope in a summary, as it lies there: which octets are which field, without a string made of each.
///
/// FETCH ENVELOPE, SORT, THREAD and SEARCH by dates read it of every message of a mailbox; what they do not need is passed
/// over, and so are the parts.
package struct SummaryEnvelope: Sendable {
    /// Where an octet string lies in `octets`.
    package typealias Place = Range<Int>

    /// As `EnvelopeAddress`, by places; `nil` where it has `nil`.
    package struct Address: Sendable {
        package var name: Place?
        package var route: Place?
        package var mailbox: Place?
        package var host: Place?
    }

    /// A list of addresses, in the order of the layout.
    package enum List: Int, Sendable {
        case from, sender, replyTo, to, cc, bcc
    }

    /// What the summary lies in.
    package let octets: [UInt8]
    /// Of the message.
    package let size: UInt64
    package let date: Place?
    package let subject: Place?
    package let inReplyTo: Place?
    package let messageID: Place?
    /// `nil` where the summary was made by a release that did not keep them.
    package let references: Place?
    private var addresses: [Address] = []
    /// How many addresses there are up to the end of each list.
    private var ends: InlineArray<6, Int> = .init(repeating: 0)

    /// About how much memory it takes, in octets.
    package var keptOctets: Int { octets.count + addresses.count * MemoryLayout<Address>.stride }

    /// That of a structure which is no summary yet.
    package init(of structure: MessageStructure) {
        // What is written is read, since the bounds of a parse are those of a summary.
        self = SummaryEnvelope(MessageSummary(structure: structure).encode()) ?? SummaryEnvelope(size: structure.size)
    }

    /// Without any field.
    private init(size: UInt64) {
        octets = []
        self.size = size
        date = nil
        subject = nil
        inReplyTo = nil
        messageID = nil
        references = nil
    }

    /// Reads the beginning of what `MessageSummary.encode` wrote; `nil` for anything else.
    package init?(_ summary: [UInt8]) { self.init(summary, at: 0..<summary.count) }

    /// The same of a summary that lies at `place` among other octets.
    ///
    /// - Precondition: `place` lies within `octets`.
    package init?(_ octets: [UInt8], at place: Range<Int>) {
        self.octets = octets
        var reader = ByteReader(octets, at: place.lowerBound)
        // As most have, all lists told.
        addresses.reserveCapacity(8)
        do throws(ByteReaderError) {
            let version = try reader.integer(UInt8.self)
            guard MessageSummary.versions.contains(version) else { return nil }
            size = try reader.variableInteger()
            _ = try reader.variableInteger()
            date = try reader.place()
            subject = try reader.place()
            inReplyTo = try reader.place()
            messageID = try reader.place()
            for list in 0..<6 {
                let count = try reader.variableInteger()
                guard count <= UInt64(MessageLimits.standard.addresses * 2 - addresses.count) else { return nil }
                for _ in 0..<count {
                    addresses.append(
                        Address(
                            name: try reader.place(),
                            route: try reader.place(),
                            mailbox: try reader.place(),
                            host: try reader.place()
                        )
                    )
                }
                ends[list] = addresses.count
            }
            references = version > MessageSummary.versionWithoutReferences ? try reader.countedPlace() : nil
            guard reader.offset <= place.upperBound else { return nil }
        } catch {
            return nil
        }
    }

    /// As the header has it.
    package func addresses(_ list: List) -> ArraySlice<Address> {
        addresses[(list.rawValue == 0 ? 0 : ends[list.rawValue - 1])..<ends[list.rawValue]]
    }

    /// As ENVELOPE has it: From where Sender or Reply-To is absent or empty (RFC 9051 §7.5.2).
    package func effectiveAddresses(_ list: List) -> ArraySlice<Address> {
        let own = addresses(list)
        return own.isEmpty && (list == .sender || list == .replyTo) ? addresses(.from) : own
    }

    /// The octets of a field; `nil` when it is absent.
    package func text(_ place: Place?) -> [UInt8]? { place.map { Array(octets[$0]) } }

    /// The Date field as a moment; `nil` when it is absent or not a date.
    package var sentDate: MailDate? { date.flatMap { MailDate(headerField: octets, at: $0) } }

    /// The first of a list that is an address and not the name of a group.
    package func firstAddress(_ list: List) -> EnvelopeAddress? {
        let all = addresses(list)
        guard let first = all.first(where: { $0.host != nil }) ?? all.first else { return nil }
        return EnvelopeAddress(
            name: text(first.name),
            route: text(first.route),
            mailbox: text(first.mailbox),
            host: text(first.host)
        )
    }
}

extension ByteReader {
    /// Passes over a counted octet string, and says where it is.
    mutating func countedPlace() throws(ByteReaderError) -> Range<Int> {
        try place(of: try variableInteger())
    }

    /// The same of one that may be absent: its count is moved up by one.
    mutating func place() throws(ByteReaderError) -> Range<Int>? {
        let length = try variableInteger()
        return length > 0 ? try place(of: length - 1) : nil
    }

    private mutating func place(of length: UInt64) throws(ByteReaderError) -> Range<Int> {
        guard let count = Int(exactly: length) else { throw ByteReaderError(offset: offset) }
        let start = offset
        try skip(count)
        return start..<start + count
    }
}
