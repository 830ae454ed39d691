// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Asks filters that speak the milter protocol what is to become of mail, and what is to be changed in it.
//
// Invariants:
// - Every wait for a filter has an end. A filter that is away, stalls, or says what it may not, costs at most these
//   times, and what then becomes of the message is a setting.
// - Of what a filter wanted changed all is done or nothing: a filter that fails half-way has changed nothing.
// - Nothing blocks: a session is used by one connection's task, on its loop.
internal import MailTypes
package import MilterWire
package import Runtime
package import SMTPWire

/// What is known of a client, for filters.
package struct MilterClientFacts: Sendable {
    package var hostName: String
    package var listener: String
    package var peer: SocketAddress
    package var local: SocketAddress
    /// The client's name in the domain name system, if the name has the client's address.
    package var name: String?
    /// The name that the client's address has, whether or not that can be relied on.
    package var pointer: String?
    /// As Sendmail says it: `OK`, `FORGED`, `FAIL`.
    package var resolution = "FAIL"

    /// - Parameters:
    ///   - hostName: what this server calls itself.
    ///   - listener: the listener's name in the settings.
    package init(hostName: String, listener: String, peer: SocketAddress, local: SocketAddress) {
        self.hostName = hostName
        self.listener = listener
        self.peer = peer
        self.local = local
    }
}

/// What is known of a message's envelope when it begins, for filters.
package struct MilterEnvelopeFacts: Sendable {
    /// What names the message in the log.
    package var id: String
    /// The name that the client gave in EHLO.
    package var hello: String
    package var tls: TLSFacts?
    /// Who is logged on.
    package var user: String?

    package init(id: String, hello: String, tls: TLSFacts? = nil, user: String? = nil) {
        self.id = id
        self.hello = hello
        self.tls = tls
        self.user = user
    }
}

/// What a filter decided, for all stages of a message alike.
package enum MilterVerdict: Sendable, Hashable {
    case proceed
    /// The client gets this reply.
    case refuse(SMTPReply)
    /// The client is told that all is well, and the message is dropped.
    case discard
}

/// A message as filters read it.
package protocol MilterBody: Sendable {
    /// Octets of the body.
    var count: UInt64 { get }
    /// Up to `maximum` octets from `offset` on; none at the end.
    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8]
}

/// Takes the pieces of a new body; what it throws fails the filter.
package protocol MilterBodyReceiver {
    func take(_ piece: [UInt8]) throws(IOError)
}

/// What a filter wants of a whole message.
package struct MilterOutcome: Sendable {
    package var verdict: MilterVerdict
    /// In the filter's order, without the pieces of a new body.
    package var changes: [MilterChange] = []
    /// Whether a new body was handed over.
    package var replacesBody = false
    /// Values of header fields come with the blank behind the colon.
    package var bringsSpace = false

    package init(_ verdict: MilterVerdict) { self.verdict = verdict }
}

/// Why a filter could not be asked.
package enum MilterFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case io(IOError)
    case syntax(MilterSyntaxError)
    /// It said what has no place here.
    case unexpected(String)

    package var description: String {
        switch self {
        case .io(let error): error.description
        case .syntax(let error): error.description
        case .unexpected(let what): what
        }
    }
}
