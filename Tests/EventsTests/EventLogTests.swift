// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Locking
internal import Testing

@Suite struct EventLogTests {
    private let folder = TemporaryFolder()

    private func log(_ change: (inout EventLogOptions) -> Void = { _ in }) -> EventLog {
        var options = EventLogOptions()
        options.usesJournal = false
        change(&options)
        return EventLog(folder: folder.path, process: "test-1", options: options)
    }

    private func entries(_ filter: EventFilter = EventFilter()) -> [EventEntry] {
        EventReader(folder: folder.path).last(100_000, filter)
    }

    @Test func `A line holds all of the event, an error its cause and action too`() throws {
        let recorder = EventRecorder(sink: log(), context: [("a.context", "c")])
        recorder.record(.sampleInformation, ["b.number": 7, "b.text": "x", "b.list": .list(["p", "q"])], trace: "t1")
        recorder.record(.sampleError)
        let lines = folder.lines().map { String(decoding: $0, as: UTF8.self) }
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("{\"time\":\"20"))
        #expect(
            lines[0].hasSuffix(
                ",\"id\":65001,\"name\":\"sample.happened\",\"type\":\"information\",\"severity\":6,"
                    + "\"process\":\"test-1\",\"pid\":\(getpid()),\"text\":\"It happened.\",\"trace\":\"t1\","
                    + "\"fields\":{\"a.context\":\"c\",\"b.number\":7,\"b.text\":\"x\",\"b.list\":[\"p\",\"q\"]}}"
            )
        )
        #expect(lines[1].contains("\"cause\":\"A fault.\",\"action\":\"Mend it.\""))
    }

    @Test(arguments: [
        "%s%n%x%@%p", "two\nlines\r\n", "\u{1B}[31m", "quote\" back\\slash", "nul\0", "\u{85}\u{202E}",
        "{\"time\":\"x\"}",
        String(decoding: [0xFF, 0xFE, 0xC0], as: UTF8.self),
    ])
    func `Foreign text is data, at every level`(text: String) {
        for level in EventLevel.allCases {
            EventRecorder(sink: log { $0.level = level }).record(.sampleError, ["smtp.subject": .string(text)])
        }
        #expect(folder.lines().count == EventLevel.allCases.count)
        #expect(entries().map { $0.fields.first?.value } == EventLevel.allCases.map { _ in .string(text) })
        #expect(entries().allSatisfy { !$0.line.utf8.contains { $0 < 0x20 } })
    }

    @Test func `Very long and very many fields end in a bounded line that is read`() throws {
        let recorder = EventRecorder(sink: log())
        recorder.record(.sampleInformation, ["a": .string(String(repeating: "é", count: 50_000))])
        recorder.record(.sampleInformation, ["a": .list((0..<1000).map { _ in String(repeating: "y", count: 1000) })])
        let read = entries()
        #expect(read.count == 2)
        #expect(read[0].fields[0].value.string?.hasSuffix("… (+67232 octets)") == true)
        #expect(read[1].fields == [JSONMember("fields.omitted", 1)])
    }

    @Test func `Of a field set twice the last counts`() {
        EventRecorder(sink: log(), context: [("a", 1), ("b", 2)]).record(.sampleInformation, ["a": 3])
        #expect(entries().first?.fields == [JSONMember("a", 3), JSONMember("b", 2)])
    }

    @Test func `The level is live`() {
        let log = log { $0.level = .error }
        let recorder = EventRecorder(sink: log)
        recorder.record(.sampleInformation)
        recorder.record(.otherAudit)
        recorder.record(.sampleError)
        var options = EventLogOptions()
        options.usesJournal = false
        options.level = .notice
        log.replace(options: options)
        recorder.record(.sampleInformation)
        recorder.record(.otherAudit)
        #expect(entries().map(\.number) == [65_002, 65_003])
    }

    @Test func `Writers at once and rotation lose and tear no line`() async {
        let writers = 6
        let each = 1500
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                // A log of its own, as in a process of its own: nothing shared but the files.
                let log = log {
                    $0.maximumOctets = 100_000
                    $0.filesKept = 400
                }
                group.addTask {
                    let recorder = EventRecorder(sink: log)
                    for number in 0..<each {
                        recorder.record(.sampleInformation, ["writer": .count(writer), "number": .count(number)])
                    }
                }
            }
        }
        #expect(folder.names.count > 10)
        #expect(folder.names.flatMap { folder.lines(of: $0) }.allSatisfy { (try? JSONValue(parsing: $0)) != nil })
        var seen: [[Int64]] = Array(repeating: [], count: writers)
        for entry in entries() {
            guard let writer = entry.fields[0].value.integer, let number = entry.fields[1].value.integer else {
                continue
            }
            seen[Int(writer)].append(number)
        }
        for numbers in seen { #expect(numbers.sorted() == Array(0..<Int64(each))) }
    }

    @Test func `Threads sharing one log lose nothing`() async {
        let log = log { $0.maximumOctets = 50_000 }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<300 { EventRecorder(sink: log).record(.sampleInformation) } }
            }
        }
        #expect(entries().count == 1200)
    }

    @Test func `Only as many old files are kept as asked for`() {
        let recorder = EventRecorder(
            sink: log {
                $0.maximumOctets = 2000
                $0.filesKept = 2
            }
        )
        for _ in 0..<2000 { recorder.record(.sampleInformation) }
        #expect(folder.names == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"])
    }

    @Test func `A file removed under the log is made anew within a second`() async throws {
        let recorder = EventRecorder(sink: log())
        recorder.record(.sampleInformation)
        unsafe unlink("\(folder.path)/events.jsonl")
        for _ in 0..<70 { recorder.record(.sampleError) }
        #expect(entries().count >= 5)
    }

    @Test func `A full disk costs events, which are counted and then reported`() {
        let isFull = Lock(true)
        var options = EventLogOptions()
        options.usesJournal = false
        let log = EventLog(folder: folder.path, process: "t", options: options) { descriptor, bytes in
            guard isFull.withLock({ $0 }) else { return unsafe write(descriptor, bytes, bytes.count) }
            errno = ENOSPC
            return -1
        }
        let recorder = EventRecorder(sink: log)
        for _ in 0..<5 { recorder.record(.sampleInformation) }
        #expect(log.dropped == 5)
        isFull.withLock { $0 = false }
        recorder.record(.sampleError)
        #expect(log.dropped == 0)
        #expect(entries().map(\.number) == [65_002, 9190])
        #expect(entries().last?.fields == [JSONMember("events.count", 5)])
    }

    @Test func `A line cut by a full disk spoils no other`() {
        let isFull = Lock(true)
        var options = EventLogOptions()
        options.usesJournal = false
        let log = EventLog(folder: folder.path, process: "t", options: options) { descriptor, bytes in
            let count = isFull.withLock { $0 } ? min(bytes.count, 40) : bytes.count
            isFull.withLock { $0 = false }
            return unsafe write(descriptor, bytes, count)
        }
        let recorder = EventRecorder(sink: log)
        recorder.record(.sampleInformation)
        #expect(log.dropped == 1)
        recorder.record(.sampleError)
        #expect(entries().map(\.number) == [65_002, 9190])
    }

    @Test(arguments: ["/proc/martlet/log", "/dev/null/log", "/nonexistent/deep/log"])
    func `A folder that cannot be made costs events, no error`(path: String) {
        var options = EventLogOptions()
        options.usesJournal = false
        let log = EventLog(folder: path, process: "t", options: options)
        for _ in 0..<3 { EventRecorder(sink: log).record(.sampleError) }
        #expect(log.dropped == 3)
    }

    @Test func `systemd's journal gets each event as one datagram`() throws {
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = "\(folder.path)/journal"
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            for (index, octet) in path.utf8.enumerated() { unsafe field[index] = octet }
        }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        let log = log {
            $0.usesJournal = true
            $0.journalPath = path
        }
        EventRecorder(sink: log).record(.sampleError, ["smtp.reply": "a\nb", "n": 4], trace: "t")
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(listener, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        #expect(
            String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                == "MESSAGE=It failed. (sample.part.failed 65002)\nPRIORITY=3\nSYSLOG_IDENTIFIER=martlet\n"
                + "MARTLET_EVENT=65002\nMARTLET_NAME=sample.part.failed\nMARTLET_PROCESS=test-1\nMARTLET_TRACE=t\n"
                + "MARTLET_SMTP_REPLY\n\u{3}\0\0\0\0\0\0\0a\nb\nMARTLET_N=4\n"
        )
        EventRecorder(sink: log).record(.sampleError, ["big": .string(String(repeating: "x", count: 400_000))])
        #expect(entries().count == 2)
    }

    @Test func `A link in place of the file is not followed`() {
        unsafe symlink("/tmp/martlet-must-not-exist", "\(folder.path)/events.jsonl")
        let log = log()
        EventRecorder(sink: log).record(.sampleError)
        #expect(log.dropped == 1)
        #expect(unsafe access("/tmp/martlet-must-not-exist", F_OK) != 0)
    }
}
