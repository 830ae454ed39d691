// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Events
internal import Runtime

extension Command {
    static func events(_ catalogue: EventCatalogue) -> Command {
        Command(
            "events",
            aliases: ["event"],
            summary: "Read the event log",
            discussion: "Shows the last 100 events, or all since a time. Works without a running server.",
            options: [.eventSource, .eventID, .eventSince, .eventLevel, .eventTrace, .eventLast, .eventFollow, .json],
            examples: [
                "martlet events --since 1h", "martlet events --source imap --level warning --follow",
                "martlet events --id 4097 --id 7031 --json",
            ],
            subcommands: [.eventsCatalogue(catalogue), .eventsExplain(catalogue)],
            action: .perform { (invocation) throws(CommandError) in
                let filter = try invocation.eventFilter()
                let count = try invocation.eventCount()
                try invocation.requireEventLog()
                if invocation.has(.eventFollow) {
                    await invocation.followEvents(filter, count)
                } else {
                    await invocation.listEvents(filter, count)
                }
            }
        )
    }
}

extension Option {
    static let eventSource = Option(
        "--source",
        value: "NAME",
        help: "Events of this part (imap) or with this beginning of the name (smtp.recipient); may be repeated",
        isRepeated: true
    )
    static let eventID = Option(
        "--id",
        value: "NUMBER",
        help: "Events of this number; may be repeated",
        isRepeated: true
    )
    static let eventSince = Option("--since", value: "TIME", help: "How long ago (15m, 1h, 2d) or 2026-11-21T07:00:00Z")
    static let eventLevel = Option(
        "--level",
        value: "LEVEL",
        help: "Those of this weight and above: error, warning, notice or information",
        completion: .words(EventLevel.allCases.map(\.rawValue))
    )
    static let eventTrace = Option("--trace", value: "ID", help: "Events of one message or session")
    static let eventLast = Option("--last", value: "COUNT", help: "At most so many, the newest")
    static let eventFollow = Option("--follow", short: "-f", help: "Go on with new events as they happen")
}

extension Invocation {
    fileprivate func eventFilter() throws(CommandError) -> EventFilter {
        var query: [AdminRequest.Parameter] = []
        for option in [Option.eventSource, .eventID, .eventSince, .eventLevel, .eventTrace] {
            query += values(option).map { AdminRequest.Parameter(String(option.name.dropFirst(2)), $0) }
        }
        do throws(AdminError) { return try EventFilter(AdminRequest(.get, ["v1", "events"], query: query)) } catch {
            throw CommandError(.usage, "--\(error.message)")
        }
    }

    /// `nil`: all.
    fileprivate func eventCount() throws(CommandError) -> Int? {
        guard let text = value(.eventLast) else { return has(.eventSince) ? nil : has(.eventFollow) ? 10 : 100 }
        guard let count = Int(text), (1...100_000).contains(count) else {
            throw CommandError(.usage, "--last must be a number from 1 to 100000.")
        }
        return count
    }

    fileprivate func requireEventLog() throws(CommandError) {
        do throws(AdminError) { try installation.requireFolder() } catch { throw CommandError(error) }
        guard installation.eventLog.exists || has(.eventFollow) else {
            throw CommandError(.noInput, "There is no event log in \(dataFolder)/log; no server has run here yet.")
        }
    }

    fileprivate func followEvents(_ filter: EventFilter, _ count: Int?) async {
        let asJSON = has(.json)
        await BlockingPool.shared.run { [terminal, installation] in
            installation.eventLog.follow(filter, showingLast: count) { entry in
                terminal.write((asJSON ? String(decoding: entry.json.encoded, as: UTF8.self) : entry.line) + "\n")
                return true
            }
        }
    }

    fileprivate func listEvents(_ filter: EventFilter, _ count: Int?) async {
        let entries = await BlockingPool.shared.run { [installation] in
            installation.eventLog.last(count ?? 100_000, filter)
        }
        if has(.json) {
            terminal.write(JSONValue.array(entries.map(\.json)).indented + "\n")
        } else {
            for entry in entries { terminal.write(entry.line + "\n") }
        }
    }
}
