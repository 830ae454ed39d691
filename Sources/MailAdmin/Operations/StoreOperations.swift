// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import JournalStore
internal import MailStore
internal import MailTypes

extension MailOperations {
    var storeOperations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/stores/:number") { (request) throws(AdminError) in
                try await provider.withStore { (store) throws(AdminError) in
                    let statistics = try await upkeep {
                        try await store.statistics(countingLive: request["live"] == "yes")
                    }
                    return StoreRows.json(statistics, number: provider.number, folder: provider.folder)
                }
            },
            long("check") { store, exchange, request in
                let report = try await store.check(paced: request["paced"] == "yes", observe: exchange.observer)
                try await exchange.send(report.findings)
                return StoreRows.json(report)
            },
            long("scrub") { store, exchange, request in
                StoreRows.json(try await store.scrubNow(paced: request["paced"] == "yes", observe: exchange.observer))
            },
            long("compact") { store, exchange, _ in
                StoreRows.json(try await store.compact(now: true, observe: exchange.observer))
            },
            long("repair") { store, exchange, _ in
                let report = try await store.repair(observe: exchange.observer)
                try await exchange.send(report.found.findings)
                return StoreRows.json(report)
            },
            long("reindex") { store, exchange, request in
                try await reindex(store.accounts, of: store, exchange, request)
            },
            AdminOperation(streaming: .post, "v1/mail/:account/reindex") { (request, exchange) throws(AdminError) in
                guard let number = UInt64(request.path[2]) else {
                    throw AdminError(.badRequest, "The path names no account.")
                }
                return try await provider.withStore { (store) throws(AdminError) in
                    try await upkeep { try await reindex([AccountID(number)], of: store, exchange, request) }
                }
            },
            AdminOperation(streaming: .get, "v1/stores/:number/backup") { (request, exchange) throws(AdminError) in
                try await provider.withStore { (store) throws(AdminError) in
                    let report = try await upkeep {
                        try await store.backup(
                            to: ExchangeSink(exchange: exchange),
                            paced: request["paced"] == "yes"
                        )
                    }
                    return StoreRows.json(report)
                }
            },
        ]
    }

    /// A long operation on the store; each is done once at a time.
    private func long(
        _ name: String,
        _ body: @escaping @Sendable (JournalStore, AdminExchange, AdminRequest) async throws -> JSONValue
    ) -> AdminOperation {
        AdminOperation(streaming: .post, "v1/stores/:number/\(name)") { (request, exchange) throws(AdminError) in
            try await exclusions.alone(name, "A \(name) of this store, by \(request.caller),") {
                () async throws(AdminError) in
                try await provider.withStore { (store) throws(AdminError) in
                    try await upkeep { try await body(store, exchange, request) }
                }
            }
        }
    }

    /// Makes the search texts of accounts: all of them again, or with `missing=yes` those that are missing.
    ///
    /// Not optimized: Swift 6.3.1 crashes while it splits the coroutine. What this calls is where the time goes.
    @inline(never)
    @_optimize(none)
    private func reindex(
        _ accounts: [AccountID],
        of store: JournalStore,
        _ exchange: AdminExchange,
        _ request: AdminRequest
    ) async throws -> JSONValue {
        let (observe, makesAnew) = (exchange.observer, request["missing"] != "yes")
        var done: UInt64 = 0
        for account in accounts {
            try Task.checkCancellation()
            try await store.makeTexts(of: account, anew: makesAnew)
            done += 1
            observe(UpkeepProgress(.accounts, done: done, of: UInt64(accounts.count)))
        }
        return ["accounts": .integer(Int64(accounts.count))]
    }

    /// Does what the store may refuse, or what ends early because the caller hung up.
    private func upkeep<Answer: Sendable>(
        _ body: @Sendable () async throws -> Answer
    ) async throws(AdminError) -> Answer {
        do { return try await body() } catch let error as MailStoreError {
            throw error.code == .busy ? AdminError(.conflict, AdminError(error).message) : AdminError(error)
        } catch let error as AdminError {
            throw error
        } catch is CancellationError {
            throw AdminError(.interrupted, "It was ended before it was done; what it did until then stands.")
        } catch {
            throw AdminError(.failure, "\(error)")
        }
    }
}

/// Sends a backup to the caller.
private struct ExchangeSink: BackupSink {
    let exchange: AdminExchange

    func announce(octets: UInt64) async throws {
        try await exchange.send(["backup": ["octets": .integer(Int64(clamping: octets))]])
    }

    func begin(_ path: String, octets: UInt64) async throws {
        try await exchange.send(["file": .string(path), "octets": .integer(Int64(clamping: octets))])
    }

    func write(_ octets: [UInt8]) async throws { try await exchange.send(octets: octets) }
}

extension AdminExchange {
    /// Tells the caller of progress.
    fileprivate var observer: UpkeepObserver {
        { progress in
            self.report(
                [
                    "stage": .string(progress.stage.rawValue), "done": .integer(Int64(clamping: progress.done)),
                    "total": .integer(Int64(clamping: progress.total)),
                ]
            )
        }
    }

    fileprivate func send(_ findings: [CheckFinding]) async throws(AdminError) {
        for finding in findings { try await send(["finding": StoreRows.json(finding)]) }
    }
}
