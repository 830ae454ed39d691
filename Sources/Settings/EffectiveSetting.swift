// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Where the value in force comes from.
package enum SettingOrigin: String, Sendable, Equatable {
    /// Nothing is set.
    case `default`
    /// Set for the service.
    case service
    /// Set for this instance.
    case instance
}

/// A setting as it stands: its declaration, the value in force, and who said so.
package struct EffectiveSetting: Sendable {
    package let address: SettingAddress
    /// The value in force, as it was written.
    package let text: String
    package let origin: SettingOrigin

    package var path: String { address.path }

    /// The classic tools' way of showing it: `ImapShareRetryAttempts : [IF] (DWORD) 0x10={16}`.
    package var classicLine: String {
        let declaration = address.declaration
        let name = declaration.classicNames.first.map { SettingsTree.divide($0).name } ?? SettingsTree.divide(path).name
        let value =
            switch declaration.classicValue(text) {
            case .number(let number)?:
                "(\(number > UInt64(UInt32.max) ? "QWORD" : "DWORD")) 0x\(String(number, radix: 16))={\(number)}"
            case .list(let items)?: "(MULTISZ) " + items.map { "\"\($0)\"" }.joined(separator: " ")
            case .text(let text)?: "(STRING) \"\(text)\""
            case nil: "(STRING) \"\(text)\""
            }
        // I: inherited by what lies below. F: of user type "file", as the classic key had it.
        return "\(name) : [IF] \(value)"
    }
}

extension SettingsSnapshot {
    /// What is in force at that place: its own text, else its service's, else the default.
    package func effective(_ address: SettingAddress) -> EffectiveSetting {
        let declaration = address.declaration
        func usable(_ path: String) -> String? {
            texts[path].flatMap { declaration.refusal($0) == nil ? $0 : nil }
        }
        if address.instance != nil, let text = usable(address.path) {
            return EffectiveSetting(address: address, text: text, origin: .instance)
        }
        if let text = usable(declaration.path) {
            return EffectiveSetting(address: address, text: text, origin: .service)
        }
        return EffectiveSetting(address: address, text: declaration.defaultText, origin: .default)
    }
}
