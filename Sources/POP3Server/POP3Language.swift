// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import POP3Wire

/// The languages of replies (RFC 6856 §3): all of them are English.
///
/// ```
/// C: LANG                        C: LANG en
/// S: +OK languages follow        S: +OK en Language changed
/// S: i-default English
/// S: en English
/// S: .
/// ```
package enum POP3Language: String, Sendable, Hashable, CaseIterable {
    /// What is spoken before a client has asked for a language (RFC 2277 §4.5).
    case standard = "i-default"
    case english = "en"

    /// The one that a language range means (RFC 4647 §3.3.1): a tag, or what a tag begins with up to a hyphen; `*` is
    /// the one that this server speaks.
    package init?(range: [UInt8]) {
        if range.elementsEqual("*".utf8) {
            self = .english
            return
        }
        let found = Self.allCases.first { language in
            let tag = Array(language.rawValue.utf8)
            let isWhole = tag.count == range.count || tag.dropFirst(range.count).first == UInt8(ascii: "-")
            return !range.isEmpty && isWhole && ASCII.equalIgnoringCase(tag.prefix(range.count), range)
        }
        guard let found else { return nil }
        self = found
    }

    /// Lines of the list: tag and name.
    package static var listing: [String] { allCases.map { "\($0.rawValue) English" } }

    /// The reply to LANG with a range; nothing else is different afterwards.
    package static func reply(to range: [UInt8]) -> POP3Reply {
        guard let language = POP3Language(range: range) else {
            return .err(nil, "no such language: LANG lists those there are")
        }
        return .ok("\(language.rawValue) Language changed")
    }
}
