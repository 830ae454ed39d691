// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// An event as one line of the log: a JSON object and a line feed.
///
/// Nothing in it is ever used as a format.
struct EventLine {
    /// A longer text is cut, with a note of how much is missing.
    static let maximumTextOctets = 32_768
    /// A longer line loses its fields: one write to the log stays one line.
    static let maximumOctets = 262_144
    static let start = Array("{\"time\":\"".utf8)

    let bytes: [UInt8]

    init(_ event: Event, process: String, pid: Int32) {
        let whole = Self.line(event, process: process, pid: pid, fields: Self.unique(event.fields))
        bytes =
            whole.count <= Self.maximumOctets
            ? whole
            : Self.line(event, process: process, pid: pid, fields: [("fields.omitted", .count(event.fields.count))])
    }

    private static func line(
        _ event: Event,
        process: String,
        pid: Int32,
        fields: [(key: String, value: EventValue)]
    ) -> [UInt8] {
        let definition = event.definition
        var members = [
            JSONMember("time", .string(Timestamp.text(nanoseconds: event.time))),
            JSONMember("id", .integer(Int64(definition.number))),
            JSONMember("name", .string(definition.name)),
            JSONMember("type", .string(definition.type.rawValue)),
            JSONMember("severity", .integer(Int64(definition.type.level.severity))),
            JSONMember("process", .string(process)),
            JSONMember("pid", .integer(Int64(pid))),
            JSONMember("text", .string(definition.text)),
        ]
        if definition.type.level <= .warning {
            members.append(JSONMember("cause", .string(definition.cause)))
            members.append(JSONMember("action", .string(definition.action)))
        }
        if let trace = event.trace { members.append(JSONMember("trace", .string(cut(trace)))) }
        if !fields.isEmpty {
            members.append(JSONMember("fields", .object(fields.map { JSONMember($0.key, json($0.value)) })))
        }
        return JSONValue.object(members).encoded + [ASCII.lf]
    }

    /// Of fields with the same key the last counts; it stands where the first stood.
    private static func unique(_ fields: [(key: String, value: EventValue)]) -> [(key: String, value: EventValue)] {
        var kept: [(key: String, value: EventValue)] = []
        for field in fields {
            if let index = kept.firstIndex(where: { $0.key == field.key }) {
                kept[index].value = field.value
            } else {
                kept.append(field)
            }
        }
        return kept
    }

    private static func json(_ value: EventValue) -> JSONValue {
        switch value {
        case .string(let text): .string(cut(text))
        case .integer(let number): .integer(number)
        case .double(let number): .number(number)
        case .bool(let claim): .bool(claim)
        case .list(let texts): .strings(texts.prefix(1000).map(cut))
        }
    }

    private static func cut(_ text: String) -> String {
        let excess = text.utf8.count - maximumTextOctets
        guard excess > 0 else { return text }
        return String(decoding: text.utf8.prefix(maximumTextOctets), as: UTF8.self) + "… (+\(excess) octets)"
    }
}
