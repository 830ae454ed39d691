// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Compression

/// Compression of what goes over a connection, within TLS where there is TLS (RFC 4978 §3).
package final class DeflateLayer {
    let inflater: Inflater
    /// Nothing more is compressed here, and the peer ends its side where its last flush ends.
    var isEnding = false

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

    /// Sends what is gathered compressed, and then no longer compresses; what the peer sends behind its last flush, or
    /// behind the end of its stream, is taken as it is (RFC 8437 §4.1).
    ///
    /// To be called when the peer has sent the last of what it compresses, and all of that but its flush was read.
    package func endDeflate() async throws(IOError) {
        try await flush()
        deflate?.isEnding = true
    }

    /// Puts octets back in front of what is read next.
    package func unread(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        var before = InputBuffer()
        before.bytes = bytes + takeBuffered()
        input = before
    }

    /// Takes the layer off once the peer has ended its side; true when octets had come behind it.
    func dropDeflateIfEnded() -> Bool {
        guard let layer = deflate, layer.isEnding, layer.inflater.isAtBoundary else { return false }
        deflate = nil
        let plain = layer.inflater.takePending()
        input.bytes += plain
        return !plain.isEmpty
    }

    /// Moves what was compressed to the input; false when more has to come first.
    func inflateInput(_ layer: DeflateLayer) throws(IOError) -> Bool {
        do throws(Inflater.Failure) {
            let octets = try layer.inflater.read(maximum: Self.inflatedOctets, stopsAtBoundary: layer.isEnding)
            input.bytes += octets
            return !octets.isEmpty
        } catch {
            throw .closed
        }
    }
}
