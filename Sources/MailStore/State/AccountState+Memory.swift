// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

// What an account remembers beside its mailboxes, in a snapshot.
extension AccountState {
    func encodeQuarantine(to writer: inout ByteWriter) {
        writer.variableInteger(UInt64(quarantine.count))
        for message in quarantine {
            writer.add(message.id)
            writer.string(message.mailboxName.text)
            writer.signed(message.seconds)
            writer.add(message.keywords)
            writer.addWhole(message.entry)
        }
    }

    mutating func decodeQuarantine(_ reader: inout RecordReader) throws(ByteReaderError) {
        for _ in 0..<(try reader.count(of: 20)) {
            let (id, name, seconds) = (try reader.quarantineID(), try reader.name(), try reader.signed())
            let keywords = try reader.keywords()
            quarantine.append(
                QuarantinedMessage(
                    id: id,
                    mailboxName: name,
                    entry: try reader.wholeEntry(),
                    keywords: keywords,
                    seconds: seconds
                )
            )
        }
    }
}

// What clients keep with mailboxes.
extension AccountState {
    /// Octets of all names and values.
    var annotationOctets: Int { annotations.values.reduce(0) { $0 + $1.octets } }

    func encodeAnnotations(to writer: inout ByteWriter) {
        writer.variableInteger(UInt64(annotations.count))
        for (mailbox, entries) in annotations.sorted(by: { $0.key < $1.key }) {
            writer.add(mailbox)
            writer.variableInteger(UInt64(entries.count))
            for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
                writer.string(name)
                writer.counted(value)
            }
        }
    }

    mutating func decodeAnnotations(_ reader: inout RecordReader) throws(ByteReaderError) {
        for _ in 0..<(try reader.count(of: 2)) {
            let mailbox = try reader.mailbox()
            var entries = Annotations()
            for _ in 0..<(try reader.count(of: 2)) {
                let name = try reader.annotationName()
                entries[name] = try reader.annotationValue()
            }
            annotations[mailbox] = entries.isEmpty ? nil : entries
        }
    }
}

// Rights that others have to mailboxes.
extension AccountState {
    func encodeAccessLists(to writer: inout ByteWriter) {
        writer.variableInteger(UInt64(accessLists.count))
        for (mailbox, list) in accessLists.sorted(by: { $0.key < $1.key }) {
            writer.add(mailbox)
            writer.add(list.map { AccessEntry($0.key, $0.value) }.sorted { $0.identifier < $1.identifier })
        }
    }

    mutating func decodeAccessLists(_ reader: inout RecordReader) throws(ByteReaderError) {
        for _ in 0..<(try reader.count(of: 2)) {
            let mailbox = try reader.mailbox()
            let list = AccessList().changed(by: try reader.accessEntries())
            accessLists[mailbox] = list.isEmpty ? nil : list
        }
    }
}

extension ByteWriter {
    mutating func add(_ threads: [UInt64: ThreadID]) {
        variableInteger(UInt64(threads.count))
        for (key, thread) in threads.sorted(by: { $0.key < $1.key }) {
            integer(key)
            integer(thread.rawValue)
        }
    }
}

extension RecordReader {
    mutating func threads() throws(ByteReaderError) -> [UInt64: ThreadID] {
        let count = try count(of: 16)
        var threads: [UInt64: ThreadID] = [:]
        threads.reserveCapacity(count)
        for _ in 0..<count { threads[try fixed64()] = ThreadID(try fixed64()) }
        return threads
    }
}

extension ArrivalLog {
    func encode(to writer: inout ByteWriter) {
        writer.variableInteger(UInt64(entries.count))
        var last = Entry(modSeq: .zero, uidNext: 0, seconds: 0)
        for entry in CollectionOfOne(floor) + entries {
            writer.variableInteger(entry.modSeq.rawValue &- last.modSeq.rawValue)
            writer.variableInteger(entry.uidNext)
            writer.signed(entry.seconds &- last.seconds)
            last = entry
        }
    }

    init(decoding reader: inout RecordReader) throws(ByteReaderError) {
        let count = try reader.count(of: 3)
        let floor = try Entry(decoding: &reader, after: nil)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var last = floor
        for _ in 0..<count {
            last = try Entry(decoding: &reader, after: last)
            entries.append(last)
        }
        self.init(floor: floor, entries: entries)
    }
}

extension ArrivalLog.Entry {
    /// Numbers count from those of the entry before.
    fileprivate init(decoding reader: inout RecordReader, after last: Self?) throws(ByteReaderError) {
        modSeq = ModSeq(try reader.number() &+ (last?.modSeq.rawValue ?? 0))
        uidNext = try reader.number()
        seconds = try reader.signed() &+ (last?.seconds ?? 0)
    }
}
