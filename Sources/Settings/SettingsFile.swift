// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// `DATA/martlet.conf` and its history.
///
/// Makes blocking calls: not for event loops. Any number of processes may read it and edit it at once.
package struct SettingsFile: Sendable {
    package static let name = "martlet.conf"
    static let maximumOctets = 1 << 20

    package let tree: SettingsTree
    /// The folder of the installation.
    package let dataFolder: String

    package init(dataFolder: String, tree: SettingsTree) {
        self.dataFolder = dataFolder
        self.tree = tree
    }

    package var path: String { "\(dataFolder)/\(Self.name)" }

    /// Reads the file.
    ///
    /// What is not valid is a problem and does not count; in place of a refused value stands the one of `previous` or,
    /// without that, the last one in the history that is valid.
    package func load(previous: SettingsSnapshot? = nil) -> (snapshot: SettingsSnapshot, problems: [SettingsProblem]) {
        do throws(FileFailure) {
            let bytes = try WholeFile.read(path, maximum: Self.maximumOctets) ?? []
            return interpret(SettingsDocument(bytes)) { path in
                if let previous { return previous.texts[path] }
                return lastGood(path)
            }
        } catch {
            let problem = SettingsProblem(kind: .unreadable, file: Self.name, reason: error.description)
            return (previous ?? SettingsSnapshot(), [problem])
        }
    }

    /// What a document means.
    ///
    /// `fallback` is asked for the value of a path whose own value is refused.
    func interpret(
        _ document: SettingsDocument,
        fallback: (String) -> String? = { _ in nil }
    ) -> (snapshot: SettingsSnapshot, problems: [SettingsProblem]) {
        var texts: [String: String] = [:]
        var lines: [String: Int] = [:]
        var problems = document.faults.map {
            SettingsProblem(kind: .malformed, file: Self.name, line: $0.line, reason: $0.reason)
        }
        for assignment in document.assignments {
            func note(_ kind: SettingsProblem.Kind, _ reason: String) {
                problems.append(
                    SettingsProblem(
                        kind: kind,
                        file: Self.name,
                        line: assignment.line,
                        key: PrintableText.escaped(assignment.key),
                        reason: PrintableText.escaped(reason)
                    )
                )
            }
            do throws(UnknownSetting) {
                let address = try tree.resolve(assignment.key)
                if let earlier = lines.updateValue(assignment.line, forKey: address.path) {
                    note(.repeated, "is set on line \(earlier) already; this later line counts")
                }
                if let refusal = address.declaration.refusal(assignment.value) {
                    note(.refused, refusal)
                    texts[address.path] = texts[address.path] ?? fallback(address.path)
                } else {
                    texts[address.path] = assignment.value
                }
            } catch {
                note(.unknown, error.reason + (error.suggestion.map { "; did you mean \($0)?" } ?? ""))
            }
        }
        return (SettingsSnapshot(texts: texts), problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
    }

    private func lastGood(_ path: String) -> String? {
        for number in history.numbers.suffix(20).reversed() {
            guard let bytes = history.bytes(of: number) else { continue }
            if let text = interpret(SettingsDocument(bytes)).snapshot.texts[path] { return text }
        }
        return nil
    }

    var history: SettingsHistory { SettingsHistory(folder: "\(dataFolder)/settings-history") }
}
