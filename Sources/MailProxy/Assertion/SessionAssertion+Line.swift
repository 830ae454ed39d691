// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime

/// The one line that opens a session:
/// ```
/// MARTLET1 imap <payload> <HMAC-SHA256>
/// ```
/// Payload and signature are in URL-safe base64; the signature covers all of the line before its space. The line is
/// good for 30 seconds. A later version of Martlet may append to the payload, so what follows the known fields is
/// passed over.
extension SessionAssertion {
    /// Octets of a line without its line end.
    package static let maximumLineOctets = 4096
    /// How long an assertion is good for.
    package static let lifetimeMilliseconds: Int64 = 30_000
    /// How much the clocks of two machines may differ.
    package static let toleratedSkewMilliseconds: Int64 = 5_000

    private static let magic = Array("MARTLET1".utf8)
    private static let maximumFieldOctets = 1024

    /// The line without its line end.
    ///
    /// `now` is in milliseconds since 1970.
    package func line(key: AssertionSecret, now: Int64) -> [UInt8] {
        Self.signedLine(`protocol`.rawValue, payload: payload(now), key: key)
    }

    /// A line with any payload, for tests of the reader.
    package static func signedLine(_ protocol: String, payload: [UInt8], key: AssertionSecret) -> [UInt8] {
        let words = [magic, Array(`protocol`.utf8), Base64.encode(payload, urlSafe: true)]
        let signed = Array(words.joined(separator: [ASCII.space]))
        return signed + [ASCII.space] + Base64.encode(key.sign(signed), urlSafe: true)
    }

    /// Reads and checks a line.
    ///
    /// Any octets are an answer.
    package init(verifying line: [UInt8], key: AssertionSecret, now: Int64) throws(AssertionError) {
        guard line.count <= Self.maximumLineOctets else { throw .malformed }
        let words = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard words.count == 4, words[0].elementsEqual(Self.magic), let signature = Base64.decode(words[3]),
            let name = AssertedProtocol(rawValue: String(decoding: words[1], as: UTF8.self))
        else { throw .malformed }
        // The signature is looked at first: nothing is parsed that was not vouched for.
        let signed = Array(line[..<words[2].endIndex])
        guard constantTimeEqual(key.sign(signed), signature) else { throw .badSignature }
        guard let payload = Base64.decode(words[2]) else { throw .malformed }
        let times: (issued: Int64, expires: Int64)
        do throws(ByteReaderError) {
            (self, times) = try Self.read(payload, name)
        } catch {
            throw .malformed
        }
        try Self.check(times, now)
    }

    private static func check(_ times: (issued: Int64, expires: Int64), _ now: Int64) throws(AssertionError) {
        let latest = now.addingReportingOverflow(toleratedSkewMilliseconds)
        let earliest = now.subtractingReportingOverflow(toleratedSkewMilliseconds)
        guard !latest.overflow, !earliest.overflow else { throw .malformed }
        let lifetime = times.expires.subtractingReportingOverflow(times.issued)
        guard !lifetime.overflow, (0...lifetimeMilliseconds).contains(lifetime.partialValue) else { throw .malformed }
        guard times.issued <= latest.partialValue else { throw .notYetValid }
        guard times.expires >= earliest.partialValue else { throw .expired }
    }

    private func payload(_ now: Int64) -> [UInt8] {
        var writer = ByteWriter(reserving: 160)
        writer.integer(now)
        writer.integer(now &+ Self.lifetimeMilliseconds)
        writer.integer(account.rawValue)
        writer.string(name.description)
        writer.string(clientAddress)
        writer.string(trace.text)
        switch opening {
        case .silent:
            writer.integer(UInt8(0))
        case .logOn(let tag):
            writer.integer(UInt8(1))
            writer.counted(tag)
        }
        writer.integer(UInt8(tls == nil ? 0 : 1))
        if let tls {
            writer.string(tls.version)
            writer.string(tls.cipher)
            writer.string(tls.serverName ?? "")
        }
        writer.integer(UInt8(acceptsUTF8 ? 1 : 0))
        return writer.bytes
    }

    private static func read(
        _ payload: [UInt8],
        _ name: AssertedProtocol
    ) throws(ByteReaderError) -> (SessionAssertion, (issued: Int64, expires: Int64)) {
        var reader = ByteReader(payload)
        let times = (issued: try reader.integer(Int64.self), expires: try reader.integer(Int64.self))
        let account = AccountID(try reader.integer())
        guard let address = MailboxAddress(try reader.string(maximum: maximumFieldOctets)) else {
            throw ByteReaderError(offset: reader.offset)
        }
        let client = try reader.string(maximum: maximumFieldOctets)
        guard let trace = TraceID(try reader.string(maximum: maximumFieldOctets)) else {
            throw ByteReaderError(offset: reader.offset)
        }
        let assertion = SessionAssertion(
            name,
            account: account,
            name: address,
            clientAddress: client,
            tls: nil,
            trace: trace,
            opening: try readOpening(&reader)
        )
        var whole = try assertion.adding(readTLS(&reader))
        // Earlier versions of Martlet end here.
        if reader.remaining > 0 { whole.acceptsUTF8 = try reader.integer(UInt8.self) == 1 }
        return (whole, times)
    }

    private static func readOpening(_ reader: inout ByteReader) throws(ByteReaderError) -> Opening {
        switch try reader.integer(UInt8.self) {
        case 0: .silent
        case 1: .logOn(tag: Array(try reader.counted(maximum: maximumFieldOctets)))
        default: throw ByteReaderError(offset: reader.offset)
        }
    }

    private static func readTLS(_ reader: inout ByteReader) throws(ByteReaderError) -> TLSFacts? {
        guard try reader.integer(UInt8.self) == 1 else { return nil }
        let version = try reader.string(maximum: maximumFieldOctets)
        let cipher = try reader.string(maximum: maximumFieldOctets)
        let serverName = try reader.string(maximum: maximumFieldOctets)
        return TLSFacts(version: version, cipher: cipher, serverName: serverName.isEmpty ? nil : serverName)
    }

    private func adding(_ facts: TLSFacts?) -> SessionAssertion {
        var copy = self
        copy.tls = facts
        return copy
    }
}
