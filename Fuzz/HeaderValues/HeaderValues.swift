// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailTypes
import MessageFormat

/// Any bytes as the value of each structured header field, and as text to be decoded.
@main
enum FuzzHeaderValues {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let kind = input.first else { return }
        let value = Array(input.dropFirst())
        switch kind % 6 {
        case 0: checkAddresses(EnvelopeAddress.list(parsing: value))
        case 1:
            let whole = MailDate(headerField: value)
            precondition(MailDate(headerField: [0x20] + value + [0x20], at: 1..<value.count + 1) == whole)
            if let date = whole {
                precondition(MailDate(headerField: Array(date.headerText.utf8)) == date)
            }
        case 2: checkCollation(value)
        case 3:
            let type = MediaType(parsing: value)
            precondition(!type.type.isEmpty && !type.subtype.isEmpty)
            for name in ["name", "charset", "boundary"] { _ = type.parameters.text(of: name) }
        case 5:
            // What was made has nothing left that could be made otherwise.
            guard let made = SurrogateHeader.make(of: value) else { return }
            precondition(SurrogateHeader.make(of: made).map { $0 == made } ?? true)
        default:
            let half = value.count / 2
            _ = Charset.text(Array(value[half...]), charset: Array(value[..<half]))
            _ = ContentDisposition(parsing: value)
        }
    }

    /// What is read is compared as text, or as the octets that it is; either way it is not much larger than it was.
    nonisolated static func checkCollation(_ value: [UInt8]) {
        let read = EncodedWord.read(value)
        let key = CollationKey(read)
        // A character of three octets becomes eighteen at most, of up to four.
        precondition(key.octets.count <= 24 * read.text.utf8.count + read.octets.count + 1)
        precondition(read.isReadable || read.octets.isEmpty || key.octets.first == 0xFF)
        precondition(!read.isReadable || String(validating: key.octets, as: UTF8.self) != nil)
        let subject = BaseSubject(value)
        precondition(subject.key.octets.count <= key.octets.count)
    }

    /// Groups begin and end in turn, and do not nest.
    nonisolated static func checkAddresses(_ list: [EnvelopeAddress]) {
        var inGroup = false
        for address in list {
            precondition(!(address.isGroupStart && inGroup) && !(address.isGroupEnd && !inGroup))
            if address.host == nil { inGroup = address.isGroupStart }
        }
        precondition(!inGroup)
    }
}
