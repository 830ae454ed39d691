// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes

/// One import into an account: takes mailboxes and messages as they come, and leaves out those that are there.
///
/// Used by one task. Many messages are on their way into the log at a time, so that they share its commits; they get
/// their UIDs in the order in which they came.
final class MailImport {
    /// Messages on their way at a time.
    private static let maximumUnderWay = 64
    /// Octets of messages in memory at a time; a message beyond 1 MiB is in a file.
    private static let maximumOctetsUnderWay: UInt64 = 16 << 20
    private static let inMemory: UInt64 = 1 << 20
    private static let reportInterval = Duration.milliseconds(250)

    /// What became of a message.
    private struct Outcome: Sendable {
        var number: Int64
        var octets: UInt64
        var failure: MailStoreError?
    }

    /// The message that is coming in.
    private struct Incoming {
        var number: Int64
        var name: MailboxName
        var flags: FlagSet
        var date: MailDate
        var size: UInt64
        var sha256: [UInt8]?
        var rest: UInt64
        /// `nil` when the octets are passed over.
        var staging: (any MessageStaging)?
    }

    private let store: any MailStore
    private let account: any MailAccount
    private let exchange: AdminExchange
    private var known: [MailboxName: KnownMessages] = [:]
    private var incoming: Incoming?
    private var underWay = 0
    private var octetsUnderWay: UInt64 = 0
    private var counts = Counts()
    /// What ends the run.
    private var fatal: AdminError?
    private var lastReport = ContinuousClock.now

    private struct Counts {
        var read: Int64 = 0
        var stored: Int64 = 0
        var known: Int64 = 0
        var refused: Int64 = 0
        var octets: UInt64 = 0
        var mailboxes: Int64 = 0

        var json: JSONValue {
            [
                "read": .integer(read), "stored": .integer(stored), "known": .integer(known),
                "refused": .integer(refused), "octetsStored": .integer(Int64(clamping: octets)),
                "mailboxesMade": .integer(mailboxes),
            ]
        }
    }

    init(_ store: any MailStore, _ account: any MailAccount, _ exchange: AdminExchange) {
        self.store = store
        self.account = account
        self.exchange = exchange
    }

    /// Runs to the end of the body.
    func run() async throws(AdminError) -> JSONValue {
        let failure = await withTaskGroup(of: Outcome.self, returning: AdminError?.self) { group in
            var failure: AdminError?
            do throws(AdminError) { try await takeAll(&group) } catch { failure = error }
            while let outcome = await group.next() { try? await ended(outcome) }
            return failure
        }
        if let failure = fatal ?? failure { throw failure }
        return counts.json
    }

    private func takeAll(_ group: inout TaskGroup<Outcome>) async throws(AdminError) {
        var decoder = AdminItemDecoder()
        while let octets = try await exchange.receive() {
            decoder.add(octets)
            while let item = try decoder.next() {
                try await take(item, &group)
                if let fatal { throw fatal }
            }
        }
        guard decoder.isComplete else { throw AdminError(.badRequest, "The body ends within an item.") }
    }

    private func take(_ item: AdminItem, _ group: inout TaskGroup<Outcome>) async throws(AdminError) {
        switch item {
        case .head(let head, let octets):
            if let mailbox = head["mailbox"] { return try await prepare(mailbox) }
            guard let message = head["message"] else {
                throw AdminError(.badRequest, "The body holds \"mailbox\" and \"message\" items only.")
            }
            try await begin(message, octets)
        case .octets(let octets): try await add(octets)
        }
        if incoming?.rest == 0 { try await finish(&group) }
    }

    // MARK: Mailboxes

    /// Makes a mailbox that is missing, and subscribes it if that is asked for.
    private func prepare(_ mailbox: JSONValue) async throws(AdminError) {
        let name = try MailboxName(checking: mailbox["name"]?.string ?? "")
        if mailbox["exists"]?.bool != false { try await open(name, uses: mailbox["specialUse"]?.strings ?? []) }
        guard let isSubscribed = mailbox["subscribed"]?.bool else { return }
        try await translated { () throws(MailStoreError) in try await account.setSubscribed(isSubscribed, name) }
    }

    private func open(_ name: MailboxName, uses: [String] = []) async throws(AdminError) {
        guard known[name] == nil else { return }
        let all = try await translated { () throws(MailStoreError) in try await account.mailboxes() }
        if !all.contains(where: { $0.name == name && $0.id != nil }) {
            let taken = all.reduce(into: Set<SpecialUse>()) { $0.formUnion($1.specialUse) }
            let wanted = Set(uses.compactMap(SpecialUse.init(rawValue:))).subtracting(taken)
            do throws(MailStoreError) {
                _ = try await account.create(name, specialUse: wanted)
                counts.mailboxes += 1
            } catch {
                guard error.code == .mailboxExists else { throw AdminError(error) }
            }
        }
        known[name] = try await translated { () throws(MailStoreError) in try await KnownMessages(account, name) }
    }

