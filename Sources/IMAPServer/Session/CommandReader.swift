// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import Runtime
internal import SASL

/// Bounds on what a client may send as one command, the message of an APPEND aside.
struct CommandLimits {
    /// Octets of a line.
    ///
    /// RFC 7162 §4 asks for 8,192 at least; sets of UIDs make long ones: 100,000 scattered ones some 800,000 octets.
    var line: Int
    /// Octets of a literal, and of all of a command.
    var command: Int
    var literals: Int
    /// Octets that are read and dropped to stay in step with a client that sends too much without asking.
    static let discarded: UInt64 = 256 << 20

    /// AUTHENTICATE with the longest initial response is one line.
    static let beforeLogOn = CommandLimits(
        line: SASLServerExchange.maximumLineOctets + 512,
        command: 16_384,
        literals: 4
    )
    static let afterLogOn = CommandLimits(line: 1 << 20, command: 1 << 20, literals: 256)
}

/// Reads whole commands off a connection: lines, and literals by count.
struct CommandReader {
    enum Item {
        case command([UInt8])
        /// A command whose message comes next: nothing of it is read, and no leave is given.
        case message(tag: [UInt8], any MessageCommand)
        /// Something that is no command; it is read to its end. No tag when none was seen.
        case refused(tag: [UInt8]?, CommandRefusal)
        /// The connection's notifier was poked before a command began.
        case notice
        case end
    }

    let connection: Connection
    let limits: CommandLimits
    /// Whether messages are left to the caller.
    let takesMessages: Bool
    private var assembler = FrameAssembler()
    private var literals = 0

    init(_ connection: Connection, limits: CommandLimits, takesMessages: Bool) {
        self.connection = connection
        self.limits = limits
        self.takesMessages = takesMessages
    }

    /// - Parameters:
    ///   - textForm: of mailbox names.
    ///   - listening: whether notices are told.
    mutating func next(
        textForm: TextForm = .modifiedUTF7,
        listening: Bool = false
    ) async throws(IOError) -> Item {
        assembler.reset()
        literals = 0
        while true {
            let line: Line
            do throws(IOError) {
                switch try await input(listening: listening && assembler.isEmpty) {
                case .line(let read): line = read
                case .notified: return .notice
                case .end: return .end
                }
            } catch .lineTooLong {
                let tag = tag(of: assembler.isEmpty ? connection.longLineStart : assembler.bytes)
                try await connection.discardBehindLongLine(andLines: limits.line)
                return .refused(tag: tag, .bad("Line of more than \(limits.line) octets"))
            }
            switch assembler.add(line: line.bytes) {
            case .complete(let frame): return .command(frame)
            case .literal(let marker):
                if let item = try await take(marker, textForm) { return item }
            }
        }
    }

    private func input(listening: Bool) async throws(IOError) -> Input {
        if listening { return try await connection.nextInput(maximum: limits.line) }
        guard let line = try await connection.readLine(maximum: limits.line) else { return .end }
        return .line(line)
    }

    /// Reads a literal into the frame; an item when the command ends here.
    private mutating func take(_ marker: LiteralMarker, _ textForm: TextForm) async throws(IOError) -> Item? {
        if takesMessages, let (tag, command) = MessageCommandHead.read(assembler.bytes, textForm: textForm) {
            return .message(tag: tag, command)
        }
        literals += 1
        guard let count = Int(exactly: marker.count),
            count <= limits.command - min(assembler.bytes.count, limits.command),
            literals <= limits.literals
        else { return try await refuse(marker) }
        if marker.isSynchronizing { connection.write("+ Ready for \(count) octets\r\n") }
        assembler.add(literal: try await connection.readExactly(count))
        return nil
    }

    private mutating func refuse(_ marker: LiteralMarker) async throws(IOError) -> Item {
        let tag = tag(of: assembler.bytes)
        assembler.reset()
        if !marker.isSynchronizing { try await connection.discard(marker.count, andLines: limits.line) }
        return .refused(
            tag: tag,
            .no(.tooBig, "Command of more than \(limits.command) octets or \(limits.literals) literals")
        )
    }

    /// The tag of the command that begins so.
    private func tag(of bytes: [UInt8]) -> [UInt8]? {
        var scanner = WireScanner(bytes)
        return try? CommandHead.tag(parsing: &scanner)
    }
}

extension Connection {
    /// Reads and drops a literal that nobody asked for, and the rest of its command.
    func discard(_ count: UInt64, andLines maximumLine: Int) async throws(IOError) {
        var total: UInt64 = 0
        var next: UInt64? = count
        while let count = next {
            total = total.addingReportingOverflow(count).overflow ? .max : total + count
            guard total <= CommandLimits.discarded else { throw .budgetExceeded }
            var left = count
            while left > 0 {
                let piece = try await readSome(maximum: Int(min(left, 65_536)))
                guard !piece.isEmpty else { throw .closed }
                left -= UInt64(piece.count)
            }
            do throws(IOError) {
                guard let line = try await readLine(maximum: maximumLine) else { throw .closed }
                let marker = LiteralMarker(atEndOf: line.bytes)
                next = marker.flatMap { $0.isSynchronizing ? nil : $0.count }
            } catch .lineTooLong {
                next = announcedByLongLine
            }
        }
    }

    /// Drops the literal that a line ends with which was too long, and the rest of its command: nothing of it is taken for
    /// commands.
    func discardBehindLongLine(andLines maximumLine: Int) async throws(IOError) {
        guard let count = announcedByLongLine else { return }
        try await discard(count, andLines: maximumLine)
    }

    /// Octets that follow a line which was too long, sent without waiting for leave.
    private var announcedByLongLine: UInt64? {
        LiteralMarker(atEndOf: longLineEnd).flatMap { $0.isSynchronizing ? nil : $0.count }
    }

    /// Gathers a response.
    func write(_ response: Response) {
        var encoder = WireEncoder()
        encoder.response(response)
        write(encoder.bytes)
    }
}

extension Connection {
    /// Keeps what is gathered small in loops that make many responses.
    func flushIfLarge() async throws(IOError) {
        if unsentCount > 65_536 { try await flush() }
    }
}
