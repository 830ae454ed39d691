// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime
internal import SMTPWire

extension SMTPClientError {
    /// The server went away between two transactions.
    static let closed = SMTPClientError(.envelope, .io(.closed))

    /// The failure as a reply, for the queue and for reports: always one that asks for another try.
    func reply(of host: SMTPHost) -> SMTPReply {
        SMTPReply(451, status, lines: [PrintableText.escaped("\(host): \(description)")])
    }

    /// Whether the server has no TLS, or none that can be verified; not when the connection only broke.
    var showsThatTLSIsMissing: Bool {
        switch (stage, cause) {
        case (.tls, .missing), (.tls, .refused), (.tls, .io(.tls)): true
        default: false
        }
    }

    private var status: StatusDetail {
        switch (stage, cause) {
        case (_, .unreadable), (_, .withheld): .mailSystem
        case (.connect, _): .noAnswerFromHost
        case (.tls, .missing): .securityNotSupported
        case (.tls, _): .cryptographicFailure
        case (.authentication, .missing): .securityNotSupported
        case (.authentication, _): .badCredentials
        case (_, .notAReply), (_, .unexpected): .protocolOther
        case (_, .refused): .notAccepting
        default: .badConnection
        }
    }
}

extension SMTPOutbound.Manner {
    /// Another manner in which the same host may be talked to; `nil` when there is none.
    func other(after error: SMTPClientError, _ options: SMTPOutboundOptions) -> SMTPOutbound.Manner? {
        var other = self
        switch (error.stage, error.cause) {
        // RFC 7435 §4: opportunistic TLS must not keep mail from getting through.
        case (.tls, .io), (.tls, .notAReply):
            guard usesTLS, !options.implicitTLS, !options.security.needsTLS else { return nil }
            other.usesTLS = false
        // Servers that hang up at the sight of EHLO.
        case (.hello, .io(.closed)):
            guard usesEHLO, options.dialect == .smtp, !options.security.needsTLS, options.credentials == nil else {
                return nil
            }
            other.usesEHLO = false
        default: return nil
        }
        return other
    }
}
