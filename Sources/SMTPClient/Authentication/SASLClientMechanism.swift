// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The client's side of one SASL exchange (RFC 4422 §3).
protocol SASLClientMechanism: Sendable {
    static var name: String { get }
    /// Whether the secret is readable in the exchange.
    static var revealsSecret: Bool { get }
    init(_ credentials: SMTPCredentials)
    /// What goes with the command (RFC 4422 §3.3); `nil` when the server speaks first.
    mutating func initialResponse() -> [UInt8]?
    /// What answers a challenge; `nil` when the challenge cannot be right.
    mutating func response(to challenge: [UInt8]) async -> [UInt8]?
    /// Whether the exchange may end in success now: a server that had to prove something has.
    var isSatisfied: Bool { get }
}

/// RFC 4616.
struct PlainClient: SASLClientMechanism {
    static let name = "PLAIN"
    static let revealsSecret = true
    private let credentials: SMTPCredentials
    let isSatisfied = true

    init(_ credentials: SMTPCredentials) { self.credentials = credentials }

    // message = [authzid] UTF8NUL authcid UTF8NUL passwd    RFC 4616 §2
    func initialResponse() -> [UInt8]? { [0] + Array(credentials.user.utf8) + [0] + credentials.password }

    /// A server that answers the initial response with a challenge did not take it.
    func response(to challenge: [UInt8]) async -> [UInt8]? { challenge.isEmpty ? initialResponse() : nil }
}

/// The mechanism without a standard that old servers offer: two questions, whose wording means nothing.
struct LoginClient: SASLClientMechanism {
    static let name = "LOGIN"
    static let revealsSecret = true
    private let credentials: SMTPCredentials
    private var asked = 0
    var isSatisfied: Bool { asked == 2 }

    init(_ credentials: SMTPCredentials) { self.credentials = credentials }

    func initialResponse() -> [UInt8]? { nil }

    mutating func response(to challenge: [UInt8]) async -> [UInt8]? {
        asked += 1
        switch asked {
        case 1: return Array(credentials.user.utf8)
        case 2: return credentials.password
        default: return nil
        }
    }
}
