// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Compression

/// Compression of what goes over a connection, within TLS where there is TLS (RFC 4978 §3).
package final class DeflateLayer {
    let inflater: Inflater

    fileprivate init(_ inflater: Inflater) { self.inflater = inflater }
}

extension Connection {
    /// Compressed octets become at most so many at a time: a peer cannot have more made of few.
    static let inflatedOctets = 64 * 1024

    /// Sends what is gathered as it is, and then compresses both directions.
    ///
    /// - Parameter received: octets of the peer that were read already, and are compressed.
    package func startDeflate(received: [UInt8]) async throws(IOError) {
        try await flush()
        guard deflate == nil, let inflater = Inflater() else { throw .closed }
        let early = received + takeBuffered()
        unsafe early.withUnsafeBytes { unsafe inflater.add($0) }
        deflate = DeflateLayer(inflater)
    }

    /// Moves what was compressed to the input; false when more has to come first.
    func inflateInput(_ layer: DeflateLayer) throws(IOError) -> Bool {
        do throws(Inflater.Failure) {
            let octets = try layer.inflater.read(maximum: Self.inflatedOctets)
            input.bytes += octets
            return !octets.isEmpty
        } catch {
            throw .closed
        }
    }
}
