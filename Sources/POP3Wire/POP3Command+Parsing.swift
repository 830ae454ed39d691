// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Why a line is not a command.
package enum POP3SyntaxError: Error, Sendable, Hashable {
    case emptyLine
    /// The keyword, cut and cleaned so that it may be shown.
    case unknownCommand(String)
    case missingArgument(String)
    case unexpectedArgument(String)
    case badNumber(String)

    /// What the client is told after `-ERR `.
    package var text: String {
        switch self {
        case .emptyLine: "empty line where a command was expected"
        case .unknownCommand(let keyword): "unknown command \(keyword)"
        case .missingArgument(let keyword): "\(keyword) needs an argument"
        case .unexpectedArgument(let keyword): "too many arguments for \(keyword)"
        case .badNumber(let keyword): "\(keyword) needs a number from 1 to 2147483647"
        }
    }
}

extension POP3Command {
    /// Octets of a command line without its line end.
    ///
    /// RFC 2449 §4 has 255 with it; clients with long passwords send more.
    package static let maximumLineOctets = 512

    /// Whether a line is an AUTH, whose initial response may be long.
    package static func isAuth(_ line: [UInt8]) -> Bool { ASCII.equalIgnoringCase(line.prefix(5), "AUTH ".utf8) }

    /// Reads one line, without its line end.
    ///
    /// Keywords ignore case; several spaces count as one, and those at the end of the line as none, but for PASS, whose
    /// argument is all that follows one space (RFC 1939 §7).
    package init(parsing line: [UInt8]) throws(POP3SyntaxError) {
        let keyword = line.prefix { $0 != ASCII.space }
        guard !keyword.isEmpty else { throw line.isEmpty ? .emptyLine : .unknownCommand("") }
        let rest = line[keyword.endIndex...].dropFirst()
        let name = String(decoding: keyword.map(ASCII.upper), as: UTF8.self)
        self = try Self.command(name, Arguments(name, rest))
    }

    private static func command(_ name: String, _ arguments: Arguments) throws(POP3SyntaxError) -> POP3Command {
        switch name {
        case "APOP": return .apop
        case "AUTH": return try auth(arguments)
        case "CAPA": return try arguments.none(.capa)
        case "DELE": return .dele(try arguments.number())
        case "LANG": return .lang(try arguments.optionalWord())
        case "LAST": return try arguments.none(.last)
        case "LIST": return .list(try arguments.optionalNumber())
        case "NOOP": return try arguments.none(.noop)
        case "PASS": return .pass(try arguments.wholeRest())
        case "QUIT": return try arguments.none(.quit)
        case "RETR": return .retr(try arguments.number())
        case "RSET": return try arguments.none(.rset)
        case "STAT": return try arguments.none(.stat)
        case "STLS": return try arguments.none(.stls)
        case "TOP": return try top(arguments)
        case "UIDL": return .uidl(try arguments.optionalNumber())
        case "USER": return .user(try arguments.name())
        case "UTF8": return try arguments.none(.utf8)
        default: throw .unknownCommand(Self.shown(name))
        }
    }

    // "AUTH" SP mechanism [SP initial-response]    RFC 5034 §4
    private static func auth(_ arguments: Arguments) throws(POP3SyntaxError) -> POP3Command {
        guard let mechanism = arguments.words.first else { return .authMechanisms }
        guard arguments.words.count <= 2 else { throw .unexpectedArgument("AUTH") }
        return .auth(mechanism: Array(mechanism), initialResponse: arguments.words.dropFirst().first.map { Array($0) })
    }

    private static func top(_ arguments: Arguments) throws(POP3SyntaxError) -> POP3Command {
        guard arguments.words.count >= 2 else { throw .missingArgument("TOP") }
        guard arguments.words.count == 2 else { throw .unexpectedArgument("TOP") }
        guard let lines = Decimal.parse(arguments.words[1]) else { throw .badNumber("TOP") }
        return .top(try arguments.number(at: 0), lines: lines)
    }

    /// A keyword as a reply may show it: at most 16 printable ASCII characters.
    private static func shown(_ name: String) -> String {
        String(decoding: name.utf8.prefix(16).map { $0 > 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
    }
}

/// What follows the keyword.
private struct Arguments {
    let keyword: String
    let rest: ArraySlice<UInt8>
    let words: [ArraySlice<UInt8>]

    init(_ keyword: String, _ rest: ArraySlice<UInt8>) {
        self.keyword = keyword
        self.rest = rest
        words = rest.split(separator: ASCII.space)
    }

    func none(_ command: POP3Command) throws(POP3SyntaxError) -> POP3Command {
        guard words.isEmpty else { throw .unexpectedArgument(keyword) }
        return command
    }

    func number(at index: Int) throws(POP3SyntaxError) -> Int {
        guard let number = Decimal.parse(words[index], maximum: UInt64(Int32.max)), number > 0 else {
            throw .badNumber(keyword)
        }
        return Int(truncatingIfNeeded: number)
    }

    func number() throws(POP3SyntaxError) -> Int {
        guard let number = try optionalNumber() else { throw .missingArgument(keyword) }
        return number
    }

    func optionalNumber() throws(POP3SyntaxError) -> Int? {
        guard words.count <= 1 else { throw .unexpectedArgument(keyword) }
        return words.isEmpty ? nil : try number(at: 0)
    }

    func optionalWord() throws(POP3SyntaxError) -> [UInt8]? {
        guard words.count <= 1 else { throw .unexpectedArgument(keyword) }
        return words.first.map { Array($0) }
    }

    /// A name may hold spaces, but none at its ends.
    func name() throws(POP3SyntaxError) -> [UInt8] {
        guard let first = words.first, let last = words.last else { throw .missingArgument(keyword) }
        return Array(rest[first.startIndex..<last.endIndex])
    }

    func wholeRest() throws(POP3SyntaxError) -> [UInt8] {
        guard !rest.isEmpty else { throw .missingArgument(keyword) }
        return Array(rest)
    }
}
