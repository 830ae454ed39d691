// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let storeCheck = upkeepCommand(
        "check",
        "Read every octet of the stores and tell what is wrong",
        "Changes nothing. The exit code is 0 when all is well, 1 when something was found.",
        options: [.paced]
    )
    static let storeScrub = upkeepCommand(
        "scrub",
        "Look for damage and mark the messages that are hit",
        "As the server does by itself every store/scrub-interval. Damaged messages get the keyword $Damaged; nothing is "
            + "deleted. The exit code is 1 when something was found.",
        options: [.paced]
    )
    static let storeRepair = upkeepCommand(
        "repair",
        "Save what is whole from damaged files and make derived files again",
        "Nothing that might still be read is deleted. The exit code is 1 when something was found; \"store check\" says "
            + "what is left of it."
    )
    static let storeCompact = upkeepCommand(
        "compact",
        "Give the room of removed mail back to the disk now",
        "As the server does by itself in the background, but at the disk's full rate and with the mail that came last."
    )

    private static func upkeepCommand(
        _ name: String,
        _ summary: String,
        _ discussion: String,
        options: [Option] = []
    ) -> Command {
        Command(
            name,
            summary: summary,
            discussion: discussion,
            options: [.storeNumber] + options + [.json],
            examples: ["martlet store \(name)"],
            action: .perform { (invocation) throws(CommandError) in
                try await invocation.runUpkeep(name, query: invocation.pace)
            }
        )
    }
}

extension Invocation {
    private static let shownFindings = 1000

    /// Has a verb done to every store.
    fileprivate func runUpkeep(_ verb: String, query: [AdminRequest.Parameter]) async throws(CommandError) {
        var results: [JSONValue] = []
        var hasFindings = false
        for number in try await storeNumbers() {
            var (result, findings) = try await upkeep(["stores", number, verb], query: query)
            hasFindings = hasFindings || (result["findings"]?.integer ?? 0) > 0
            if !findings.isEmpty { findings = named(findings, try await addresses()) }
            let members = [JSONMember("store", .string(number))] + (result.members ?? [])
            results.append(.object(members + [JSONMember("found", .array(findings))]))
            if !has(.json) { showUpkeep(number, result, findings) }
        }
        if has(.json) { terminal.write(JSONValue.array(results).indented + "\n") }
        if hasFindings { throw CommandError(.findings, "") }
    }

    private func addresses() async throws(CommandError) -> [Int64: String] {
        let accounts = try await ask(.get, ["accounts"]).array ?? []
        let pairs = accounts.compactMap { row in row["id"]?.integer.map { ($0, row.shown("address")) } }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Findings with the addresses of their accounts.
    private func named(_ findings: [JSONValue], _ addresses: [Int64: String]) -> [JSONValue] {
        findings.map { finding in
            let address = finding["account"]?.integer.flatMap { addresses[$0] }
            return .object((finding.members ?? []) + [JSONMember("address", .optional(address))])
        }
    }

    private func showUpkeep(_ number: String, _ result: JSONValue, _ findings: [JSONValue]) {
        terminal.write("Store \(PrintableText.escaped(number)): \(Self.facts(result))\n")
        for finding in findings.prefix(Self.shownFindings) {
            terminal.write("  " + PrintableText.escaped(Self.text(of: finding)) + "\n")
        }
        if findings.count > Self.shownFindings {
            terminal.write("  and \(findings.count - Self.shownFindings) more; --json has them\n")
        }
    }

    private static func text(of finding: JSONValue) -> String {
        let owner = finding["address"]?.string ?? finding["account"]?.integer.map { "account \($0)" }
        let uid = finding["uid"]?.integer.map { "UID \($0)" }
        let place = [owner, finding["mailbox"]?.string, uid].compactMap(\.self).joined(separator: " ")
        var text = "\(finding.shown("kind")): \(finding.shown("file")) at \(finding.shown("offset"))"
        if !place.isEmpty { text += ", \(place)" }
        if let lost = finding["lostOctets"]?.integer, lost > 0 {
            text += ", \(ProgressDisplay.grouped(lost)) octets lost"
        }
        let detail = finding.shown("detail")
        return detail.isEmpty ? text : text + " (\(detail))"
    }

    /// `octetsRead` as "octets read 1,234".
    private static func facts(_ result: JSONValue) -> String {
        (result.members ?? []).compactMap { member in
            let words = member.name.reduce(into: "") { words, letter in
                words += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
            }
            let value = member.value.integer.map(ProgressDisplay.grouped) ?? result.shown(member.name)
            return value.isEmpty ? nil : PrintableText.escaped("\(words) \(value)")
        }.joined(separator: ", ")
    }

    /// A long operation on a store, with its progress shown.
    func upkeep(
        _ path: [String],
        query: [AdminRequest.Parameter] = []
    ) async throws(CommandError) -> (result: JSONValue, findings: [JSONValue]) {
        var answer = try await begin(.post, path, query: query)
        var display = UpkeepDisplay(terminal)
        defer { display.end() }
        var findings: [JSONValue] = []
        do throws(AdminError) {
            while let item = try await answer.next() {
                guard case .head(let head, _) = item else { continue }
                if let finding = head["finding"] { findings.append(finding) }
                if let progress = head["progress"] { display.update(progress) }
            }
        } catch {
            throw CommandError(error)
        }
        return (answer.outcome ?? .null, findings)
    }
}

/// Shows how far upkeep is, stage by stage.
struct UpkeepDisplay {
    private let terminal: Terminal
    private var stage = ""
    private var display: ProgressDisplay

    init(_ terminal: Terminal) {
        self.terminal = terminal
        display = ProgressDisplay(terminal)
    }

    /// - Parameter progress: `stage`, `done` and `total`, as the admin API tells them.
    mutating func update(_ progress: JSONValue) {
        guard let done = progress["done"]?.integer, let total = progress["total"]?.integer else { return }
        update(progress.shown("stage"), done: done, of: total)
    }

    mutating func update(_ stage: String, done: Int64, of total: Int64) {
        if stage != self.stage {
            // What is left of another stage is told by its own rate.
            display.end()
            display = ProgressDisplay(terminal)
            self.stage = stage
        }
        if stage == "accounts" {
            let fraction = total > 0 ? Double(done) / Double(total) : nil
            display.update(fraction, count: done, unit: "accounts")
        } else {
            display.update(octets: done, of: total, stage == "segments" ? "read" : "copied")
        }
    }

    mutating func end() { display.end() }
}
