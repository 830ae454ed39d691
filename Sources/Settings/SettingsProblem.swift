// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Something in `martlet.conf` that does not count, and why.
package struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// A line that is not `path = value`.
        case malformed
        case unknown
        /// The value is not one this setting may have. What was in force before stays so.
        case refused
        /// The same setting on two lines; the last one counts.
        case repeated
        /// The file could not be read. All that was in force stays so.
        case unreadable
    }

    package var kind: Kind
    package var file: String
    /// From 1; `nil` when it concerns the whole file.
    package var line: Int?
    /// As written.
    package var key: String?
    package var reason: String

    package init(kind: Kind, file: String, line: Int? = nil, key: String? = nil, reason: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason
    }

    /// `martlet.conf:12: imap/share-retry-attempts: "many" is not a whole number`.
    package var description: String {
        ([file] + (line.map { ["\($0)"] } ?? [])).joined(separator: ":") + ": " + (key.map { "\($0): " } ?? "") + reason
    }
}

/// Why a verb on the settings did nothing.
package enum SettingsError: Error, CustomStringConvertible {
    case unknown(UnknownSetting)
    case refused(path: String, reason: String)
    case noSuchVersion(Int)
    /// A rollback to a version that is not valid any more.
    case invalidVersion(Int, [SettingsProblem])
    case file(FileFailure)

    package var description: String {
        switch self {
        case .unknown(let error): error.reason + (error.suggestion.map { "; did you mean \($0)?" } ?? "")
        case .refused(let path, let reason): "\(path): \(reason)"
        case .noSuchVersion(let number): "there is no version \(number) in the history"
        case .invalidVersion(let number, let problems):
            "version \(number) is not valid: " + problems.map(\.description).joined(separator: "; ")
        case .file(let failure): failure.description
        }
    }
}
