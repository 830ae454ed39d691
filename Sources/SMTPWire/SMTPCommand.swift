// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One command line of SMTP or LMTP.
package enum SMTPCommand: Sendable, Hashable {
    case hello(HelloCommand)
    case mail(MailCommand)
    case recipient(RecipientCommand)
    case data
    case chunk(ChunkCommand)
    case reset
    case noop
    case quit
    case verify(String)
    case expand(String)
    case help(String)
    case startTLS
    case authenticate(AuthCommand)
    case remoteQueue(RemoteQueueCommand)
    case clientAttributes(ClientAttributesCommand)
    case onDemandRelay(OnDemandRelayCommand)

    /// Reads one line, without its line end.
    ///
    /// Throws with the reply that belongs to the fault.
    package static func parse(_ bytes: [UInt8]) throws(SMTPSyntaxError) -> SMTPCommand {
        let line = bytes.span
        var scanner = CommandScanner()
        let verb = scanner.keyword(in: line)
        switch verb {
        case "HELO": return .hello(try HelloCommand(.helo, &scanner, in: line))
        case "EHLO": return .hello(try HelloCommand(.ehlo, &scanner, in: line))
        case "LHLO": return .hello(try HelloCommand(.lhlo, &scanner, in: line))
        case "MAIL": return .mail(try MailCommand(&scanner, in: line))
        case "RCPT": return .recipient(try RecipientCommand(&scanner, in: line))
        case "BDAT": return .chunk(try ChunkCommand(&scanner, in: line))
        case "AUTH": return .authenticate(try AuthCommand(&scanner, in: line))
        case "ETRN": return .remoteQueue(try RemoteQueueCommand(&scanner, in: line))
        case "XCLIENT": return .clientAttributes(try ClientAttributesCommand(&scanner, in: line))
        case "ATRN": return .onDemandRelay(try OnDemandRelayCommand(&scanner, in: line))
        case "NOOP": return .noop  // its argument has no meaning (RFC 5321 §4.1.1.9)
        case "HELP": return .help(scanner.rest(of: line))
        case "VRFY": return .verify(try scanner.argument(in: line))
        case "EXPN": return .expand(try scanner.argument(in: line))
        default: return try bare(verb, &scanner, in: line)
        }
    }

    /// The commands that have no argument.
    private static func bare(
        _ verb: String,
        _ scanner: inout CommandScanner,
        in line: Span<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        let command: SMTPCommand
        switch verb {
        case "DATA": command = .data
        case "RSET": command = .reset
        case "QUIT": command = .quit
        case "STARTTLS": command = .startTLS
        default: throw SMTPSyntaxError(.unknownCommand, at: 0, expected: "a command")
        }
        try scanner.expectEnd(of: line)
        return command
    }

    /// The verb, for logs.
    package var verb: String {
        switch self {
        case .hello(let hello): hello.verb.rawValue
        case .mail: "MAIL"
        case .recipient: "RCPT"
        case .data: "DATA"
        case .chunk: "BDAT"
        case .reset: "RSET"
        case .noop: "NOOP"
        case .quit: "QUIT"
        case .verify: "VRFY"
        case .expand: "EXPN"
        case .help: "HELP"
        case .startTLS: "STARTTLS"
        case .authenticate: "AUTH"
        case .remoteQueue: "ETRN"
        case .clientAttributes: "XCLIENT"
        case .onDemandRelay: "ATRN"
        }
    }

    /// The line with its line end, as a client sends it.
    package var encoded: [UInt8] {
        switch self {
        case .hello(let hello): line(hello.name)
        case .mail(let mail): line(mail.arguments)
        case .recipient(let recipient): line(recipient.arguments)
        case .chunk(let chunk): line(chunk.arguments)
        case .authenticate(let auth): line(auth.arguments)
        case .remoteQueue(let queue): line(queue.arguments)
        case .clientAttributes(let attributes): line(attributes.arguments)
        case .onDemandRelay(let relay): line(relay.arguments)
        case .verify(let text), .expand(let text), .help(let text): line(text)
        case .data, .reset, .noop, .quit, .startTLS: line("")
        }
    }

    private func line(_ arguments: String) -> [UInt8] {
        Array((arguments.isEmpty ? verb : verb + " " + arguments).utf8) + [ASCII.cr, ASCII.lf]
    }
}

extension CommandScanner {
    /// What is left, which must be something.
    mutating func argument(in line: Span<UInt8>) throws(SMTPSyntaxError) -> String {
        let text = rest(of: line)
        guard !text.isEmpty else { throw error(.argument, "an argument") }
        return text
    }
}
