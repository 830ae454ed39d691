// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// What a host says to us before any mail is sent, for `connector test`.
package struct SMTPProbe: Sendable, Hashable {
    package var host: SMTPHost
    /// What the host calls itself; empty when it did not come to that.
    package var serverName = ""
    package var capabilities = SMTPCapabilities()
    package var tls: TLSFacts?
    package var isAuthenticated = false
    /// Why no mail could be sent this way; `nil` when it could.
    package var failure: SMTPClientError?

    init(_ host: SMTPHost) { self.host = host }
}

extension SMTPOutbound {
    /// Connects as for a message, TLS and log-on included, and says goodbye.
    package func probe(
        _ host: SMTPHost,
        via options: SMTPOutboundOptions,
        observer: (any OutboundObserver)? = nil
    ) async -> SMTPProbe {
        var probe = SMTPProbe(host)
        do throws(SMTPClientError) {
            let session = try await open(host, options, Manner(), observer)
            probe.serverName = session.serverName
            probe.capabilities = session.capabilities
            probe.tls = session.tls
            probe.isAuthenticated = session.isAuthenticated
            await session.quit()
        } catch {
            probe.failure = error
        }
        return probe
    }
}
