// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The values of all settings at one moment.
///
/// Reading one costs a dictionary look-up and a parse: parts that need a value for every message keep it in a struct of
/// their own and renew that on change.
package struct SettingsSnapshot: Sendable, Equatable {
    /// Texts that were set, by full path (`imap/share-retry-attempts`, `imap/1/share-retry-attempts`).
    ///
    /// What the tree refused is not here.
    package let texts: [String: String]

    package init(texts: [String: String] = [:]) { self.texts = texts }

    /// The value in force for the service as a whole.
    package subscript<Value>(key: SettingKey<Value>) -> Value {
        value(key, at: key.path) ?? key.defaultValue
    }

    /// The value in force for one instance: its own, else its service's, else the default.
    package subscript<Value>(key: SettingKey<Value>, instance instance: String) -> Value {
        guard key.perInstance, let slash = key.path.firstIndex(of: "/") else { return self[key] }
        let path = "\(key.path[..<slash])/\(instance)\(key.path[slash...])"
        return value(key, at: path) ?? self[key]
    }

    private func value<Value>(_ key: SettingKey<Value>, at path: String) -> Value? {
        texts[path].flatMap(Value.init(settingText:)).flatMap { key.isAllowed($0) ? $0 : nil }
    }
}
