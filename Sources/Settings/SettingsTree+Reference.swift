// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension SettingsTree {
    /// Everything wrong with the declarations themselves: a path twice, a name that is no path, a default outside what
    /// is allowed, no help.
    ///
    /// Empty for a tree that may ship.
    package var lint: [String] {
        var faults: [String] = []
        var seen: Set<String> = []
        for declaration in declarations {
            let path = declaration.path
            if !seen.insert(path).inserted { faults.append("\(path): declared twice") }
            if !Self.isPath(path) { faults.append("\(path): not of the form service/name in lower case") }
            if declaration.help.isEmpty { faults.append("\(path): no help") }
            if let refusal = declaration.refusal(declaration.defaultText) {
                faults.append("\(path): its default is refused: \(refusal)")
            }
            for name in declaration.classicNames where !seen.insert(ASCII.lowercased(name)).inserted {
                faults.append("\(path): classic name \(name) is taken")
            }
        }
        return faults
    }

    private static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { ASCII.isDigit($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
            }
    }

    /// `docs/settings.md`: every setting, by service.
    package var markdown: String {
        var text = """
            # Settings

            Made by `martlet settings list --markdown` from the declarations in the code; do not edit it by hand.
            `martlet settings explain PATH` shows the same for one setting, with the value in force and where it comes
            from. *Per instance* settings may be set for one instance: `imap/1/share-retry-attempts`.

            """
        var service = ""
        for declaration in declarations {
            let (group, _) = Self.divide(declaration.path)
            if group != service {
                service = group
                text += "\n## \(group)\n"
            }
            text += "\n### `\(declaration.path)`\n\n\(declaration.help)\n\n"
            text += declaration.facts.map { "- \($0.name): \($0.value)\n" }.joined()
        }
        return text
    }
}

extension SettingDeclaration {
    fileprivate var facts: [(name: String, value: String)] {
        var facts = [("type", typeName), ("default", defaultText.isEmpty ? "(empty)" : "`\(defaultText)`")]
        if !allowed.isEmpty { facts.append(("allowed", allowed)) }
        facts.append(("takes effect", isLive ? "at once" : "when the service restarts"))
        if perInstance { facts.append(("per instance", "yes")) }
        if !classicNames.isEmpty {
            facts.append(("classic name", classicNames.map { "`\($0)`" }.joined(separator: ", ")))
        }
        return facts
    }
}
