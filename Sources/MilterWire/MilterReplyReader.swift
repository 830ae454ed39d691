// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads replies of a filter from octets as they come, cut anywhere.
package struct MilterReplyReader: Sendable {
    /// Longest packet: a body may be replaced in pieces of a mebibyte.
    package static let maximumOctets: UInt32 = (1 << 20) + 1
    /// Macros that a filter may ask for at one stage, and lines of one reply.
    private static let maximumItems = 256

    private var octets: [UInt8] = []
    private var start = 0

    package init() {}

    /// Whether part of a reply has come.
    package var isInside: Bool { start < octets.count }

    package mutating func add(_ more: [UInt8]) {
        if start > 0 {
            octets.removeFirst(start)
            start = 0
        }
        octets += more
    }

    /// The next reply; `nil` when it is not whole yet.
    ///
    /// After an error the stream makes no sense any more.
    package mutating func next() throws(MilterSyntaxError) -> MilterReply? {
        guard octets.count - start >= 4 else { return nil }
        let length = Self.integer(octets[start..<start + 4])
        guard length > 0, length <= Self.maximumOctets else { throw .length(length) }
        guard octets.count - start - 4 >= Int(length) else { return nil }
        let kind = octets[start + 4]
        let payload = octets[start + 5..<start + 4 + Int(length)]
        start += 4 + Int(length)
        return try Self.parse(kind, payload)
    }

    private static func parse(_ kind: UInt8, _ payload: ArraySlice<UInt8>) throws(MilterSyntaxError) -> MilterReply {
        switch Character(Unicode.Scalar(kind)) {
        case "O": .terms(try terms(payload))
        case "c": .proceed
        case "a": .accept
        case "r": .reject
        case "t": .temporaryFailure
        case "d": .discard
        case "s": .skip
        case "p": .progress
        case "f", "4": .connectionFailure
        case "y": .reply(try replyText(payload))
        default: .change(try change(kind, payload))
        }
    }

    private static func change(_ kind: UInt8, _ payload: ArraySlice<UInt8>) throws(MilterSyntaxError) -> MilterChange {
        switch Character(Unicode.Scalar(kind)) {
        case "h":
            let parts = try strings(kind, payload, 2...2)
            return .addHeader(name: parts[0], value: parts[1])
        case "i":
            let parts = try strings(kind, payload.dropFirst(4), 2...2)
            return .insertHeader(at: integer(payload.prefix(4)), name: parts[0], value: parts[1])
        case "m":
            let parts = try strings(kind, payload.dropFirst(4), 2...2)
            return .changeHeader(number: integer(payload.prefix(4)), name: parts[0], value: parts[1])
        case "+": return .addRecipient(text(try strings(kind, payload, 1...1)[0]), parameters: "")
        case "2":
            let parts = try strings(kind, payload, 1...2)
            return .addRecipient(text(parts[0]), parameters: parts.count > 1 ? text(parts[1]) : "")
        case "-": return .deleteRecipient(text(try strings(kind, payload, 1...1)[0]))
        case "b": return .replaceBody(Array(payload))
        case "e":
            let parts = try strings(kind, payload, 1...2)
            return .changeSender(text(parts[0]), parameters: parts.count > 1 ? text(parts[1]) : "")
        case "q": return .quarantine(reason: text(try strings(kind, payload, 1...1)[0]))
        default: throw .unknown(kind)
        }
    }

    private static func terms(_ payload: ArraySlice<UInt8>) throws(MilterSyntaxError) -> MilterTerms {
        guard payload.count >= 12 else { throw .payload(UInt8(ascii: "O")) }
        let words = [0, 4, 8].map { integer(payload.dropFirst($0).prefix(4)) }
        var terms = MilterTerms(
            version: words[0],
            actions: MilterActions(rawValue: words[1]),
            omissions: MilterProtocol(rawValue: words[2])
        )
        var rest = payload.dropFirst(12)
        while !rest.isEmpty {
            guard rest.count > 4, let end = rest.dropFirst(4).firstIndex(of: 0),
                let stage = MilterStage(rawValue: integer(rest.prefix(4))), terms.macros[stage] == nil
            else { throw .payload(UInt8(ascii: "O")) }
            let names = rest[(rest.startIndex + 4)..<end].split { ASCII.isBlank($0) || $0 == 0x2C }
            guard names.count <= maximumItems else { throw .payload(UInt8(ascii: "O")) }
            terms.macros[stage] = names.map { text(Array($0)) }
            rest = rest[(end + 1)...]
        }
        return terms
    }

    // The form of an SMTP reply, lines divided by CR LF or LF; a percent sign comes doubled.
    private static func replyText(_ payload: ArraySlice<UInt8>) throws(MilterSyntaxError) -> MilterReplyText {
        let whole = try strings(UInt8(ascii: "y"), payload, 1...1)[0]
        let lines = whole.split(separator: ASCII.lf).map { $0.last == ASCII.cr ? $0.dropLast() : $0 }
        guard let first = lines.first, lines.count <= maximumItems, first.count >= 3,
            let code = Decimal.parse(first.prefix(3)), (400...599).contains(code)
        else { throw .payload(UInt8(ascii: "y")) }
        var reply = MilterReplyText(code: UInt16(code), lines: [])
        for line in lines {
            let mark = line.dropFirst(3).first ?? ASCII.space
            guard Decimal.parse(line.prefix(3)) == code, mark == ASCII.space || mark == 0x2D else {
                throw .payload(UInt8(ascii: "y"))
            }
            var rest = line.dropFirst(4)
            let word = rest.prefix { $0 != ASCII.space }
            let numbers = word.split(separator: ASCII.dot, omittingEmptySubsequences: false)
            if numbers.count == 3, Decimal.parse(numbers[0]) == code / 100,
                let subject = Decimal.parse(numbers[1], maximum: 999),
                let detail = Decimal.parse(numbers[2], maximum: 999)
            {
                (reply.subject, reply.detail) = (UInt16(subject), UInt16(detail))
                rest = rest.dropFirst(word.count + 1)
            }
            reply.lines.append(text(undoubled(rest)))
        }
        return reply
    }

    private static func undoubled(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var previousIsPercent = false
        for octet in octets {
            previousIsPercent = octet == 0x25 && !previousIsPercent
            if octet != 0x25 || previousIsPercent { result.append(octet) }
        }
        return result
    }

    /// Strings that end with null octets; the last may lack its own.
    private static func strings(
        _ kind: UInt8,
        _ payload: ArraySlice<UInt8>,
        _ count: ClosedRange<Int>
    ) throws(MilterSyntaxError) -> [[UInt8]] {
        let whole = payload.last == 0 ? payload.dropLast() : payload
        let parts = whole.split(separator: 0, maxSplits: count.upperBound, omittingEmptySubsequences: false)
        guard !payload.isEmpty, count.contains(parts.count) else { throw .payload(kind) }
        return parts.map(Array.init)
    }

    private static func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

    private static func integer(_ octets: ArraySlice<UInt8>) -> UInt32 {
        octets.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
