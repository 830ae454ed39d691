// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// One setting: where it stands in the tree, what it may be, and what it means.
///
/// Each module declares its keys in its own `Settings.swift` and lists them in an array of `SettingDeclaration`; the
/// program hands all of these to the tree. A key under a service (`imap/share-retry-attempts`) may be set for one
/// instance of it (`imap/1/share-retry-attempts`) when it is `perInstance`; the instance inherits what is not set.
package struct SettingKey<Value: SettingValue>: Sendable {
    /// `service/name`, lower case with hyphens, such as `imap/share-retry-attempts`.
    package let path: String
    package let defaultValue: Value
    /// What may be written, for people: `1 to 1000`, `fill | refuse`.
    ///
    /// Empty when the type says it all.
    package let allowed: String
    package let isAllowed: @Sendable (Value) -> Bool
    /// One or two sentences.
    package let help: String
    /// Whether a change takes effect without a restart of the part that uses it.
    package let isLive: Bool
    package let perInstance: Bool
    /// Names under which administrators of the classic systems know it, such as `imapsvc/ImapShareRetryAttempts`
    /// (with the instance between: `imapsvc/1/ImapShareRetryAttempts`).
    package let classicNames: [String]

    package init(
        _ path: String,
        default defaultValue: Value,
        allowed: String = "",
        where isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true },
        live isLive: Bool = true,
        perInstance: Bool = false,
        classic classicNames: [String] = [],
        help: String
    ) {
        self.path = path
        self.defaultValue = defaultValue
        self.allowed = allowed
        self.isAllowed = isAllowed
        self.help = help
        self.isLive = isLive
        self.perInstance = perInstance
        self.classicNames = classicNames
    }

    /// A key whose value lies in `range`.
    package init(
        _ path: String,
        default defaultValue: Value,
        in range: ClosedRange<Value>,
        live isLive: Bool = true,
        perInstance: Bool = false,
        classic classicNames: [String] = [],
        help: String
    ) where Value: Comparable {
        self.init(
            path,
            default: defaultValue,
            allowed: "\(range.lowerBound.settingText) to \(range.upperBound.settingText)",
            where: { range.contains($0) },
            live: isLive,
            perInstance: perInstance,
            classic: classicNames,
            help: help
        )
    }

    /// The key without its type, for the tree and for `settings list`.
    package var declaration: SettingDeclaration { SettingDeclaration(self) }
}

/// A `SettingKey` without its type.
package struct SettingDeclaration: Sendable {
    package let path: String
    package let typeName: String
    package let defaultText: String
    package let allowed: String
    package let help: String
    package let isLive: Bool
    package let perInstance: Bool
    package let classicNames: [String]
    /// `nil` when the text is a value this key may have, else the reason why not.
    package let refusal: @Sendable (String) -> String?
    /// The value that a text means, in classic form; `nil` for a text of another type.
    package let classicValue: @Sendable (String) -> ClassicValue?
    /// The text in the form in which this type is shown (`60s` is `1m`); `nil` for a text of another type.
    package let canonicalText: @Sendable (String) -> String?

    package init<Value>(_ key: SettingKey<Value>) {
        path = key.path
        typeName = Value.settingTypeName
        defaultText = key.defaultValue.settingText
        allowed = key.allowed
        help = key.help
        isLive = key.isLive
        perInstance = key.perInstance
        classicNames = key.classicNames
        classicValue = { Value(settingText: $0)?.classicValue }
        canonicalText = { Value(settingText: $0)?.settingText }
        refusal = { text in
            guard let value = Value(settingText: text) else {
                return "\"\(text)\" is not a \(Value.settingTypeName)"
            }
            return key.isAllowed(value) ? nil : "\"\(text)\" is outside what is allowed: \(key.allowed)"
        }
    }
}
