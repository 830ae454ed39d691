// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The rules of a POP3 relay (RFC 1939 §3, RFC 2449 §5): which responses are still to come and whether each goes over
/// several lines.
///
/// Message numbers and deletion marks belong to one session, so that a session does not outlive its back-end: it ends
/// with `-ERR [SYS/TEMP]`, and nothing was deleted.
package struct POP3RelayState: RelayState {
    /// A response that is to come.
    enum Expected: Hashable {
        case logOn
        case oneLine
        /// Lines up to a dot, when it is positive.
        case multiline
        case quit
    }

    private enum Response: Hashable { case status, body }

    private static let pendingLimit = 1000
    private static let window = 64 * 1024
    private static let lineLimit = 1024

    private(set) var pending: [Expected] = [.logOn]
    private var isDetached = false
    private var isOver = false
    private var command: [UInt8] = []
    private var response = Response.status
    /// Start of a line of the back-end, as far as it matters: a status, or a line that may be the final dot.
    private var line: [UInt8] = []
    /// Octets of the response that is coming in have gone to the client.
    private var isCommitted = false
    private var unansweredOctets = 0

    package init() {}

    package var isAwaitingResponse: Bool { !pending.isEmpty }

    package var forwardAllowance: Int {
        if pending.first == .logOn { return 0 }
        return pending.isEmpty ? .max : max(0, Self.window - unansweredOctets)
    }

    package mutating func fromClient(_ bytes: ArraySlice<UInt8>) -> RelayStep {
        guard !isDetached else { return RelayStep(consumed: 0, isForwarded: false, demand: .close) }
        var rest = bytes
        while let end = rest.firstIndex(of: ASCII.lf) {
            addToCommand(rest[..<end])
            expect()
            rest = rest[(end + 1)...]
        }
        addToCommand(rest)
        unansweredOctets += bytes.count
        return RelayStep(consumed: bytes.count, isForwarded: true)
    }

    private mutating func addToCommand(_ octets: ArraySlice<UInt8>) {
        guard command.count < Self.lineLimit else { return }
        command += octets.prefix(Self.lineLimit - command.count)
    }

    private mutating func expect() {
        let words = command.split { $0 == ASCII.space || $0 == ASCII.cr }
        command = []
        if pending.count == Self.pendingLimit { pending.removeFirst() }
        let verb = String(decoding: (words.first ?? []).prefix(8).map(ASCII.upper), as: UTF8.self)
        switch verb {
        case "RETR", "TOP", "CAPA": pending.append(.multiline)
        case "LANG", "LIST", "UIDL": pending.append(words.count == 1 ? .multiline : .oneLine)
        case "QUIT": pending.append(.quit)
        default: pending.append(.oneLine)
        }
    }

    /// Passes everything on as it comes, but for the start of a status line, which waits for its end.
    package mutating func fromBackEnd(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: ASCII.lf)
            let octets = rest[..<(end.map { $0 + 1 } ?? rest.endIndex)]
            rest = rest[octets.endIndex...]
            switch response {
            case .status: output += takeStatus(octets, isWhole: end != nil)
            case .body: output += takeBody(octets, isWhole: end != nil)
            }
        }
        return output
    }

    private mutating func takeStatus(_ octets: ArraySlice<UInt8>, isWhole: Bool) -> [UInt8] {
        line += octets
        guard isWhole || line.count > Self.lineLimit else { return [] }
        defer { line = [] }
        guard isWhole else {
            isCommitted = true
            return line
        }
        let isMultiline = pending.first == .multiline && (isCommitted || line.starts(with: "+OK".utf8))
        isCommitted = isMultiline
        if isMultiline { response = .body } else { finish() }
        return line
    }

    private mutating func takeBody(_ octets: ArraySlice<UInt8>, isWhole: Bool) -> ArraySlice<UInt8> {
        // Three octets tell the final line from all others.
        if line.count < 4 { line += octets.prefix(4 - line.count) }
        guard isWhole else { return octets }
        if line.elementsEqual(".\r\n".utf8) {
            response = .status
            isCommitted = false
            finish()
        }
        line = []
        return octets
    }

    private mutating func finish() {
        guard !pending.isEmpty else { return }
        if pending.removeFirst() == .quit { isOver = true }
        if pending.isEmpty { unansweredOctets = 0 }
    }

    package mutating func backEndLost() -> RelayLoss {
        let isLogOn = pending.first == .logOn
        line = []
        if isLogOn, !isCommitted {
            return .retryLogOn
        }
        isDetached = true
        guard !isOver, !isCommitted, !pending.isEmpty else { return .close([]) }
        return .close(Array("-ERR [SYS/TEMP] server restarted, nothing was deleted, please reconnect\r\n".utf8))
    }

    package mutating func backEndReopened() -> [UInt8] {
        response = .status
        return []
    }

    package mutating func backEndUnavailable() { isDetached = true }

    package func farewell(_ reason: RelayFarewell) -> [UInt8] {
        // RFC 1939 §3: an idle client gets no response. Nor does one that asked nothing.
        guard !isCommitted, !isOver, !pending.isEmpty, reason != .idle else { return [] }
        return Array("-ERR [SYS/TEMP] mail is not available now, try again\r\n".utf8)
    }
}
