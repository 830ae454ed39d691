// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

/// Takes in the messages of one command, off the connection and out of the store, up to the end of the command.
///
/// Each goes into its staging as it comes: nothing is held twice.
struct AppendReceiver {
    private let session: IMAPSession
    private let name: StaticString
    private let takesSeveral: Bool
    private let maximumCount: Int
    private var messages: [NewMessage] = []
    /// Octets of all messages so far.
    private var taken: UInt64 = 0
    /// The message that is coming in.
    private var current: (head: AppendMessage, staging: any MessageStaging)?

    init(_ session: IMAPSession, name: StaticString, takesSeveral: Bool) {
        self.session = session
        self.name = name
        self.takesSeveral = takesSeveral
        maximumCount = takesSeveral ? session.configuration.messageLimit?.count ?? 1000 : 1
    }

    mutating func receive(_ first: AppendFragment) async throws -> [NewMessage] {
        var fragment = first
        while true {
            do {
                try await take(fragment)
            } catch {
                try await discard(fragment.literal)
                throw error
            }
            guard let literal = fragment.literal else { return messages }
            try await receive(literal.marker)
            fragment = try await next(after: literal)
        }
    }

    private mutating func take(_ fragment: AppendFragment) async throws {
        for part in fragment.parts { try await take(part) }
        for message in fragment.messages {
            try await finish()
            try begin(message)
            switch message.content {
            case .literal(let literal): try check(literal)
            case .parts(let parts): for part in parts { try await take(part) }
            }
        }
        if fragment.literal == nil { try await finish() }
    }

    private mutating func take(_ part: CatenatePart) async throws {
        switch part {
        case .url(let url): try await copy(url)
        case .text(let literal): try check(literal)
        }
    }

    private mutating func begin(_ message: AppendMessage) throws(CommandRefusal) {
        guard messages.count < maximumCount else { throw tooMany }
        current = (message, session.store.stage())
    }

    private var tooMany: CommandRefusal {
        guard takesSeveral else { return .bad("\(name) takes one message") }
        if let limit = session.configuration.messageLimit { return IMAPSession.exceeded(limit) }
        return .no(.limit, "At most \(maximumCount) messages in one command")
    }

    private mutating func finish() async throws {
        guard let (head, staging) = current else { return }
        current = nil
        guard staging.count > 0 else { throw Self.empty }
        messages.append(
            NewMessage(
                try await staging.finish(),
                flags: head.flags,
                internalDate: head.internalDate ?? MailDate(secondsSince1970: Int64(time(nil)))
            )
        )
    }
}

// What may come.
extension AppendReceiver {
    private static let empty = CommandRefusal.no(.cannot, "A message has at least one octet")

    /// Whether a literal may be sent.
    func check(_ literal: AppendLiteral) throws(CommandRefusal) {
        guard !literal.isUTF8 || session.enabled.contains(.utf8Accept) else {
            throw .bad("UTF8=ACCEPT must be enabled first")
        }
        try check(literal.marker.count)
        guard literal.isPart || literal.marker.count > 0 else { throw Self.empty }
    }

    private func check(_ count: UInt64) throws(CommandRefusal) {
        let maximum = session.facts.maximumMessageOctets
        guard count <= maximum - min(current?.staging.count ?? 0, maximum) else {
            throw .no(.tooBig, "Messages may have \(maximum) octets")
        }
        guard count <= maximum - min(taken, maximum) else {
            throw .no(.limit, "Messages of one command may have \(maximum) octets in all")
        }
    }

    /// Reads past a literal that comes without leave, and the rest of its command.
    func discard(_ literal: AppendLiteral?) async throws {
        guard let marker = literal?.marker, !marker.isSynchronizing else { return }
        try await session.connection.discard(marker.count, andLines: CommandLimits.afterLogOn.line)
    }
}

// Off the connection.
extension AppendReceiver {
    private mutating func receive(_ marker: LiteralMarker) async throws {
        let connection = session.connection
        if marker.isSynchronizing { connection.write("+ Ready for \(marker.count) octets\r\n") }
        var left = marker.count
        var failure: MailStoreError?
        while left > 0 {
            let piece = try await connection.readSome(maximum: Int(min(left, 65_536)))
            guard !piece.isEmpty else { throw IOError.closed }
            left -= UInt64(piece.count)
            guard failure == nil else { continue }
            do throws(MailStoreError) { try add(piece) } catch { failure = error }
        }
        guard let failure else { return }
        // The client is in the middle of its line; what was too long was read to its end.
        let line: Line?
        do throws(IOError) {
            line = try await connection.readLine(maximum: CommandLimits.afterLogOn.line)
        } catch {
            guard error == .lineTooLong else { throw error }
            try await connection.discardBehindLongLine(andLines: CommandLimits.afterLogOn.line)
            throw failure
        }
        if let line, let marker = LiteralMarker(atEndOf: line.bytes) { try await discard(AppendLiteral(marker)) }
        throw failure
    }

    private mutating func add(_ octets: [UInt8]) throws(MailStoreError) {
        try current?.staging.add(octets)
        taken += UInt64(octets.count)
    }

    /// What stands behind the octets of a literal, with the URLs in it that are literals themselves.
    private func next(after literal: AppendLiteral) async throws -> AppendFragment {
        let limits = CommandLimits.afterLogOn
        var assembler = FrameAssembler()
        while true {
            switch assembler.add(line: try await nextLine(maximum: limits.line).bytes) {
            case .complete(let frame): return try literal.following(in: frame)
            case .literal(let marker):
                let isURL =
                    AppendFragment.isAtURL(assembler.bytes) && marker.count <= UInt64(CatenatePart.maximumURLOctets)
                    && assembler.bytes.count < limits.command
                guard isURL else { return try await fragment(assembler.bytes, behind: literal, marker) }
                if marker.isSynchronizing { session.connection.write("+ Ready for \(marker.count) octets\r\n") }
                assembler.add(literal: try await session.connection.readExactly(Int(marker.count)))
            }
        }
    }

    /// One that is too long is no reason to end the session: it was read to its end, and the command with it.
    private func nextLine(maximum: Int) async throws -> Line {
        do throws(IOError) {
            guard let line = try await session.connection.readLine(maximum: maximum) else { throw .closed }
            return line
        } catch {
            guard error == .lineTooLong else { throw error }
            try await session.connection.discardBehindLongLine(andLines: maximum)
            throw CommandRefusal.bad("Line of more than \(maximum) octets")
        }
    }

    /// One that ends with a literal; a client that goes on without waiting is read to its end first when it is not
    /// valid.
    private func fragment(
        _ frame: [UInt8],
        behind literal: AppendLiteral,
        _ marker: LiteralMarker
    ) async throws -> AppendFragment {
        do throws(IMAPSyntaxError) {
            let fragment = try literal.following(in: frame)
            if fragment.literal != nil { return fragment }
            throw IMAPSyntaxError(offset: frame.count, expected: "the end of the command")
        } catch {
            try await discard(AppendLiteral(marker))
            throw error
        }
    }
}

// Out of the store.
extension AppendReceiver {
    private mutating func copy(_ url: [UInt8]) async throws {
        let content = try await session.content(of: url)
        try check(content.count)
        switch content.octets {
        case .chosen(let octets): try add(octets)
        case .stored(let range):
            var start = range.lowerBound
            while start < range.upperBound {
                let end = start + min(IMAPSession.pieceOctets, range.upperBound - start)
                try add(try await session.whole(content.entry, start..<end, from: content.account, for: url))
                start = end
            }
        }
    }
}
