// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SASL

/// What CAPABILITY says, from the state of the connection: only what works there and then.
package enum CapabilityList {
    private static let always = ["IMAP4rev1", "IMAP4rev2", "SASL-IR", "LITERAL+", "ID", "ENABLE"]

    private static let loggedOn = [
        "BINARY", "CATENATE", "CHILDREN", "COMPRESS=DEFLATE", "CONDSTORE", "CONTEXT=SEARCH", "CONTEXT=SORT",
        "CREATE-SPECIAL-USE", "ESEARCH", "ESORT", "I18NLEVEL=1", "IDLE", "INPROGRESS", "LIST-EXTENDED", "LIST-METADATA",
        "LIST-STATUS", "METADATA", "MOVE", "MULTIAPPEND", "MULTISEARCH", "NAMESPACE", "NOTIFY", "OBJECTID", "PARTIAL",
        "PREVIEW", "QRESYNC", "QUOTA", "QUOTA=RES-MESSAGE", "QUOTA=RES-STORAGE", "REPLACE", "SAVEDATE", "SEARCHRES",
        "SORT", "SORT=DISPLAY", "SPECIAL-USE", "STATUS=SIZE", "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "UIDONLY",
        "UIDPLUS", "UNSELECT", "UTF8=ACCEPT", "WITHIN",
    ]

    /// Before log-on (RFC 9051 §6.2.1, §11.3): log-on is offered only where secrets cannot be read on the way.
    package static func beforeLogOn(
        on channel: SASLChannel,
        offersTLS: Bool,
        mechanisms: [SASLMechanism] = SASLMechanism.passwords
    ) -> [String] {
        always + (offersTLS ? ["STARTTLS"] : []) + (channel.security.hidesSecrets ? [] : ["LOGINDISABLED"])
            + SASLMechanism.offered(among: mechanisms, on: channel).map { "AUTH=\($0.name)" }
    }

    package static func afterLogOn(_ configuration: IMAPConfiguration) -> [String] {
        always + loggedOn + ["APPENDLIMIT=\(configuration.maximumMessageOctets)"]
            + [configuration.messageLimit?.capability].compactMap(\.self)
            + (configuration.allowsUnauthenticate ? ["UNAUTHENTICATE"] : [])
            + (configuration.sharesMailboxes ? ["ACL", "LIST-MYRIGHTS", "RIGHTS=texk"] : [])
    }
}
