// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The Date field in a summary, for whoever wants nothing else of it: it comes before all that takes long to read.
package struct SummaryDate: Sendable {
    /// Of the message.
    package let size: UInt64
    /// `nil` when the field is absent or not a date.
    package let date: MailDate?

    /// Reads the beginning of what `MessageSummary.encode` wrote, which lies at `place` among other octets; `nil` for
    /// anything else.
    ///
    /// - Precondition: `place` lies within `octets`.
    package init?(_ octets: [UInt8], at place: Range<Int>) {
        var reader = ByteReader(octets, at: place.lowerBound)
        do throws(ByteReaderError) {
            let version = try reader.integer(UInt8.self)
            guard MessageSummary.versions.contains(version) else { return nil }
            size = try reader.variableInteger()
            _ = try reader.variableInteger()
            let field = try reader.place()
            guard reader.offset <= place.upperBound else { return nil }
            date = field.flatMap { MailDate(headerField: octets, at: $0) }
        } catch {
            return nil
        }
    }
}
