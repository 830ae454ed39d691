// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Runtime

extension Invocation {
    /// How often a run begins anew when the server went away under it without having stored anything meanwhile.
    private static let maximumFruitlessTries = 5

    /// Sends a source to the server, and shows what came of it.
    ///
    /// When the server goes away the source is begun anew: what is stored already is passed over.
    func runImport(
        _ makeSource: @escaping @Sendable () throws(FileError) -> any ImportSource
    ) async throws(CommandError) {
        let path = try mailPath("import")
        var display = ProgressDisplay(terminal)
        var total = ImportTotal()
        var fruitless = 0
        while true {
            let feeder = try await onPool { () throws(FileError) in ImportFeeder(try makeSource()) }
            var run = ImportRun(feeder)
            do throws(AdminError) {
                var answer = try await beginCall(.post, path)
                try await run.send(to: &answer, &display, before: total)
                total.add(run.counts, findings: feeder.findings, refusals: run.refusals)
                break
            } catch {
                fruitless = run.counts.stored > 0 ? 0 : fruitless + 1
                total.stored += run.counts.stored
                total.octets += run.counts.octets
                guard error.code == .interrupted, fruitless < Self.maximumFruitlessTries else {
                    display.end()
                    throw CommandError(error)
                }
                display.end()
                terminal.complain("The server went away; trying again.\n")
                await pause(.seconds(1))
            }
        }
        display.end()
        showImport(total, seconds: display.elapsed)
        if total.findings.isLoss { throw CommandError(.findings, "") }
    }

    private func showImport(_ total: ImportTotal, seconds: Double) {
        guard !has(.json) else { return terminal.write(total.json(seconds: seconds).indented + "\n") }
        let rate = ProgressDisplay.grouped(Int64(Double(total.read) / max(seconds, 0.001)))
        var lines = [
            "\(ProgressDisplay.grouped(total.read)) messages read, \(ProgressDisplay.grouped(total.stored)) stored, "
                + "\(ProgressDisplay.grouped(total.known)) there already; "
                + "\(ProgressDisplay.size(Double(total.octets))) stored in \(ProgressDisplay.clock(seconds)), \(rate)/s"
        ]
        if !total.findings.lines.isEmpty { lines += ["Findings:"] + total.findings.lines }
        terminal.write(lines.joined(separator: "\n") + "\n")
    }
}

/// What all tries of an import came to.
struct ImportTotal {
    var read: Int64 = 0
    var stored: Int64 = 0
    var known: Int64 = 0
    var octets: UInt64 = 0
    var mailboxes: Int64 = 0
    var findings = ImportFindings()

    /// The try that came to its end; what earlier ones stored was known to it.
    mutating func add(_ counts: ImportRun.Counts, findings: ImportFindings, refusals: ImportFindings) {
        read = counts.read
        known = max(0, counts.known - stored)
        stored += counts.stored
        octets += counts.octets
        mailboxes += counts.mailboxes
        self.findings.add(findings)
        self.findings.add(refusals)
    }

    func json(seconds: Double) -> JSONValue {
        [
            "read": .integer(read), "stored": .integer(stored), "known": .integer(known),
            "octetsStored": .integer(Int64(clamping: octets)), "mailboxesMade": .integer(mailboxes),
            "seconds": .number((seconds * 1000).rounded() / 1000), "findings": findings.json,
        ]
    }
}

/// One try of an import.
struct ImportRun {
    struct Counts: Sendable {
        var read: Int64 = 0
        var stored: Int64 = 0
        var known: Int64 = 0
        var octets: UInt64 = 0
        var mailboxes: Int64 = 0

        init() {}

        init(_ json: JSONValue) {
            read = json["read"]?.integer ?? 0
            stored = json["stored"]?.integer ?? 0
            known = json["known"]?.integer ?? 0
            octets = UInt64(clamping: json["octetsStored"]?.integer ?? 0)
            mailboxes = json["mailboxesMade"]?.integer ?? 0
        }
    }

    private let feeder: ImportFeeder
    private(set) var counts = Counts()
    private(set) var refusals = ImportFindings()

    init(_ feeder: ImportFeeder) { self.feeder = feeder }

    /// Sends the whole source and waits for the end.
    mutating func send(
        to answer: inout AdminAnswer,
        _ display: inout ProgressDisplay,
        before: ImportTotal
    ) async throws(AdminError) {
        var progress = 0.0
        while let piece = try await next() {
            try await answer.call.send(piece.octets)
            progress = piece.progress
            while let item = try answer.nextAvailable() { take(item) }
            display.update(progress, count: counts.read, unit: "messages", octets: counts.octets)
        }
        try await answer.call.endBody()
        while let item = try await answer.next() {
            take(item)
            display.update(progress, count: counts.read, unit: "messages", octets: counts.octets)
        }
        if let outcome = answer.outcome { counts = Counts(outcome) }
    }

    private func next() async throws(AdminError) -> ImportFeeder.Piece? {
        let feeder = feeder
        let outcome = await BlockingPool.shared.run { () -> Result<ImportFeeder.Piece?, FileError> in
            do throws(FileError) { return .success(try feeder.next()) } catch { return .failure(error) }
        }
        do throws(FileError) { return try outcome.get() } catch { throw AdminError(.failure, "\(error)") }
    }

    private mutating func take(_ item: AdminItem) {
        guard case .head(let head, _) = item else { return }
        if let progress = head["progress"] { counts = Counts(progress) }
        if let refused = head["refused"], let number = refused["number"]?.integer {
            refusals.add(.refused, "\(feeder.place(number)): \(refused["reason"]?.string ?? "")")
        }
    }
}
