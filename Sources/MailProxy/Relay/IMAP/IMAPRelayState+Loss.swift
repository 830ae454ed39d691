// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension IMAPRelayState {
    package mutating func backEndLost() -> RelayLoss {
        mode = .detached
        awaitsCompression = false
        // After BYE or LOGOUT it went as it should. In the middle of a response nothing can be said that the client
        // would not take for its rest.
        guard !isOver, !isCommitted else { return .close([]) }
        dropHeld()
        guard logOnTag == nil else { return .retryLogOn }
        var answers = refusals()
        guard !isLoggedOff, isSelected else {
            if isNotified, !isLoggedOff {
                answers += Self.overflow
                endNotifications()
            }
            return .keep(answers)
        }
        isOver = true
        answers += Self.bye("back-end restarted, please reconnect")
        return .close(answers)
    }

    /// Answers every command that is whole.
    ///
    /// One whose end is still to come is answered then; IDLE that was continued stays: without a mailbox there is
    /// nothing to tell it.
    private mutating func refusals() -> [UInt8] {
        if commands.isAwaitingContinuation {
            commands.rejected()
        } else if !commands.isAtCommandStart {
            if commands.isAnnounced { pending.removeLast() }
            mode = .refusing
        }
        // Logging off needs no back-end, and is never refused (RFC 8437 §3).
        let answers = pending.filter { !$0.isIdling || $0.isEnding }.flatMap { each in
            if each.isEnding { return (each.command.tag ?? []) + Array(" OK IDLE terminated\r\n".utf8) }
            return Self.logsOff(each.command) ? answerLogOff(each.command) : Self.refusal(of: each.command)
        }
        pending.removeAll { !$0.isIdling || $0.isEnding }
        return answers
    }

    /// Takes what the client sends while there is no back-end, and answers commands as they end.
    mutating func refuse(_ bytes: ArraySlice<UInt8>) -> RelayStep {
        let (consumed, event) = commands.take(bytes)
        var step = RelayStep(consumed: consumed, isForwarded: false)
        switch event {
        case .synchronizingLiteral(let command, _):
            commands.rejected()
            step.reply = Self.refusal(of: command)
            mode = .detached
        case .ended(let command, _):
            step.reply = answerWithoutBackEnd(command)
            mode = .detached
        case nil:
            break
        }
        if isOver { step.demand = .close }
        return step
    }

    private mutating func answerWithoutBackEnd(_ command: IMAPRelayedCommand) -> [UInt8] {
        if let idle = idling, let tag = idle.command.tag {
            pending = []
            return command.verb == "DONE"
                ? tag + Array(" OK IDLE terminated\r\n".utf8) : tag + Array(" BAD expected DONE\r\n".utf8)
        }
        if Self.logsOff(command) { return answerLogOff(command) }
        guard command.verb == "LOGOUT", let tag = command.tag else { return Self.refusal(of: command) }
        isOver = true
        return Array("* BYE logging out\r\n".utf8) + tag + Array(" OK LOGOUT completed\r\n".utf8)
    }

    private mutating func answerLogOff(_ command: IMAPRelayedCommand) -> [UInt8] {
        isLoggingOff = false
        logOff()
        return (command.tag ?? []) + Array(" OK UNAUTHENTICATE completed\r\n".utf8)
    }

    /// RFC 5465 §5.8: nothing is told from here on.
    private static let overflow = Array(
        "* OK [NOTIFICATIONOVERFLOW] back-end restarted, nothing is told any more\r\n".utf8
    )

    package func farewell(_ reason: RelayFarewell) -> [UInt8] {
        guard !isCommitted, !isOver else { return [] }
        switch reason {
        case .shutdown: return Self.bye("server is restarting, please reconnect")
        case .idle: return Array("* BYE idle for too long\r\n".utf8)
        case .backEndUnavailable:
            let answer = logOnTag.map { $0 + Array(" NO [UNAVAILABLE] mail is not available now\r\n".utf8) } ?? []
            return answer + Self.bye("mail is not available now")
        }
    }

    static func bye(_ text: String) -> [UInt8] { Array("* BYE [UNAVAILABLE] \(text)\r\n".utf8) }

    static func refusal(of command: IMAPRelayedCommand) -> [UInt8] {
        guard let tag = command.tag else { return Array("* BAD [UNAVAILABLE] mail is not available now\r\n".utf8) }
        return tag + Array(" NO [UNAVAILABLE] mail is not available now, try again\r\n".utf8)
    }
}
