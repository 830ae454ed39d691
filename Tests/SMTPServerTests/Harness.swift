// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Glibc
import Locking
import MailTypes
import Runtime
import SASL
import SMTPServer
import SMTPWire
import Settings

/// What a test server took in.
struct StoredMessage: Sendable, Equatable {
    var sender: String
    var recipients: [String]
    var content: String

    /// What stands behind the trace fields: the octets the client sent.
    var body: String {
        var rest = Substring(content)
        while ["Return-Path:", "Delivered-To:", "Received:", "\t"].contains(where: { rest.hasPrefix($0) }),
            let end = rest.firstIndex(of: "\r\n")
        {
            rest = rest[rest.index(after: end)...]
        }
        return String(rest)
    }
}

/// Keeps messages in memory.
///
/// Recipients whose local part is a reply code get that reply at the end.
final class RecordingSink: MessageSink {
    let stored = Lock<[StoredMessage]>([])
    let transactions = Lock<[MailTransaction]>([])
    let aborted = Lock(0)

    var messages: [StoredMessage] { stored.withLock { $0 } }

    func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        if transaction.reversePath.description.contains("nospace") {
            throw SMTPReply(452, .mailSystemFull, "Disk full")
        }
        transactions.withLock { $0.append(transaction) }
        return Incoming(self, transaction)
    }

    private final class Incoming: IncomingMessage {
        private let sink: RecordingSink
        private let transaction: MailTransaction
        private var octets: [UInt8] = []

        init(_ sink: RecordingSink, _ transaction: MailTransaction) {
            self.sink = sink
            self.transaction = transaction
        }

        func add(_ bytes: [UInt8]) async throws(SMTPReply) { octets += bytes }

        func finish() async -> [SMTPReply] {
            let replies = transaction.recipients.map { recipient -> SMTPReply in
                guard let code = UInt16(recipient.forwardPath.description.dropFirst().prefix(3)) else {
                    return SMTPReply(250, .other, "Stored")
                }
                return SMTPReply(code, .otherMailbox, "As asked")
            }
            let message = StoredMessage(
                sender: "\(transaction.reversePath)",
                recipients: transaction.recipients.map { "\($0.forwardPath)" },
                content: String(decoding: octets, as: UTF8.self)
            )
            sink.stored.withLock { $0.append(message) }
            return replies
        }

        func abort() async { sink.aborted.withLock { $0 += 1 } }
    }
}

/// alice, bob and every number at example.test; others as their names say.
struct TestDirectory: RecipientResolver, SenderPolicy, Authenticator {
    func resolve(_ recipient: ForwardPath, from sender: ReversePath, user: AuthenticatedUser?) async
        -> RecipientResolution
    {
        guard case .address(let address) = recipient else {
            guard let postmaster = MailboxAddress("postmaster@example.test") else { return .temporary }
            return .deliver([LocalDelivery(account: AccountID(9), address: postmaster)])
        }
        guard address.domain.text == "example.test" else { return .notLocal }
        switch address.localPart.folded {
        case "alice", "bob", "bücher": return .deliver([LocalDelivery(account: AccountID(1), address: address)])
        case "full": return .overQuota
        case "gone": return .disabled
        case "slow": return .temporary
        case let name where UInt16(name) != nil:
            return .deliver([LocalDelivery(account: AccountID(2), address: address)])
        default: return .unknown
        }
    }

    func mayUse(_ address: MailboxAddress, by user: AuthenticatedUser) async -> SenderVerdict {
        address.localPart.folded == "slow" ? .unavailable : address == user.name ? .allowed : .notOwned
    }

    func authenticate(user: String, password: [UInt8], service: MailService, peer: String) async
        -> AuthenticationOutcome
    {
        guard let name = MailboxAddress(user), service == .submission else { return .invalidCredentials }
        switch String(decoding: password, as: UTF8.self) {
        case "secret": return .success(AuthenticatedUser(account: AccountID(1), name: name))
        case "off": return .notPermitted
        case "down": return .unavailable
        default: return .invalidCredentials
        }
    }
}

