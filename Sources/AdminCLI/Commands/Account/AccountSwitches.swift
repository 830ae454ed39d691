// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

extension Invocation {
    /// What `--imap off`, `--quota 5GiB` and their like ask for, as members of a request.
    func accountSwitches() throws(CommandError) -> [JSONMember] {
        var members: [JSONMember] = []
        for option in [Option.imap, .pop3, .submission] {
            guard let text = value(option) else { continue }
            guard let claim = Bool(settingText: text) else {
                throw CommandError(.usage, "\(option.name) is on or off.")
            }
            members.append(JSONMember(String(option.name.dropFirst(2)), .bool(claim)))
        }
        if let text = value(.quota) {
            guard let size = Self.bound(text, { ByteCount(settingText: $0)?.octets }) else {
                throw CommandError(.usage, "--quota is a size such as 500MiB or 5GiB, none, or default.")
            }
            members.append(JSONMember("quota", size))
        }
        if let text = value(.quotaMessages) {
            guard let count = Self.bound(text, { Int64($0).flatMap { $0 < 0 ? nil : $0 } }) else {
                throw CommandError(.usage, "--quota-messages is a number, none, or default.")
            }
            members.append(JSONMember("quotaMessages", count))
        }
        if let text = value(.saveSent) {
            guard text == "default" || Bool(settingText: text) != nil else {
                throw CommandError(.usage, "--save-sent is on, off, or default.")
            }
            members.append(JSONMember("saveSent", Bool(settingText: text).map { .bool($0) } ?? .null))
        }
        return members
    }

    private static func bound(_ text: String, _ parse: (String) -> Int64?) -> JSONValue? {
        switch text {
        case "default": .null
        case "none": .integer(0)
        default: parse(text).map { .integer($0) }
        }
    }
}
