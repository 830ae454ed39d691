// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Runtime

extension Command {
    static let exportMail = Command(
        "export",
        summary: "Write the mail of an account into files",
        discussion:
            "The account as it is at one moment. The folder must be new or empty. Imported again, an export gives the same "
            + "mailboxes: octets, flags, keywords, internal dates, names and subscriptions. The exit code is 1 when "
            + "something of a message was lost.",
        subcommands: [
            exportCommand("mbox", "mboxes, in the form mboxrd") { MboxSink($0) },
            exportCommand("maildir", "a Maildir with the folders of Maildir++") { MaildirSink($0) },
        ]
    )

    private static func exportCommand(
        _ name: String,
        _ form: String,
        _ makeSink: @escaping @Sendable (String) -> any ExportSink
    ) -> Command {
        Command(
            name,
            summary: "Write \(form)",
            arguments: [.bulkPath],
            options: [.ofAccount, .inMailbox, .json],
            examples: ["martlet export \(name) --account ann@example.org ./ann"],
            action: .perform { (invocation) throws(CommandError) in
                try await invocation.runExport(try invocation.word(.bulkPath), makeSink)
            }
        )
    }
}

extension Invocation {
    /// Items that are handed to the thread that writes at a time.
    private static let batchOctets = 1 << 20

    fileprivate func runExport(
        _ path: String,
        _ makeSink: @escaping @Sendable (String) -> any ExportSink
    ) async throws(CommandError) {
        let query = values(.inMailbox).map { AdminRequest.Parameter("mailbox", $0) }
        var answer = try await begin(.get, mailPath("export"), query: query)
        var display = ProgressDisplay(terminal)
        let total: Int64
        do throws(AdminError) {
            guard case .head(let head, _)? = try await answer.next() else {
                throw AdminError(.failure, "The server's answer was not understood.")
            }
            total = max(1, head["account"]?["messages"]?.integer ?? 1)
        } catch {
            throw CommandError(error)
        }
        let writer = try await onPool { () throws(FileError) in try ExportWriter(path, makeSink) }
        while let batch = try await nextBatch(&answer) {
            try await onPool { () throws(FileError) in try writer.take(batch) }
            display.update(
                Double(writer.messages) / Double(total),
                count: writer.messages,
                unit: "messages",
                octets: writer.octets
            )
        }
        try await onPool { () throws(FileError) in try writer.finish() }
        display.end()
        show(
            [
                "messages": .integer(writer.messages), "octetsOfMail": .integer(Int64(clamping: writer.octets)),
                "seconds": .number((display.elapsed * 1000).rounded() / 1000), "damaged": .strings(writer.damaged),
                "lostKeywords": .integer(Int64(writer.lostKeywords)),
            ]
        ) { outcome in exportText(outcome, path) }
        if !writer.damaged.isEmpty || writer.lostKeywords > 0 { throw CommandError(.findings, "") }
    }

    /// Items of an answer, enough to be worth a thread; `nil` after the last.
    func nextBatch(_ answer: inout AdminAnswer) async throws(CommandError) -> [AdminItem]? {
        do throws(AdminError) {
            var batch: [AdminItem] = []
            var octets = 0
            while octets < Self.batchOctets {
                guard let item = try await answer.next() else { return batch.isEmpty ? nil : batch }
                batch.append(item)
                if case .octets(let some) = item { octets += some.count } else { octets += 256 }
            }
            return batch
        } catch {
            throw CommandError(error)
        }
    }

    private func exportText(_ outcome: JSONValue, _ path: String) -> String {
        var lines = [
            "\(ProgressDisplay.grouped(outcome["messages"]?.integer ?? 0)) messages, "
                + "\(ProgressDisplay.size(Double(outcome["octetsOfMail"]?.integer ?? 0))), written to \(PrintableText.escaped(path))"
        ]
        let damaged = outcome["damaged"]?.strings ?? []
        if !damaged.isEmpty { lines += ["Damaged:"] + damaged.prefix(20).map { "  " + PrintableText.escaped($0) } }
        if let lost = outcome["lostKeywords"]?.integer, lost > 0 {
            lines.append("\(lost) keywords are not in the export: a folder of a Maildir has room for 26.")
        }
        return lines.joined(separator: "\n")
    }
}
