// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import IMAPWire
package import MailStore
internal import MailTypes
package import Runtime
package import SASL

/// The authenticated and selected states (RFC 9051 §3.2, §3.3) of one user's connection.
package final class IMAPSession {
    let connection: Connection
    let user: AuthenticatedUser
    let account: any MailAccount
    let store: any MailStore
    /// `nil` where mailboxes are their owners' alone.
    let sharing: (any MailboxSharing)?
    let configuration: IMAPConfiguration
    let previews: PreviewTable
    let columnTable: ColumnTable
    let events: EventRecorder
    /// The selected mailbox.
    var view: MailboxView?
    var enabled: EnabledExtensions = []
    /// What the client has said with NOTIFY; `nil` before it has.
    var notifications: Notifications?
    /// Of the command that is being answered.
    private(set) var tag: [UInt8] = []
    /// What HIGHESTMODSEQ is to say with the answer, when the mod-sequences of FETCH responses say too much, since
    /// expunges are held back, or too little, since there were expunges (RFC 7162 §6).
    var dueModSeq: ModSeq?
    /// The structure that was needed last: clients ask for a structure, then for its parts.
    var lastStructure: StructureCache?
    private var reader: CommandReader
    private var badInARow = 0
    /// When the client is to be told next how far its command is.
    var nextProgress = ContinuousClock.now
    /// How long the command may go on before others on this loop have their turn.
    private var turn = LoopTurn()

    /// `store` is where incoming messages are staged.
    ///
    /// `account` is open.
    package init(
        _ connection: Connection,
        user: AuthenticatedUser,
        account: any MailAccount,
        store: any MailStore,
        sharing: (any MailboxSharing)? = nil,
        configuration: IMAPConfiguration,
        previews: PreviewTable = PreviewTable(),
        columns: ColumnTable = ColumnTable(),
        events: EventRecorder
    ) {
        self.connection = connection
        self.user = user
        self.account = account
        self.store = store
        self.sharing = sharing
        self.configuration = configuration
        self.previews = previews
        columnTable = columns
        self.events = events.adding(["account.id": .count(user.account.rawValue)])
        reader = CommandReader(connection, limits: .afterLogOn, takesMessages: true)
    }

    /// Answers the command that logged on, tagged `tag`, then commands until the connection is over.
    ///
    /// Without a tag nothing is said first: the client is in the middle of a session that another process began. The
    /// caller closes the connection, or takes the next log-on off it.
    @discardableResult
    package func run(resuming tag: [UInt8]?) async -> End {
        connection.idleTimeout = configuration.idleTimeout
        if let tag { send(.tagged(tag, StatusResponse(.ok, .capability(capabilities), "Logged on as \(user.name)"))) }
        await mendSharing()
        var reason = "logout"
        var end = End.over
        do throws(IOError) {
            end = try await runCommands()
            if end == .loggedOff { reason = "unauthenticate" }
        } catch {
            sayGoodbye(error)
            reason = error.description
        }
        view = nil
        notifications = nil
        events.record(.imapSessionEnded, ["imap.reason": .string(reason)])
        return end
    }

    /// How a session ended.
    package enum End: Sendable {
        /// The connection is of no more use.
        case over
        /// The client goes on with another log-on (RFC 8437 §3).
        case loggedOff
    }

    /// Lets the others on this loop have their turn, when this command has had its own: called between the steps of
    /// whatever may have to do with very many messages.
    func giveWay(at now: ContinuousClock.Instant = .now) async {
        guard turn.isOver(at: now) else { return }
        await Task.yield()
        turn = LoopTurn()
    }

    private func runCommands() async throws(IOError) -> End {
        while true {
            switch try await step() {
            case .command: continue
            case .logOn: return .loggedOff
            case .end: return .over
            }
        }
    }

    var capabilities: [String] {
        let all = CapabilityList.afterLogOn(configuration)
        return enabled.contains(.deflate) ? all.filter { $0 != "COMPRESS=DEFLATE" } : all
    }

    var facts: SessionFacts {
        SessionFacts(
            isSelected: view != nil,
            isReadOnly: view?.isReadOnly ?? false,
            enabled: enabled,
            maximumMessageOctets: configuration.maximumMessageOctets,
            allowsUnauthenticate: configuration.allowsUnauthenticate,
            sharesMailboxes: sharing != nil
        )
    }

    func send(_ response: Response) {
        var encoder = WireEncoder(textForm: enabled.textForm)
        encoder.response(response)
        connection.write(encoder.bytes)
    }

    /// The selected mailbox, for commands whose traits ask for one.
    ///
    /// Not to be held while `view` changes: it would be copied.
    func selected() throws -> MailboxView {
        guard let view else { throw CommandRefusal.bad("A mailbox must be selected first") }
        guard !view.isGone else { throw CommandRefusal.no(.nonexistent, "The mailbox was deleted") }
        guard view.rights.contains(.read) else {
            throw CommandRefusal.no(.noPermission, "You may not read the mailbox any more")
        }
        return view
    }

    /// Reads and answers one command, and says what comes next.
    private func step() async throws(IOError) -> Completion.Next {
        // A client that sends much and reads nothing waits here.
        try await connection.flushIfLarge()
        try await tellBetweenCommands()
        switch try await reader.next(textForm: enabled.textForm, listening: notifications != nil) {
        case .end: return .end
        case .notice: return .command
        case .command(let frame): return try await perform(frame)
        case .message(let tag, let command): return try await take(command, tag)
        case .refused(let tag, let refusal):
            return answer(tag, StatusResponse(refusal.condition, refusal.code, refusal.text))
        }
    }

    /// What cannot be told is no reason to end the session, but the end of the connection is.
    private func tellBetweenCommands() async throws(IOError) {
        do {
            try await tellNews()
        } catch let error as IOError {
            throw error
        } catch {
            if let detail = FailureReply.make(for: error)?.detail {
                events.record(.imapCommandFailed, ["imap.detail": .string(detail)])
            }
        }
    }

    private func perform(_ frame: [UInt8]) async throws(IOError) -> Completion.Next {
        var scanner = WireScanner(frame, textForm: enabled.textForm)
        var tag: [UInt8]?
        do {
            let read = try CommandHead.tag(parsing: &scanner)
            tag = read
            self.tag = read
            let head = try CommandHead(tag: read, parsing: &scanner)
            guard let type = SessionTable.commands[head.name] else {
                if let command = try MessageCommandHead.whole(head, &scanner) { return try await take(command, read) }
                throw CommandRefusal.bad(SessionTable.unknown(head.name))
            }
            return try await perform(type, head, &scanner)
        } catch {
            return try answer(tag, to: error)
        }
    }

    private func perform<Command: SessionCommand>(
        _ type: Command.Type,
        _ head: CommandHead,
        _ scanner: inout WireScanner
    ) async throws -> Completion.Next {
        let command = try type.parse(&scanner, isUID: head.isUID)
        let facts = facts
        try command.checkTraits(facts)
        try command.check(facts)
        nextProgress = .now + configuration.progressInterval
        let mayExpunge = !type.traits.contains(.holdsExpunges) || command.isUID
        let completion: Completion
        do {
            try await checkSelected(type)
            completion = try await command.perform(in: self)
        } catch {
            try await sync(allowingExpunge: mayExpunge)
            throw error
        }
        if !type.traits.contains(.leavesMailbox) { try await sync(allowingExpunge: mayExpunge) }
        let next = complete(head.tag, completion, head.isUID ? "UID \(head.name)" : head.name)
        if completion.startsCompression { try await connection.startDeflate(received: []) }
        return next
    }

    private func take(_ command: any MessageCommand, _ tag: [UInt8]) async throws(IOError) -> Completion.Next {
        do {
            guard let command = command as? any MessageBringingCommand else {
                throw CommandRefusal.bad(SessionTable.unknown("\(type(of: command).name)"))
            }
            (self.tag, nextProgress) = (tag, .now + configuration.progressInterval)
            let completion = try await command.perform(in: self)
            try await sync(allowingExpunge: true)
            return complete(tag, completion, command.isUID ? "UID REPLACE" : "\(type(of: command).name)")
        } catch {
            return try answer(tag, to: error)
        }
    }

    private func complete(_ tag: [UInt8], _ completion: Completion, _ name: String) -> Completion.Next {
        let text = completion.text ?? "\(name) completed"
        let next = answer(tag, StatusResponse(completion.condition, completion.code, text))
        return next == .command ? completion.next : next
    }

    private func answer(_ tag: [UInt8]?, to error: any Error) throws(IOError) -> Completion.Next {
        if let error = error as? IOError { throw error }
        guard let (status, detail) = FailureReply.make(for: error) else { return .command }
        if let detail { events.record(.imapCommandFailed, ["imap.detail": .string(detail)]) }
        return answer(tag, status)
    }

    /// Sends the last response of a command.
    ///
    /// The end comes next when it was one bad command too many.
    private func answer(_ tag: [UInt8]?, _ status: StatusResponse) -> Completion.Next {
        var status = status
        if let due = dueModSeq {
            dueModSeq = nil
            if status.code == nil, status.condition == .ok {
                status.code = .highestModSeq(due)
            } else {
                send(.untagged(StatusResponse(.ok, .highestModSeq(due), "Highest")))
            }
        }
        send(tag.map { .tagged($0, status) } ?? .untagged(status))
        badInARow = status.condition == .bad ? badInARow + 1 : 0
        guard badInARow >= configuration.badCommands else { return .command }
        send(.untagged(StatusResponse(.bye, nil, "Too many bad commands")))
        events.record(.imapBudgetSpent, ["imap.reason": "bad commands"])
        return .end
    }

    private func sayGoodbye(_ error: IOError) {
        switch error {
        case .timedOut: send(.untagged(StatusResponse(.bye, nil, "Idle for too long")))
        case .budgetExceeded: send(.untagged(StatusResponse(.bye, .word(.tooBig), "Too many octets at once")))
        case .shutdown where !configuration.isBehindFrontEnd:
            send(.untagged(StatusResponse(.bye, .word(.unavailable), "Server is going down; log on again")))
        case .shutdown, .closed, .lineTooLong, .tls, .system: break
        }
    }
}
