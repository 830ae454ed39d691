// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The rules of an IMAP relay (RFC 9051): what is unanswered, whether a mailbox is selected, and what a client may be
/// told when its back-end is gone.
///
/// Invariants: a client never gets half a response followed by another; every command is answered once; a session with
/// nothing selected outlives any number of back-ends. Commands that were sent on are never repeated: whether they were
/// carried out is not known, and their answer is `NO [UNAVAILABLE]`.
package struct IMAPRelayState: RelayState {
    /// Where the client's octets go.
    enum Mode: Hashable {
        case forwarding
        /// There is no back-end. Octets wait at the next command.
        case detached
        /// There is none, and the command that is coming in is refused when it is whole.
        case refusing
    }

    struct PendingCommand: Hashable {
        var command: IMAPRelayedCommand
        /// IDLE was continued: the client listens, and waits for no answer.
        var isIdling = false
        /// The line that ends it has come (RFC 9051 §6.3.13: whatever the client says then).
        var isEnding = false
    }

    /// Commands kept in mind; beyond it the oldest is forgotten.
    static let pendingLimit = 1000
    /// Octets of commands on their way while older ones are unanswered.
    private static let window = 64 * 1024
    /// Start of a response line that is held until its end comes.
    private static let holdLimit = 8 * 1024
    private static let internalTag = Array("MARTLET-REOPEN".utf8)

    var mode = Mode.forwarding
    var commands = IMAPCommandFraming()
    var responses = IMAPResponseFraming()
    var pending: [PendingCommand] = []
    var isSelected = false
    /// What is switched on: a new back-end must be told (RFC 5161 §3.1).
    var enabled: [[UInt8]] = []
    private static let enabledLimit = 32
    /// COMPRESS is not answered yet: whether what the client sends behind it is compressed is not known (RFC 4978 §3).
    var awaitsCompression = false
    private var beginsCompression = false
    /// What came behind the answer to COMPRESS: NOTIFY lets a back-end speak unasked.
    private var behindCompression: [UInt8] = []
    /// UNAUTHENTICATE is not answered yet: what the client sends behind it is for another session (RFC 8437 §3).
    package var isLoggingOff = false
    package var isLoggedOff = false
    /// What a new back-end is told when the client's connection is compressed.
    private static let deflate = Array("MARTLET-DEFLATE".utf8)
    /// What a new back-end is told when the client has used NOTIFY, for something and for nothing: the one that is gone
    /// knew what for.
    private static let notifications = ["MARTLET-NOTIFY", "MARTLET-SILENCE"].map { Array($0.utf8) }
    /// Whether the client counts on being told what it has asked for with NOTIFY.
    var isNotified: Bool { enabled.contains(Self.notifications[0]) }
    var isOver = false
    /// The log-on is not answered yet.
    var logOnTag: [UInt8]?
    /// The start of a response line, not yet sent to the client.
    private var held: [UInt8] = []
    /// Part of the response that is coming in has gone to the client.
    var isCommitted = false
    /// The answer to a command of ours is coming in, which is not for the client.
    private var isReplaying = false
    private var unansweredOctets = 0

    /// - Parameter logOnTag: the tag of the log-on that the back-end will answer.
    package init(logOnTag: [UInt8]) { self.logOnTag = logOnTag }

    package var isAwaitingResponse: Bool {
        logOnTag != nil || isReplaying || pending.contains { !$0.isIdling || $0.isEnding }
    }

    package var forwardAllowance: Int {
        // What came with the log-on waits for its answer, which another back-end may have to give.
        guard logOnTag == nil else { return 0 }
        let older = commands.isAnnounced ? pending.dropLast() : pending[...]
        let isAlone = older.allSatisfy(\.isIdling)
        return isAlone ? .max : max(0, Self.window - unansweredOctets)
    }

    // MARK: Client

    package mutating func fromClient(_ bytes: ArraySlice<UInt8>) -> RelayStep {
        guard !isOver || mode == .forwarding else { return RelayStep(consumed: 0, isForwarded: false, demand: .close) }
        switch mode {
        case .forwarding: return forward(bytes)
        case .detached where commands.isAtCommandStart && idling == nil:
            return RelayStep(consumed: 0, isForwarded: false, demand: .backEnd)
        case .detached, .refusing: return refuse(bytes)
        }
    }

    private mutating func forward(_ bytes: ArraySlice<UInt8>) -> RelayStep {
        var rest = bytes
        while !rest.isEmpty, !isHeld {
            if let last = pending.last, last.isIdling, !last.isEnding {
                let (consumed, isWhole) = commands.takeLine(rest)
                rest = rest.dropFirst(consumed)
                unansweredOctets += consumed
                pending[pending.count - 1].isEnding = isWhole
                continue
            }
            let (consumed, event) = commands.take(rest)
            rest = rest.dropFirst(consumed)
            unansweredOctets += consumed
            switch event {
            case .synchronizingLiteral(let command, isFirst: true): expect(command)
            case .ended(let command, isFirst: true):
                if !isDone(command) { expect(command) }
                awaitsCompression = command.verb == "COMPRESS" && command.tag != nil
                isLoggingOff = Self.logsOff(command)
            default: break
            }
        }
        return RelayStep(consumed: bytes.count - rest.count, isForwarded: true, demand: isHeld ? .response : .nothing)
    }

    /// What the client sends next is looked at when the back-end has spoken: only then is it known what it is.
    private var isHeld: Bool { commands.isAwaitingContinuation || awaitsCompression || isLoggingOff || awaitsIdling }

    /// Whether the next line ends IDLE or is a command is not known.
    private var awaitsIdling: Bool {
        guard let last = pending.last, commands.isAtCommandStart else { return false }
        return last.command.verb == "IDLE" && last.command.tag != nil && !last.isIdling
    }

    static func logsOff(_ command: IMAPRelayedCommand) -> Bool {
        command.verb == "UNAUTHENTICATE" && command.tag != nil
    }

    /// `DONE` alone ends IDLE and is no command (RFC 9051 §6.3.13).
    private func isDone(_ command: IMAPRelayedCommand) -> Bool {
        command.tag == nil && command.verb == "DONE"
    }

    private mutating func expect(_ command: IMAPRelayedCommand) {
        if pending.count == Self.pendingLimit { pending.removeFirst() }
        pending.append(PendingCommand(command: command))
    }

    // MARK: Back-end

    package mutating func fromBackEnd(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if !isReplaying, !responses.hasBegun, !isCommitted {
                let plain = IMAPResponseFraming.numbered(rest)
                // Most of what goes through: not looked into, and not copied where there is nothing else.
                if plain == bytes.count { return bytes }
                output += rest.prefix(plain)
                rest = rest.dropFirst(plain)
            }
            let (consumed, response) = responses.take(rest)
            let octets = rest.prefix(consumed)
            rest = rest.dropFirst(consumed)
            if let response {
                let isForClient = !isReplaying && response.isForClient
                note(response)
                if isForClient {
                    output += held
                    output += octets
                }
                held = []
                isCommitted = false
                if beginsCompression, !rest.isEmpty {
                    behindCompression = Array(rest)
                    return output
                }
            } else if isReplaying {
                held = []
            } else if isCommitted || responses.hasLiteral || held.count + octets.count > Self.holdLimit {
                output += held
                output += octets
                held = []
                isCommitted = true
            } else {
                held += octets
            }
        }
        return output
    }

    private mutating func note(_ response: IMAPRelayedResponse) {
        switch response {
        case .continuation: continued()
        case .untagged("BYE"): isOver = true
        case .untagged("BAD"): untaggedBad()
        case .untagged: break
        case .enabled(let names, _):
            for name in names { noteEnabled(name) }
        case .tagged(Self.internalTag, _): isReplaying = false
        case .tagged(let tag, let status): answered(tag, isOK: status == "OK", isNo: status == "NO")
        }
    }

    private mutating func noteEnabled(_ name: [UInt8]) {
        // Each NOTIFY takes the place of the one before.
        if Self.notifications.contains(name) { enabled.removeAll { Self.notifications.contains($0) } }
        guard enabled.count < Self.enabledLimit, !enabled.contains(where: { ASCII.equalIgnoringCase($0, name) }) else {
            return
        }
        enabled.append(name)
    }

    /// The client has been told that it is told nothing any more.
    mutating func endNotifications() { noteEnabled(Self.notifications[1]) }

    private mutating func continued() {
        if commands.isAwaitingContinuation {
            commands.continued()
        } else if let index = pending.firstIndex(where: { $0.command.verb == "IDLE" && !$0.isIdling }) {
            pending[index].isIdling = true
        }
    }

    /// The back-end could make nothing of a line (RFC 9051 §7.1.3): the oldest one, whatever that looks like from here,
    /// since back-ends answer in order.
    private mutating func untaggedBad() {
        guard let index = pending.firstIndex(where: { !$0.isIdling }) else { return commands.rejected() }
        if index == pending.count - 1 { commands.rejected() }
        pending.remove(at: index)
        if pending.isEmpty { unansweredOctets = 0 }
    }

    private mutating func answered(_ tag: [UInt8], isOK: Bool, isNo: Bool) {
        if tag == logOnTag { logOnTag = nil }
        guard let index = pending.firstIndex(where: { $0.command.tag == tag }) else { return }
        // Our back-ends answer in order: what is older was answered without its tag.
        let command = pending[index].command
        let isNewest = index == pending.count - 1
        pending.removeFirst(index + 1)
        if isNewest { commands.rejected() }
        if pending.isEmpty { unansweredOctets = 0 }
        switch command.verb {
        case "SELECT", "EXAMINE": if isOK || isNo { isSelected = isOK }
        case "CLOSE", "UNSELECT": if isOK { isSelected = false }
        case "COMPRESS": compressAnswered(isOK: isOK)
        case "LOGOUT": if isOK { isOver = true }
        case "UNAUTHENTICATE":
            isLoggingOff = false
            if isOK { logOff() }
        default: break
        }
    }

    mutating func logOff() {
        isLoggedOff = true
        isOver = true
    }

    private mutating func compressAnswered(isOK: Bool) {
        awaitsCompression = false
        guard isOK else { return }
        beginsCompression = true
        enabled.append(Self.deflate)
    }

    package mutating func takeBehindCompression() -> [UInt8] {
        defer { behindCompression = [] }
        return behindCompression
    }

    package mutating func takeCompression() -> Bool {
        defer { beginsCompression = false }
        return beginsCompression
    }

    // MARK: A new back-end

    package mutating func backEndReopened() -> [UInt8] {
        mode = .forwarding
        responses = IMAPResponseFraming()
        held = []
        unansweredOctets = 0
        guard logOnTag == nil else { return [] }
        // All up to the answer, with the greeting before it, is for us.
        isReplaying = true
        let arguments = enabled.joined(separator: [ASCII.space])
        let command = Array((enabled.isEmpty ? " NOOP" : " ENABLE ").utf8)
        return Self.internalTag + command + arguments + Array("\r\n".utf8)
    }

    package mutating func backEndUnavailable() { mode = .refusing }

    /// Drops what was held of a response that will not end.
    mutating func dropHeld() {
        held = []
        responses = IMAPResponseFraming()
        isReplaying = false
    }

    var idling: PendingCommand? { pending.first(where: \.isIdling) }
}
