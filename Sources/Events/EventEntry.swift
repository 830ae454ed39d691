// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// An event read back from the log.
package struct EventEntry: Sendable, Equatable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package let time: Int64
    package let number: UInt16
    package let name: String
    package let type: EventType
    package let process: String
    package let pid: Int64
    package let text: String
    package let trace: String?
    package let fields: [JSONMember]
    /// The line as a value, with all it holds.
    package let json: JSONValue

    /// Reads a line of the log.
    ///
    /// A line that begins in the middle of a torn one is found by its start; `nil` when there is no whole event in it.
    package init?(line: [UInt8]) {
        if let json = try? JSONValue(parsing: line), let entry = Self(json) {
            self = entry
            return
        }
        guard let start = Self.lastStart(in: line), start > 0,
            let json = try? JSONValue(parsing: Array(line[start...])), let entry = Self(json)
        else { return nil }
        self = entry
    }

    private init?(_ json: JSONValue) {
        guard let time = json["time"]?.string.flatMap(Timestamp.parse),
            let number = json["id"]?.integer.flatMap(UInt16.init(exactly:)),
            let name = json["name"]?.string, let type = json["type"]?.string.flatMap(EventType.init(rawValue:))
        else { return nil }
        self.time = time
        self.number = number
        self.name = name
        self.type = type
        process = json["process"]?.string ?? ""
        pid = json["pid"]?.integer ?? 0
        text = json["text"]?.string ?? ""
        trace = json["trace"]?.string
        fields = json["fields"]?.members ?? []
        self.json = json
    }

    /// The part of the name before the first dot.
    package var source: String { String(name.prefix { $0 != "." }) }

    /// Where the last event of a line begins.
    ///
    /// A quotation mark within a text is escaped, so this occurs nowhere else.
    private static func lastStart(in line: [UInt8]) -> Int? {
        let start = EventLine.start
        guard line.count >= start.count else { return nil }
        return (0...line.count - start.count).last {
            line[$0] == 0x7B && line[$0..<$0 + start.count].elementsEqual(start)
        }
    }

    /// One line for people, safe to show on a terminal:
    /// `2026-11-21 07:16:47.123 warning 9190 events.dropped [imap-1] Events were lost … events.count=3`.
    package var line: String {
        let moment = Timestamp.text(nanoseconds: time, fractionDigits: 3).dropLast().replacing("T", with: " ")
        var shown = "\(moment) \(type.rawValue) \(number) \(name) [\(process)] \(text)"
        if let trace { shown += " trace=\(trace)" }
        for field in fields { shown += " \(field.name)=\(Self.shown(field.value))" }
        return PrintableText.escaped(shown)
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text) where !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" }: text
        default: String(decoding: value.encoded, as: UTF8.self)
        }
    }
}
