// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A place in the tree: a declared key, for its service as a whole or for one instance.
package struct SettingAddress: Sendable {
    package let declaration: SettingDeclaration
    /// `nil` for the service as a whole.
    package let instance: String?

    /// The full path in the house's spelling: `imap/share-retry-attempts`, `imap/1/share-retry-attempts`.
    package var path: String {
        guard let instance else { return declaration.path }
        let (service, name) = SettingsTree.divide(declaration.path)
        return "\(service)/\(instance)/\(name)"
    }
}

/// Why a spelling leads nowhere in the tree.
package struct UnknownSetting: Error, Equatable {
    /// What is wrong, in one sentence.
    package var reason: String
    /// The declared path that was probably meant.
    package var suggestion: String?
}

/// All settings there are, found by any of their spellings.
package struct SettingsTree: Sendable {
    /// Sorted by path.
    package let declarations: [SettingDeclaration]
    private let byPath: [String: Int]
    /// Classic names in lower case, without instance.
    private let byClassicName: [String: Int]

    /// Of declarations with the same path or classic name, the first counts (`lint` reports the others).
    package init(_ declarations: [SettingDeclaration]) {
        self.declarations = declarations.sorted { $0.path < $1.path }
        var byPath: [String: Int] = [:]
        var byClassicName: [String: Int] = [:]
        for (index, declaration) in self.declarations.enumerated() {
            byPath[declaration.path] = byPath[declaration.path] ?? index
            for name in declaration.classicNames.map(ASCII.lowercased) {
                byClassicName[name] = byClassicName[name] ?? index
            }
        }
        self.byPath = byPath
        self.byClassicName = byClassicName
    }

    /// Finds what a spelling names: `imap/share-retry-attempts`, `imap/1/share-retry-attempts`, or a classic name such
    /// as `imapsvc/1/ImapShareRetryAttempts` in any case.
    package func resolve(_ spelling: String) throws(UnknownSetting) -> SettingAddress {
        let folded = ASCII.lowercased(spelling)
        if let index = byPath[folded] ?? byClassicName[folded] {
            return SettingAddress(declaration: declarations[index], instance: nil)
        }
        guard let (instance, whole) = Self.extractInstance(folded), let index = byPath[whole] ?? byClassicName[whole]
        else { throw unknown(spelling) }
        let declaration = declarations[index]
        guard declaration.perInstance else {
            throw UnknownSetting(
                reason: "\(declaration.path) cannot be set for one instance",
                suggestion: declaration.path
            )
        }
        guard Self.isInstanceName(instance) else {
            throw UnknownSetting(reason: "\"\(instance)\" is not an instance name", suggestion: declaration.path)
        }
        return SettingAddress(declaration: declaration, instance: instance)
    }

    /// The addresses below a service (`imap`), a service's instance (`imap/1`) or all (`""`): every declared key, and
    /// in a snapshot's texts also those of instances.
    package func addresses(under prefix: String, in snapshot: SettingsSnapshot) -> [SettingAddress] {
        let folded = ASCII.lowercased(prefix).split(separator: "/").joined(separator: "/")
        let declared = declarations.map { SettingAddress(declaration: $0, instance: nil) }
        let ofInstances = snapshot.texts.keys.sorted().compactMap { path in
            (try? resolve(path)).flatMap { $0.instance == nil ? nil : $0 }
        }
        return (declared + ofInstances)
            .filter { folded.isEmpty || $0.path == folded || $0.path.hasPrefix(folded + "/") }
            .sorted { $0.path < $1.path }
    }

    private func unknown(_ spelling: String) -> UnknownSetting {
        let folded = ASCII.lowercased(spelling)
        let classic = declarations.flatMap(\.classicNames)
        let names = declarations.map(\.path) + classic
        let lastPart = folded.split(separator: "/").last.map(String.init) ?? folded
        let suggestion =
            NearestName.of(folded, among: names)
            ?? Self.extractInstance(folded).flatMap { NearestName.of($0.whole, among: names) }
            ?? declarations.first { Self.divide($0.path).name == lastPart }?.path
        return UnknownSetting(
            reason: "there is no setting \"\(PrintableText.escaped(spelling))\"",
            suggestion: suggestion
        )
    }

    /// `imap/1/name` as `1` and `imap/name`.
    private static func extractInstance(_ path: String) -> (instance: String, whole: String)? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        return (String(parts[1]), ([parts[0]] + parts[2...]).joined(separator: "/"))
    }

    /// The service and the rest.
    package static func divide(_ path: String) -> (service: String, name: String) {
        guard let slash = path.firstIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// 1 to 32 letters, digits, hyphens or dots.
    package static func isInstanceName(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == ASCII.dot }
    }
}
