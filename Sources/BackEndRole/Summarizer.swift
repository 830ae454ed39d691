// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MessageFormat
internal import ServiceControl
internal import Settings

/// Reads the structure of a message at its delivery, with the message noted as what is being worked on: should this
/// process die twice on it, it is kept without being looked into.
struct Summarizer: Sendable {
    private let context: WorkerContext

    init(_ context: WorkerContext) { self.context = context }

    /// The structure as the store caches it.
    func summarize(_ message: RawSpan) -> [UInt8] {
        let body = Self.bodyOffset(message)
        let item = Self.name(message, body: body)
        guard !context.setAside.contains(item) else {
            context.events.record(.messageOpaque, ["item": .string(item)])
            return Self.opaque(message)
        }
        return context.breadcrumbs.working(on: item) {
            drill(message, header: body)
            return MessageSummary(parsing: message).encode()
        }
    }

    /// The item's name: the same for every delivery of the same body, whatever trace fields stand before it.
    private static func name(_ message: RawSpan, body: Int) -> String {
        let octets = message.extracting(droppingFirst: body)
        return "message body of \(octets.byteCount) octets, CRC-32C \(CRC32C.of(octets))"
    }

    /// Where the body begins: behind the first empty line, looked for in the first 64 KiB.
    private static func bodyOffset(_ message: RawSpan) -> Int {
        let limit = min(message.byteCount, 64 << 10)
        var offset = 0
        var lineStart = 0
        while offset < limit {
            let octet = message.octet(at: offset)
            offset += 1
            guard octet == ASCII.lf else { continue }
            let length = offset - lineStart
            if length == 1 || (length == 2 && message.octet(at: lineStart) == ASCII.cr) { return offset }
            lineStart = offset
        }
        return 0
    }

    /// One part, looked into as little as can be.
    private static func opaque(_ message: RawSpan) -> [UInt8] {
        var limits = MessageLimits()
        limits.depth = 0
        limits.parts = 1
        limits.headerOctets = 0
        limits.addresses = 0
        limits.parameters = 0
        return MessageSummary(structure: MessageStructure(parsing: message, limits: limits)).encode()
    }

    /// The drill that traps on purpose (`drill/enabled`, `drill/poison-subject`), to show that a message on which this
    /// process dies does no harm.
    private func drill(_ message: RawSpan, header: Int) {
        let settings = context.settings.current
        guard settings[ServiceSettings.drillEnabled] else { return }
        let poison = settings[ServiceSettings.drillPoison]
        guard !poison.isEmpty else { return }
        let fields = HeaderText.text(message.extracting(first: header))
        guard !fields.contains(poison) else { fatalError("drill: this message traps, as drill/poison-subject asks") }
    }
}

/// The header section as text, for the drill.
private enum HeaderText {
    static func text(_ octets: RawSpan) -> String {
        unsafe octets.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension RawSpan {
    /// The octet at `offset`, with bounds checked.
    fileprivate func octet(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
