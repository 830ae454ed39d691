// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MilterWire
internal import Runtime
package import SMTPWire

/// One filter's part in one client's connection: asked at each step, and connected when there is something to ask.
///
/// Used by one task, on one loop.
package final class MilterSession {
    package let definition: MilterDefinition
    let facts: MilterClientFacts
    private let events: EventRecorder
    var connection: MilterConnection?
    /// The filter was told who the client is.
    private var isIntroduced = false
    /// It wants to hear no more of this client.
    private var isDoneWithClient = false
    /// It wants to hear no more of this message, or could not be asked.
    private var isDoneWithMessage = true
    private var envelope = MilterEnvelopeFacts(id: "", hello: "")

    package init(_ definition: MilterDefinition, _ facts: MilterClientFacts, events: EventRecorder) {
        self.definition = definition
        self.facts = facts
        self.events = events.adding(["milter.name": .string(definition.name)])
    }

    // MARK: The envelope

    /// A message begins: connects when needed, says who the client is, and asks about the sender.
    package func mail(_ mail: MailCommand, _ envelope: MilterEnvelopeFacts) async -> MilterVerdict {
        self.envelope = envelope
        isDoneWithMessage = isDoneWithClient
        if isDoneWithMessage { return .proceed }
        return await guarded { () async throws(MilterFailure) -> MilterVerdict in
            try await connect()
            let greeting = try await introduce()
            guard greeting == .proceed, !isDoneWithMessage else { return greeting }
            let command = MilterCommand.mail(MilterArguments.words(of: mail))
            let macros = MilterMacros.mail(mail, envelope)
            return try await ask(command, .mail, macros, skips: .noMail, silent: .noReplyToMail)
        }
    }

    /// Asks about a recipient that the rules of this server admit.
    package func recipient(_ recipient: RecipientCommand) async -> MilterVerdict {
        guard !isDoneWithMessage else { return .proceed }
        return await guarded(keepsMessage: true) { () async throws(MilterFailure) -> MilterVerdict in
            let command = MilterCommand.recipient(MilterArguments.words(of: recipient))
            let macros = MilterMacros.recipient(recipient, envelope)
            return try await ask(command, .recipient, macros, skips: .noRecipients, silent: .noReplyToRecipients)
        }
    }

    /// The message came to nothing.
    package func reset() async {
        guard !isDoneWithMessage, let connection else { return isDoneWithMessage = true }
        isDoneWithMessage = true
        do throws(MilterFailure) {
            try await connection.send(.abort, within: definition.commandTimeout)
            try await connection.flush()
        } catch {
            drop()
        }
    }

    /// The client is gone.
    package func close() async {
        await connection?.close()
        connection = nil
    }

    // MARK: The content

    /// Shows the whole message, and hears what is to become of it.
    ///
    /// - Parameter newBody: gets the pieces of a new body.
    package func content(
        _ header: HeaderBlock,
        _ body: any MilterBody,
        messageID: String?,
        newBody: any MilterBodyReceiver
    ) async -> MilterOutcome {
        guard !isDoneWithMessage else { return MilterOutcome(.proceed) }
        var outcome = MilterOutcome(.proceed)
        let verdict = await guarded { () async throws(MilterFailure) -> MilterVerdict in
            guard let connection else { throw .io(.closed) }
            outcome.bringsSpace = connection.terms.omissions.contains(.leadingSpace)
            let shown = try await show(header, body, connection)
            guard shown == .proceed, !isDoneWithMessage else { return shown }
            return try await conclude(connection, messageID, newBody, &outcome)
        }
        isDoneWithMessage = true
        if verdict != .proceed || connection == nil {
            // What a filter wanted that refuses, or failed, counts no more.
            return MilterOutcome(verdict)
        }
        if !outcome.changes.isEmpty || outcome.replacesBody {
            events.record(
                .milterChanged,
                [
                    "milter.changes": .list(outcome.changes.prefix(20).map(\.label)),
                    "milter.replaced-body": .bool(outcome.replacesBody),
                ],
                trace: envelope.id
            )
        }
        return outcome
    }

    private func show(
        _ header: HeaderBlock,
        _ body: any MilterBody,
        _ connection: MilterConnection
    ) async throws(MilterFailure) -> MilterVerdict {
        let id = MilterMacros.id(envelope)
        if connection.terms.version >= 4 {
            let verdict = try await ask(.data, .data, id, skips: .noData, silent: .noReplyToData)
            guard verdict == .proceed, !isDoneWithMessage else { return verdict }
        }
        if !connection.terms.omissions.contains(.noHeaders) {
            let keepsSpace = connection.terms.omissions.contains(.leadingSpace)
            for (name, value) in header.forFilter(keepsSpace: keepsSpace) {
                let command = MilterCommand.header(name: name, value: value)
                let verdict = try await ask(command, nil, [:], skips: .noHeaders, silent: .noReplyToHeaders)
                guard verdict == .proceed, !isDoneWithMessage else { return verdict }
            }
        }
        let verdict = try await ask(
            .endOfHeaders,
            .endOfHeaders,
            id,
            skips: .noEndOfHeaders,
            silent: .noReplyToEndOfHeaders
        )
        guard verdict == .proceed, !isDoneWithMessage else { return verdict }
        return try await show(body, connection)
    }

    private func show(_ body: any MilterBody, _ connection: MilterConnection) async throws(MilterFailure)
        -> MilterVerdict
    {
        guard !connection.terms.omissions.contains(.noBody) else { return .proceed }
        var offset: UInt64 = 0
        while offset < body.count {
            let piece: [UInt8]
            do throws(IOError) {
                piece = try await body.read(at: offset, maximum: MilterCommand.maximumBodyOctets)
            } catch {
                throw .io(error)
            }
            guard !piece.isEmpty else { break }
            offset += UInt64(piece.count)
            try await connection.send(.body(piece), within: definition.commandTimeout)
            guard !connection.terms.omissions.contains(.noReplyToBody) else { continue }
            let reply = try await answer(connection)
            if reply == .skip { break }
            let verdict = try verdict(of: reply)
            guard verdict == .proceed, !isDoneWithMessage else { return verdict }
        }
        return .proceed
    }

    /// Most changes, and most octets of them, that one filter may want in one message.
    private static let maximumChanges = 10_000
    private static let maximumBody: UInt64 = 4 << 30
    /// How many waits of `content-timeout` a filter that reports progress may have.
    private static let maximumPatience = 10

    private func conclude(
        _ connection: MilterConnection,
        _ messageID: String?,
        _ newBody: any MilterBodyReceiver,
        _ outcome: inout MilterOutcome
    ) async throws(MilterFailure) -> MilterVerdict {
        let macros = MilterMacros.endOfMessage(messageID, envelope)
        try await sendMacros(macros, .endOfMessage, connection)
        try await connection.send(.endOfMessage, within: definition.commandTimeout)
        let limit = ContinuousClock.now + definition.contentTimeout * Self.maximumPatience
        var octets: UInt64 = 0
        while ContinuousClock.now < limit {
            switch try await connection.reply(within: definition.contentTimeout) {
            case .progress: continue
            case .change(let change):
                guard change.needed.isSubset(of: connection.terms.actions) else {
                    throw .unexpected("a change that it did not ask leave for: \(change.label)")
                }
                guard case .replaceBody(let piece) = change else {
                    outcome.changes.append(change)
                    guard outcome.changes.count <= Self.maximumChanges else { throw .unexpected("too many changes") }
                    continue
                }
                outcome.replacesBody = true
                octets &+= UInt64(piece.count)
                guard octets <= Self.maximumBody else { throw .unexpected("a body without end") }
                do throws(IOError) { try newBody.take(piece) } catch { throw .io(error) }
            case let last:
                let verdict = try verdict(of: last)
                isDoneWithMessage = true
                return verdict
            }
        }
        throw .io(.timedOut)
    }

    // MARK: Asking

    private func connect() async throws(MilterFailure) {
        if let connection {
            if connection.isFresh { return }
            drop()
        }
        guard let loop = EventLoop.current else { throw .io(.closed) }
        connection = try await MilterConnection.open(definition, loop)
        isIntroduced = false
    }

    /// Says who the client is, once on a connection.
    private func introduce() async throws(MilterFailure) -> MilterVerdict {
        guard !isIntroduced else { return .proceed }
        isIntroduced = true
        let connect = MilterCommand.connect(
            host: MilterArguments.host(of: facts),
            MilterArguments.peer(facts.peer)
        )
        let macros = MilterMacros.connect(facts)
        let verdict = try await ask(connect, .connect, macros, skips: .noConnect, silent: .noReplyToConnect)
        if isDoneWithMessage { isDoneWithClient = true }
        guard verdict == .proceed, !isDoneWithMessage else { return await turnedAway(verdict) }
        let hello = try await ask(
            .hello(envelope.hello),
            .hello,
            MilterMacros.hello(envelope),
            skips: .noHello,
            silent: .noReplyToHello
        )
        if isDoneWithMessage { isDoneWithClient = true }
        return await turnedAway(hello)
    }

    /// A filter that refused a client hears of its next message on a new connection.
    private func turnedAway(_ verdict: MilterVerdict) async -> MilterVerdict {
        guard verdict != .proceed else { return verdict }
        await close()
        isIntroduced = false
        isDoneWithMessage = true
        return verdict
    }

    /// Sends a command with its macros, and hears the answer when there is to be one.
    private func ask(
        _ command: MilterCommand,
        _ stage: MilterStage?,
        _ macros: [String: String],
        skips: MilterProtocol,
        silent: MilterProtocol
    ) async throws(MilterFailure) -> MilterVerdict {
        guard let connection else { throw .io(.closed) }
        guard !connection.terms.omissions.contains(skips) else { return .proceed }
        if let stage { try await sendMacros(macros, stage, connection) }
        try await connection.send(command, within: definition.commandTimeout)
        guard !connection.terms.omissions.contains(silent) else { return .proceed }
        return try verdict(of: try await answer(connection))
    }

    private func sendMacros(
        _ macros: [String: String],
        _ stage: MilterStage,
        _ connection: MilterConnection
    ) async throws(MilterFailure) {
        let wanted = connection.terms.macros[stage]
        // What was said of the client stays true at every stage.
        let known = wanted == nil ? macros : macros.merging(MilterMacros.connect(facts)) { first, _ in first }
        let chosen = MilterMacros.choose(known, wanted)
        guard !chosen.isEmpty else { return }
        try await connection.send(.macros(of: stage, chosen), within: definition.commandTimeout)
    }

    /// The next reply that is no report of progress.
    private func answer(_ connection: MilterConnection) async throws(MilterFailure) -> MilterReply {
        let limit = ContinuousClock.now + definition.commandTimeout * Self.maximumPatience
        while ContinuousClock.now < limit {
            let reply = try await connection.reply(within: definition.commandTimeout)
            if reply != .progress { return reply }
        }
        throw .io(.timedOut)
    }

    private func verdict(of reply: MilterReply) throws(MilterFailure) -> MilterVerdict {
        switch reply {
        case .proceed: return .proceed
        case .accept:
            isDoneWithMessage = true
            return .proceed
        case .reject: return .refuse(SMTPReply(550, .notAuthorized, "Refused by a filter of this server"))
        case .temporaryFailure:
            return .refuse(SMTPReply(451, .notAuthorized, "Put off by a filter of this server, try again later"))
        case .reply(let text): return .refuse(text.reply)
        case .discard: return .discard
        case .connectionFailure:
            return .refuse(SMTPReply(421, .security, "A filter of this server ends the connection"))
        case .terms, .skip, .progress, .change: throw .unexpected("an answer that has no place here")
        }
    }

    // MARK: Failing

    /// What `ask` decides, reported; what the settings say when the filter cannot be asked.
    ///
    /// - Parameter keepsMessage: a refusal concerns one recipient, and the filter is asked about the others.
    private func guarded(
        keepsMessage: Bool = false,
        _ ask: () async throws(MilterFailure) -> MilterVerdict
    ) async -> MilterVerdict {
        do throws(MilterFailure) {
            let verdict = try await ask()
            report(verdict)
            if verdict == .discard || (verdict != .proceed && !keepsMessage) { await reset() }
            return verdict
        } catch {
            return failed(error)
        }
    }

    private func report(_ verdict: MilterVerdict) {
        switch verdict {
        case .proceed: break
        case .refuse(let reply):
            events.record(.milterRefused, ["smtp.reply": .string(reply.summary)], trace: envelope.id)
        case .discard: events.record(.milterDiscarded, trace: envelope.id)
        }
    }

    private func failed(_ failure: MilterFailure) -> MilterVerdict {
        drop()
        isDoneWithMessage = true
        events.record(
            .milterFailed,
            [
                "error.description": .string(failure.description),
                "milter.when-unavailable": .string(definition.fallback.rawValue),
            ],
            trace: envelope.id
        )
        switch definition.fallback {
        case .accept: return .proceed
        case .tempfail: return .refuse(SMTPReply(451, .notAuthorized, "A filter is away, try again later"))
        case .reject:
            return .refuse(SMTPReply(550, .notAuthorized, "A filter is away, and mail is not taken without it"))
        }
    }

    private func drop() {
        connection?.abort()
        connection = nil
        isIntroduced = false
    }
}

extension MilterReplyText {
    /// What the client gets.
    var reply: SMTPReply {
        var detail = StatusDetail.notAuthorized
        if let subject, let number = self.detail { detail = StatusDetail(subject, number) }
        return SMTPReply(code, detail, lines: lines)
    }
}

extension MilterChange {
    /// For the log: what, without the text.
    package var label: String {
        switch self {
        case .addHeader(let name, _): "add-header \(String(decoding: name.prefix(64), as: UTF8.self))"
        case .insertHeader(_, let name, _): "insert-header \(String(decoding: name.prefix(64), as: UTF8.self))"
        case .changeHeader(_, let name, let value):
            "\(value.isEmpty ? "delete" : "change")-header \(String(decoding: name.prefix(64), as: UTF8.self))"
        case .addRecipient(let address, _): "add-recipient \(address.prefix(256))"
        case .deleteRecipient(let address): "delete-recipient \(address.prefix(256))"
        case .replaceBody: "replace-body"
        case .changeSender(let address, _): "change-sender \(address.prefix(256))"
        case .quarantine(let reason): "quarantine \(reason.prefix(256))"
        }
    }
}
