// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Locking

/// What is said in one session, line by line, for the traces that are about it.
///
/// Whoever calls masks secrets.
package final class TracedSession: Sendable {
    /// Octets that are held until it is known whether a domain is named.
    private static let maximumHeld = 64 << 10
    private static let maximumText = 2048

    private struct State {
        var traced: [TraceDefinition]
        /// Those that may yet be about this session.
        var open: [TraceDefinition]
        var held: [UInt8] = []
        var contentOctets: UInt64 = 0
        var contentLine: [UInt8] = []
    }

    private let owner: ProtocolTraces
    private let prefix: String
    private let state: Lock<State>

    init(
        _ owner: ProtocolTraces,
        _ direction: TraceDirection,
        _ peer: String,
        _ number: UInt64,
        _ traced: [TraceDefinition],
        _ open: [TraceDefinition]
    ) {
        self.owner = owner
        prefix = "\(direction.rawValue) \(number) \(peer)"
        state = Lock(State(traced: traced, open: open))
    }

    /// A domain or host is named.
    package func meet(name: String) {
        let name = ASCII.lowercased(name)
        state.withLock { state in
            let found = state.open.filter { $0.covers(name: name) }
            guard !found.isEmpty else { return }
            state.open.removeAll { found.contains($0) }
            for definition in found where !state.traced.contains(definition) {
                owner.write(state.held, to: definition.id)
                state.traced.append(definition)
            }
            if state.open.isEmpty { state.held = [] }
        }
    }

    /// A line of the client's.
    package func client(_ text: String) { add("C:", text) }
    /// A line of the server's.
    package func server(_ text: String) { add("S:", text) }
    /// What cannot be seen on the wire.
    package func note(_ text: String) { add("*", text) }

    /// Octets of a message.
    ///
    /// Where no trace wants them they are counted.
    package func content(_ octets: some Collection<UInt8>) {
        let octets = Array(octets)
        state.withLock { state in
            state.contentOctets &+= UInt64(octets.count)
            guard state.traced.contains(where: \.showsContent) else { return }
            for octet in octets {
                if octet == ASCII.lf {
                    endContentLine(&state)
                } else if state.contentLine.count < Self.maximumText {
                    state.contentLine.append(octet)
                }
            }
        }
    }

    /// The content is over.
    package func endOfContent() {
        let count = state.withLock { state in
            if !state.contentLine.isEmpty { endContentLine(&state) }
            defer { state.contentOctets = 0 }
            return state.contentOctets
        }
        note("\(count) octets of content")
    }

    private func endContentLine(_ state: inout State) {
        if state.contentLine.last == ASCII.cr { state.contentLine.removeLast() }
        let line = line("C|", String(decoding: state.contentLine, as: UTF8.self))
        for definition in state.traced where definition.showsContent { owner.write(line, to: definition.id) }
        state.contentLine.removeAll(keepingCapacity: true)
    }

    private func add(_ mark: String, _ text: String) {
        let line = line(mark, text)
        state.withLock { state in
            for definition in state.traced { owner.write(line, to: definition.id) }
            guard !state.open.isEmpty, state.held.count + line.count <= Self.maximumHeld else { return }
            state.held += line
        }
    }

    private func line(_ mark: String, _ text: String) -> [UInt8] {
        let isLong = text.utf8.count > Self.maximumText
        let cut = isLong ? String(decoding: text.utf8.prefix(Self.maximumText), as: UTF8.self) + "…" : text
        return Self.line("\(prefix) \(mark) \(cut)")
    }

    static func note(_ text: String) -> [UInt8] { line("* \(text)") }

    private static func line(_ text: String) -> [UInt8] {
        Array("\(Timestamp.text(nanoseconds: CLinux_realtime())) \(PrintableText.escaped(text))\n".utf8)
    }
}