    // MARK: Messages

    private func begin(_ message: JSONValue, _ octets: UInt64) async throws(AdminError) {
        let name = try MailboxName(checking: message["mailbox"]?.string ?? "")
        guard let seconds = message["date"]?.integer, let zone = Int16(exactly: message["zone"]?.integer ?? 0) else {
            throw AdminError(.badRequest, "A message has a \"date\", in seconds since 1970.")
        }
        try await open(name)
        counts.read += 1
        let date = MailDate(secondsSince1970: seconds, zoneMinutes: zone)
        let sha256 = message["sha256"]?.string.flatMap { Hex.decode($0.utf8) }
        let isKnown = try await isKnown(name, octets, date, sha256)
        if isKnown { counts.known += 1 }
        incoming = Incoming(
            number: counts.read,
            name: name,
            flags: FlagSet(message),
            date: date,
            size: octets,
            sha256: sha256,
            rest: octets,
            staging: isKnown ? nil : store.stage()
        )
    }

    private func isKnown(
        _ name: MailboxName,
        _ size: UInt64,
        _ date: MailDate,
        _ sha256: [UInt8]?
    ) async throws(AdminError) -> Bool {
        // Taken out, so that the memory is changed and not copied.
        guard let sha256, var mailbox = known.removeValue(forKey: name) else { return false }
        let outcome: Result<Bool, AdminError>
        do throws(MailStoreError) {
            outcome = .success(try await mailbox.take(size: size, date: date, sha256: sha256))
        } catch {
            outcome = .failure(AdminError(error))
        }
        known[name] = mailbox
        return try outcome.get()
    }

    private func add(_ octets: [UInt8]) async throws(AdminError) {
        guard let message = incoming else { return }
        incoming?.rest -= min(message.rest, UInt64(octets.count))
        do throws(MailStoreError) { try message.staging?.add(octets) } catch {
            incoming?.staging = nil
            try await refused(message.number, error)
        }
    }

    private func finish(_ group: inout TaskGroup<Outcome>) async throws(AdminError) {
        guard let message = incoming else { return }
        incoming = nil
        report()
        guard let staging = message.staging else { return }
        let staged = try await translated { () throws(MailStoreError) in try await staging.finish() }
        if let claimed = message.sha256, claimed != staged.sha256 {
            throw AdminError(.badRequest, "Message \(message.number) did not come as it was sent.")
        }
        let held = min(message.size, Self.inMemory)
        while underWay > 0,
            underWay >= Self.maximumUnderWay || octetsUnderWay + held > Self.maximumOctetsUnderWay,
            let outcome = await group.next()
        {
            try await ended(outcome)
        }
        (underWay, octetsUnderWay) = (underWay + 1, octetsUnderWay + held)
        let account = account
        let (number, name, flags, date) = (message.number, message.name, message.flags, message.date)
        // Begun here and now, so that appends come to the account in the order of the messages.
        group.addImmediateTask {
            do throws(MailStoreError) {
                _ = try await account.append(staged, to: name, flags: flags, internalDate: date, delivery: nil)
                return Outcome(number: number, octets: staged.size, failure: nil)
            } catch {
                return Outcome(number: number, octets: staged.size, failure: error)
            }
        }
    }

    private func ended(_ outcome: Outcome) async throws(AdminError) {
        (underWay, octetsUnderWay) = (underWay - 1, octetsUnderWay - min(outcome.octets, Self.inMemory))
        if let failure = outcome.failure { return try await refused(outcome.number, failure) }
        counts.stored += 1
        counts.octets += outcome.octets
    }

    /// A message that the store does not take: that of one alone is told, that of all ends the run.
    private func refused(_ number: Int64, _ error: MailStoreError) async throws(AdminError) {
        switch error.code {
        case .busy, .storageFull, .unavailable:
            if fatal == nil { fatal = AdminError(error) }
        default:
            counts.refused += 1
            try await exchange.send(["refused": ["number": .integer(number), "reason": .string(error.message)]])
        }
    }

    private func report() {
        let now = ContinuousClock.now
        guard now - lastReport > Self.reportInterval else { return }
        lastReport = now
        exchange.report(counts.json)
    }
}

extension FlagSet {
    /// Reads `flags` (`\\Seen`) and `keywords`; what is neither is left out.
    init(_ message: JSONValue) {
        self.init()
        for name in message["flags"]?.strings ?? [] {
            for (flag, known) in SystemFlags.names where ASCII.equalIgnoringCase(known.utf8, name.utf8) {
                system.insert(flag)
            }
        }
        keywords = Set((message["keywords"]?.strings ?? []).compactMap { Keyword($0) })
    }
}
