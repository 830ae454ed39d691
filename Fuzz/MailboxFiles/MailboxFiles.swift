// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailTypes
import MailboxFormats

/// Any octets as an mbox, the same however they are cut; any octets as a message that is written and read again; any
/// octets as the names and small files of a Maildir.
@main
enum FuzzMailboxFiles {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        for quoting in MboxQuoting.allCases {
            precondition(messages(input, quoting, input.count) == messages(input, quoting, 1))
        }
        roundTrip(input)
        let name = MaildirFileName(parsing: input)
        precondition(name.base.count <= input.count)
        _ = name.mark
        _ = MaildirFiles.uidListName(input)
        _ = MaildirFiles.keywords(input)
        _ = MaildirFiles.subscriptions(input, separator: 0x2E)
        for levels in [FolderName.levels(ofMaildir: input) ?? [], [FolderName.fromMbox(input)]] {
            precondition(levels.allSatisfy { !$0.contains("/") && !$0.contains("\n") })
        }
    }

    private nonisolated static func messages(_ input: [UInt8], _ quoting: MboxQuoting, _ pieces: Int) -> [[UInt8]] {
        var parser = MboxParser(quoting: quoting, isSeparator: { $0 % 3 == 0 })
        var events: [MboxEvent] = []
        for start in stride(from: 0, to: input.count, by: max(1, pieces)) {
            parser.feed(Array(input[start..<min(start + max(1, pieces), input.count)]), into: &events)
        }
        parser.finish(into: &events)
        var found: [[UInt8]] = []
        var octets: [UInt8] = []
        for event in events {
            switch event {
            case .begin: octets = []
            case .octets(let some): octets += some
            case .end: found.append(octets)
            }
        }
        return found
    }

    private nonisolated static func roundTrip(_ input: [UInt8]) {
        var check = LineEndCheck()
        check.add(input)
        var file: [UInt8] = []
        for _ in 0..<2 {
            var writer = MboxWriter(isExact: !check.isPlain)
            file += writer.head(MboxMetadata(), size: UInt64(input.count)) + writer.add(input) + writer.finish()
        }
        precondition(messages(file, .rd, file.count) == [input, input])
    }
}
