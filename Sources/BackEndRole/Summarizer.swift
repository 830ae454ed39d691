// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MessageFormat
internal import Runtime
internal import ServiceControl
internal import Settings

/// Reads the structure of a message at its delivery, with the message noted as what is being worked on: should this
/// process die twice on it, it is kept without being looked into.
struct Summarizer: Sendable {
    private let context: WorkerContext

    init(_ context: WorkerContext) { self.context = context }

    /// The structure as the store caches it.
    func summarize(_ message: RawSpan) -> [UInt8] {
        let item = Self.name(message)
        guard !context.setAside.contains(item) else {
            context.events.record(.messageOpaque, ["item": .string(item)])
            return Self.opaque(message)
        }
        return context.breadcrumbs.working(on: item) {
            drill(message)
            return MessageSummary(parsing: message).encode()
        }
    }

    /// How much of a long message counts for its name, at each end.
    private static let named = 16 << 10

    /// The item's name: the same for every delivery of the same message, since the trace fields that deliveries put in
    /// front do not count, and of no other message: of a long one its length, its beginning (where its Message-ID is)
    /// and its end count.
    private static func name(_ message: RawSpan) -> String {
        let written = message.extracting(droppingFirst: TraceFields.end(in: message))
        let hasher = SHA256Hasher()
        if written.byteCount <= 2 * named {
            hasher.add(written)
        } else {
            hasher.add(Array("\(written.byteCount) ".utf8))
            hasher.add(written.extracting(first: named))
            hasher.add(written.extracting(last: named))
        }
        return "message \(Hex.encode(hasher.finish()))"
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
    private func drill(_ message: RawSpan) {
        let settings = context.settings.current
        guard settings[ServiceSettings.drillEnabled] else { return }
        let poison = settings[ServiceSettings.drillPoison]
        guard !poison.isEmpty else { return }
        guard MessageHeader.text(message).contains(poison) else { return }
        fatalError("drill: this message traps, as drill/poison-subject asks")
    }
}

/// The header section as text, for the drill.
private enum MessageHeader {
    static func text(_ message: RawSpan) -> String {
        let start = message.extracting(first: min(message.byteCount, 64 << 10))
        let text = unsafe start.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        return text.split(separator: "\r\n\r\n", maxSplits: 1).first.map(String.init) ?? ""
    }
}
