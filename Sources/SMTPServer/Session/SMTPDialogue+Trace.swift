// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailTypes
internal import ProtocolTrace
internal import Runtime
internal import SMTPWire

/// What is noted of a session for a protocol trace and for the log of commands.
///
/// Passwords, and what stands for them, never get here: of AUTH the mechanism is shown, of lines that are no command
/// their length.
struct SessionNotes {
    let trace: TracedSession?
    let log: W3CLog?
    private let site: String
    private let peer: SocketAddress
    private var method = ""
    private var query = ""
    private var begun = ContinuousClock.now
    /// Octets of the command, and of the content that came behind it.
    private var received: UInt64 = 0
    var hello = ""
    var user = ""

    init(_ server: SMTPServer, peer: SocketAddress) {
        self.peer = peer
        site = "smtp/\(server.instance)"
        let isInternal = server.service == .internalLMTP
        trace = isInternal ? nil : server.services.traces?.session(.inbound, peer: peer)
        log = isInternal || server.services.log?.isOn != true ? nil : server.services.log
        trace?.note("\(server.service) on \(site)")
    }

    /// Commands whose lines may be shown though they are wrong.
    private static let verbs = [
        "HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "HELP", "VRFY", "EXPN",
        "STARTTLS", "ETRN", "ATRN", "XCLIENT",
    ]

    /// A line came where a command is due.
    mutating func heard(_ line: [UInt8]) {
        guard trace != nil || log != nil else { return }
        let text = String(decoding: line, as: UTF8.self)
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let verb = words.first.map { ASCII.uppercased(String($0)) } ?? ""
        begun = .now
        received = UInt64(line.count) + 2
        if verb == "AUTH" {
            let mechanism = words.dropFirst().first?.split(separator: " ").first.map { String($0.prefix(20)) } ?? ""
            (method, query) = ("AUTH", mechanism)
            trace?.client("AUTH \(mechanism) ***")
        } else if Self.verbs.contains(verb) {
            (method, query) = (verb, words.count > 1 ? String(words[1]) : "")
            trace?.client(text)
            for name in Self.names(in: query, of: verb) { trace?.meet(name: name) }
        } else {
            (method, query) = ("", "")
            trace?.client("(\(line.count) octets that are no command)")
        }
    }

    /// Octets of a message came.
    mutating func took(_ octets: some Collection<UInt8>) {
        received &+= UInt64(octets.count)
        trace?.content(octets)
    }

    /// A reply goes out.
    func said(_ reply: SMTPReply) {
        guard trace != nil || log != nil else { return }
        let encoded = reply.encoded
        if let trace {
            for line in encoded.split(separator: ASCII.lf) {
                trace.server(String(decoding: line.last == ASCII.cr ? line.dropLast() : line, as: UTF8.self))
            }
        }
        guard let log else { return }
        var entry = W3CLog.Entry()
        (entry.clientAddress, entry.clientPort, entry.user) = (peer.host, peer.portNumber, user)
        (entry.site, entry.method, entry.query, entry.status) = (site, method, query, reply.code)
        (entry.sentOctets, entry.receivedOctets, entry.host) = (encoded.count, received, hello)
        let (seconds, attoseconds) = (ContinuousClock.now - begun).components
        entry.milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        log.record(entry)
    }

    /// The domains that a command names.
    private static func names(in text: String, of verb: String) -> [String] {
        switch verb {
        case "HELO", "EHLO", "LHLO", "ETRN", "ATRN":
            return [String(text.prefix { $0 != " " })]
        case "MAIL", "RCPT":
            let path = text.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }
            guard let at = path.lastIndex(of: "@") else { return [] }
            return [String(path[path.index(after: at)...])]
        default: return []
        }
    }
}

extension SocketAddress {
    /// 0 for a Unix socket.
    fileprivate var portNumber: UInt16 {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port
        case .unix: 0
        }
    }
}