/// Keeps the names of events.
final class EventNames: EventSink {
    let names = Lock<[String]>([])
    func record(_ event: Event) { names.withLock { $0.append(event.definition.name) } }
    var all: [String] { names.withLock { $0 } }
}

/// A server with what it stored and reported.
struct TestServer: Sendable {
    let sink = RecordingSink()
    let events = EventNames()
    let server: SMTPServer

    init(
        _ service: SMTPService = .receive,
        settings: [String: String] = [:],
        tls: TLSContext? = nil,
        implicitTLS: Bool = false,
        relay: (any RelayPolicy)? = nil,
        queues: (any QueueStarter)? = nil
    ) {
        let directory = TestDirectory()
        server = SMTPServer(
            service,
            instance: "1",
            hostName: "mx.example.test",
            tls: tls,
            implicitTLS: implicitTLS,
            services: SMTPServices(
                recipients: directory,
                sink: sink,
                authenticator: directory,
                senders: directory,
                relay: relay,
                queues: queues,
                settings: LiveSettings(SettingsSnapshot(texts: Self.quiet.merging(settings) { $1 })),
                events: EventRecorder(sink: events)
            )
        )
    }

    var messages: [StoredMessage] { sink.messages }

    /// Scripts are sent in one piece, which is what early talkers do.
    private static let quiet = ["smtp/early-talkers": "ignore"]

    /// Sends `script` in pieces and returns everything the server said until it closed; with `closes`, the client goes
    /// away when the script is sent.
    @discardableResult
    func run(_ script: [UInt8], piece: Int = .max, closes: Bool = false) async throws -> String {
        let server = server
        return try await EventLoop.run { loop in
            try await Connection.withPeer(
                loop: loop,
                peer: {
                    await server.serve($0); await $0.close()
                }
            ) { client in
                var rest = script[...]
                while !rest.isEmpty {
                    client.write(Array(rest.prefix(piece)))
                    rest = rest.dropFirst(piece)
                    do { try await client.flush() } catch { break }
                    if piece < .max { try await loop.sleep(for: .zero) }
                }
                if closes {
                    await client.close()
                    return ""
                }
                var said: [UInt8] = []
                while case let some = (try? await client.readSome(maximum: 65_536)) ?? [], !some.isEmpty {
                    said += some
                }
                return String(decoding: said, as: UTF8.self)
            }
        }
    }

    @discardableResult
    func run(_ script: String, piece: Int = .max) async throws -> String {
        try await run(Array(script.utf8), piece: piece)
    }

    /// The codes of the replies' last lines, as `220 250 354 250 221`.
    func codes(_ script: String, piece: Int = .max) async throws -> String {
        Self.codes(in: try await run(script, piece: piece))
    }

    static func codes(in transcript: String) -> String {
        transcript.split(separator: "\r\n").filter { $0.dropFirst(3).first == " " }.map { String($0.prefix(3)) }
            .joined(separator: " ")
    }
}

/// A certificate that vouches for itself, in files for the time of a test.
func withCertificate<R>(_ body: (TLSContext, TLSContext) async throws -> R) async throws -> R {
    let made = try SelfSignedCertificate(names: ["localhost"])
    let base = "/tmp/martlet-test-\(Hex.encode(secureRandom(8)))"
    for (suffix, bytes) in [(".crt", made.certificate), (".key", made.key)] {
        let fd = unsafe open(base + suffix, O_CREAT | O_WRONLY, 0o600)
        _ = unsafe Glibc.write(fd, bytes, bytes.count)
        close(fd)
    }
    defer { for suffix in [".crt", ".key"] { unsafe unlink(base + suffix) } }
    let server = try TLSContext.server(certificateFile: base + ".crt", keyFile: base + ".key")
    return try await body(server, try TLSContext.client(verify: false))
}
