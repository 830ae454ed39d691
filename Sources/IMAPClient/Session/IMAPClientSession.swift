// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes
package import Runtime

/// One connection to a server, used by one task.
package final class IMAPClientSession {
    package enum State: Sendable, Hashable {
        case greeting
        case notAuthenticated
        case authenticated
        case selected
        case loggedOut
    }

    /// A command that was sent and is not answered.
    struct Pending {
        var tag: [UInt8]
        var traits: CommandTraits
        var isUID: Bool
    }

    let connection: Connection
    package let limits: IMAPClientLimits
    package internal(set) var state = State.greeting
    /// What the server offered last, in upper case; empty when it has not been asked.
    package internal(set) var capabilities: Set<String> = []
    package internal(set) var mailbox: SelectedMailbox?
    /// Names that the server said it switched on, in upper case.
    package internal(set) var enabled: Set<String> = []
    var pending: [Pending] = []
    var finished: [[UInt8]: StatusResponse] = [:]
    private var commands: UInt64 = 0
    /// Why nothing more can be asked.
    var failure: IMAPClientError?
    /// What the server said in its BYE.
    var farewell: StatusResponse?

    /// The connection must be open, the greeting not yet read.
    package init(_ connection: Connection, limits: IMAPClientLimits = IMAPClientLimits()) {
        self.connection = connection
        self.limits = limits
        connection.idleTimeout = limits.wait
    }

    /// What TLS agreed on; `nil` in the clear.
    package var tls: TLSFacts? { connection.tls }

    /// Pokes the session from any thread: an IDLE that is under way ends.
    package var interrupter: Notifier { connection.notifier }

    var textForm: TextForm { enabled.isDisjoint(with: ["IMAP4REV2", "UTF8=ACCEPT"]) ? .modifiedUTF7 : .utf8 }

    func nextTag() -> [UInt8] {
        commands += 1
        return Array("m\(commands)".utf8)
    }

    // MARK: Opening and closing

    /// Reads the greeting (RFC 9051 §7.1), and asks for capabilities when it has none.
    ///
    /// - Throws: `.bye` when the server does not want to talk.
    package func open() async throws(IMAPClientError) {
        let frame = try await readFrame()
        guard case .untagged(let greeting) = try parse(frame) else { throw fail(.unexpected("no greeting")) }
        switch greeting.condition {
        case .ok: state = .notAuthenticated
        case .preauth: state = .authenticated
        case .bye: throw fail(.bye(greeting))
        case .no, .bad: throw fail(.unexpected("\(greeting.condition.rawValue) as greeting"))
        }
        note(capabilitiesIn: greeting.code)
        if capabilities.isEmpty { try await askCapabilities() }
    }

    /// Turns TLS on now: before the greeting, where the port is one of TLS (RFC 8314 §3.2).
    package func connectTLS(_ context: TLSContext, serverName: String) async throws(IMAPClientError) {
        do throws(IOError) {
            try await connection.connectTLS(context, serverName: serverName)
        } catch {
            throw fail(.io(error))
        }
    }

    /// Closes at once.
    package func abort() {
        state = .loggedOut
        connection.abort()
    }

    /// Remembers why the session is over.
    func fail(_ error: IMAPClientError) -> IMAPClientError {
        guard !error.leavesSessionOpen else { return error }
        var reason = error
        if let farewell, case .io = error { reason = .bye(farewell) }
        failure = failure ?? reason
        state = .loggedOut
        return reason
    }

    func note(capabilitiesIn code: ResponseCode?) {
        guard case .capability(let words) = code else { return }
        capabilities = Set(words.map { $0.uppercased() })
    }

    func offers(_ capability: String) -> Bool { capabilities.contains(capability) }
}
