// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A command as far as a relay looks at it.
struct IMAPRelayedCommand: Sendable, Hashable {
    /// `nil` when the line does not begin with a tag; the back-end answers such lines untagged.
    var tag: [UInt8]?
    /// Upper case, at most 16 octets.
    var verb: String

    /// A line of one word has that for a tag, as back-ends see it, but for DONE.
    ///
    /// - Parameter head: the first line, possibly cut.
    init(head: [UInt8]) {
        let line = head.last == ASCII.cr ? head.dropLast() : head[...]
        let words = line.split(separator: ASCII.space, maxSplits: 2, omittingEmptySubsequences: false)
        let isDone = words.count == 1 && ASCII.equalIgnoringCase(line, "DONE".utf8)
        tag = words.first.flatMap { Self.isTag($0) && !isDone ? Array($0) : nil }
        let word = tag == nil ? line[...].prefix(16) : words.dropFirst().first?.prefix(16) ?? []
        verb = String(decoding: word.map(ASCII.upper), as: UTF8.self)
    }

    // tag = 1*<any ASTRING-CHAR except "+">    RFC 9051 §9
    private static func isTag(_ word: ArraySlice<UInt8>) -> Bool {
        !word.isEmpty
            && word.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"(){%*\"\\+".utf8.contains($0) }
    }
}

/// Cuts the client's octets into commands, by lines and literals (RFC 9051 §2.2.1), without looking further.
struct IMAPCommandFraming: Sendable {
    enum Phase: Hashable { case line, literal(UInt64), awaitingContinuation(UInt64) }
    /// `isFirst`: no event of the same command came before.
    enum Event: Hashable {
        /// The client now waits for a continuation, or for a tagged answer that spares it the literal.
        case synchronizingLiteral(IMAPRelayedCommand, isFirst: Bool)
        case ended(IMAPRelayedCommand, isFirst: Bool)
    }

    private static let headLimit = 1024

    private(set) var phase = Phase.line
    private(set) var hasBegun = false
    /// A literal of this command was announced and waited for.
    private(set) var isAnnounced = false
    private var head: [UInt8] = []
    private var headIsWhole = false
    private var lineEnd = IMAPLineEnd()

    var isAtCommandStart: Bool { phase == .line && !hasBegun }
    var isAwaitingContinuation: Bool { if case .awaitingContinuation = phase { true } else { false } }

    /// Consumes octets up to the next event, or all of them.
    ///
    /// Consumes none while the client has to wait.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> (consumed: Int, event: Event?) {
        var rest = bytes
        while !rest.isEmpty {
            switch phase {
            case .awaitingContinuation:
                return (bytes.count - rest.count, nil)
            case .literal(let octets):
                let count = Int(clamping: min(octets, UInt64(rest.count)))
                rest = rest.dropFirst(count)
                phase = octets > UInt64(count) ? .literal(octets - UInt64(count)) : .line
            case .line:
                let end = rest.firstIndex(of: ASCII.lf)
                add(rest[..<(end ?? rest.endIndex)])
                rest = end.map { rest[($0 + 1)...] } ?? []
                if end != nil, let event = endLine() { return (bytes.count - rest.count, event) }
            }
        }
        return (bytes.count, nil)
    }

    /// Consumes octets up to the end of a line that is no command, whatever it ends with; `isWhole` when that was there.
    mutating func takeLine(_ bytes: ArraySlice<UInt8>) -> (consumed: Int, isWhole: Bool) {
        let end = bytes.firstIndex(of: ASCII.lf)
        add(bytes[..<(end ?? bytes.endIndex)])
        guard let end else { return (bytes.count, false) }
        reset()
        return (end + 1 - bytes.startIndex, true)
    }

    /// The back-end wants the literal.
    mutating func continued() {
        guard case .awaitingContinuation(let octets) = phase else { return }
        phase = octets == 0 ? .line : .literal(octets)
    }

    /// The back-end has answered and does not want the literal, or nobody will ask for it: the client goes on with its
    /// next command.
    mutating func rejected() {
        if isAwaitingContinuation { reset() }
    }

    private mutating func add(_ octets: ArraySlice<UInt8>) {
        hasBegun = true
        if !headIsWhole, head.count < Self.headLimit { head += octets.prefix(Self.headLimit - head.count) }
        lineEnd.add(octets)
    }

    private mutating func endLine() -> Event? {
        hasBegun = true
        headIsWhole = true
        let literal = lineEnd.end()
        guard let literal else {
            let event = Event.ended(IMAPRelayedCommand(head: head), isFirst: !isAnnounced)
            reset()
            return event
        }
        guard literal.isSynchronizing else {
            phase = literal.octets == 0 ? .line : .literal(literal.octets)
            return nil
        }
        phase = .awaitingContinuation(literal.octets)
        defer { isAnnounced = true }
        return .synchronizingLiteral(IMAPRelayedCommand(head: head), isFirst: !isAnnounced)
    }

    private mutating func reset() { self = IMAPCommandFraming() }
}
