// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import ProtocolTrace
internal import Runtime
internal import SMTPClient

/// Tells the queue that the end of a message is about to leave, and protocol traces what is said.
final class OutgoingObserver: OutboundObserver {
    private let willSendEnd: @Sendable ([Int]) async -> Bool
    private let traces: ProtocolTraces?
    /// Domains of the recipients.
    private let names: [String]
    private let about: String
    /// The session with the host of the moment.
    private let session = Lock<TracedSession?>(nil)

    /// - Parameter about: what message it is, for people.
    init(
        traces: ProtocolTraces?,
        names: @autoclosure () -> [String],
        about: @autoclosure () -> String,
        _ willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) {
        let isTraced = traces?.isOn(.outbound) ?? false
        self.traces = isTraced ? traces : nil
        self.names = isTraced ? names() : []
        self.about = isTraced ? about() : ""
        self.willSendEnd = willSendEnd
    }

    func willSendEndOfData(_ recipients: [Int], to host: SMTPHost) async -> Bool { await willSendEnd(recipients) }

    var wantsTrace: Bool { traces != nil }

    func trace(_ line: OutboundTraceLine) {
        if case .trying(let host, let isReused) = line {
            let fresh = traces?.session(.outbound, peer: host.address, names: names + [host.name])
            session.withLock { $0 = fresh }
            fresh?.note("\(about) to \(host)\(isReused ? ", on an open connection" : "")")
            return
        }
        guard let session = session.withLock({ $0 }) else { return }
        switch line {
        case .trying: break
        case .connected: session.note("connected")
        case .sent(let text): session.client(text)
        case .received(let text): session.server(text)
        case .note(let text): session.note(text)
        case .content(let octets): session.content(octets)
        case .endOfContent: session.endOfContent()
        case .closed: session.note("closed")
        }
    }
}
