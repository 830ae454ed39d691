// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
package import MailTypes

/// What one FETCH response told of a message.
package struct FetchedMessage: Sendable, Hashable {
    package var number: SequenceNumber
    package var values: [FetchValue]

    package init(number: SequenceNumber, values: [FetchValue]) {
        self.number = number
        self.values = values
    }

    package var uid: UID? {
        for case .uid(let uid) in values { return uid }
        return nil
    }
}

extension IMAPClientSession {
    /// Reads messages (RFC 9051 §6.4.5).
    ///
    /// - Parameters:
    ///   - sink: is given the octets of bodies as they come, in whatever form; the values have them without.
    ///   - each: is given every FETCH response that comes meanwhile; also one that a change by others caused.
    package func fetch(
        _ command: FetchCommand,
        bodies sink: BodySink? = nil,
        each: (FetchedMessage) -> Void = { _ in }
    ) async throws(IMAPClientError) {
        let tag = try await send(command)
        var status: StatusResponse?
        while status == nil {
            let frame = try await readFrame(sink)
            let response = try parse(frame)
            try note(response)
            if case .fetch(let number, let values) = response {
                each(await emptied(FetchedMessage(number: number, values: values), sink))
            }
            status = finished.removeValue(forKey: tag.octets)
        }
        guard let status, status.condition == .ok else { throw .refused(status ?? StatusResponse(.no, nil, "-")) }
    }

    /// Gives bodies that came quoted to the sink as well.
    private func emptied(_ message: FetchedMessage, _ sink: BodySink?) async -> FetchedMessage {
        guard let sink else { return message }
        var message = message
        for (index, value) in message.values.enumerated() {
            guard let octets = value.bodyOctets, !octets.isEmpty else { continue }
            let empty = value.withoutOctets
            let size = UInt64(octets.count)
            let body = StreamedBody(number: message.number, uid: message.uid, item: empty, size: size)
            await sink(body, octets)
            await sink(body, [])
            message.values[index] = empty
        }
        return message
    }
}

extension FetchValue {
    fileprivate var withoutOctets: FetchValue {
        switch self {
        case .section(let section, let origin, _): .section(section, origin: origin, [])
        case .binary(let part, let origin, _): .binary(part, origin: origin, [])
        case .legacy(let name, _): .legacy(name, [])
        default: self
        }
    }
}
