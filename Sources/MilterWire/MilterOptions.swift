// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a filter may do to a message.
package struct MilterActions: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let addHeaders = MilterActions(rawValue: 0x01)
    package static let changeBody = MilterActions(rawValue: 0x02)
    package static let addRecipients = MilterActions(rawValue: 0x04)
    package static let deleteRecipients = MilterActions(rawValue: 0x08)
    package static let changeHeaders = MilterActions(rawValue: 0x10)
    package static let quarantine = MilterActions(rawValue: 0x20)
    package static let changeSender = MilterActions(rawValue: 0x40)
    package static let addRecipientsWithParameters = MilterActions(rawValue: 0x80)
    /// The filter may say which macros it wants.
    package static let setMacros = MilterActions(rawValue: 0x100)

    /// All that this server lets a filter do.
    package static let all: MilterActions = [
        .addHeaders, .changeBody, .addRecipients, .deleteRecipients, .changeHeaders, .quarantine, .changeSender,
        .addRecipientsWithParameters, .setMacros,
    ]
}

/// What a filter does not want to hear of, or not to answer.
package struct MilterProtocol: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let noConnect = MilterProtocol(rawValue: 0x01)
    package static let noHello = MilterProtocol(rawValue: 0x02)
    package static let noMail = MilterProtocol(rawValue: 0x04)
    package static let noRecipients = MilterProtocol(rawValue: 0x08)
    package static let noBody = MilterProtocol(rawValue: 0x10)
    package static let noHeaders = MilterProtocol(rawValue: 0x20)
    package static let noEndOfHeaders = MilterProtocol(rawValue: 0x40)
    package static let noReplyToHeaders = MilterProtocol(rawValue: 0x80)
    package static let noUnknown = MilterProtocol(rawValue: 0x100)
    package static let noData = MilterProtocol(rawValue: 0x200)
    /// The filter may say that it has seen enough of the body.
    package static let skip = MilterProtocol(rawValue: 0x400)
    /// The filter wants to hear of recipients that were refused.
    package static let refusedRecipients = MilterProtocol(rawValue: 0x800)
    package static let noReplyToConnect = MilterProtocol(rawValue: 0x1000)
    package static let noReplyToHello = MilterProtocol(rawValue: 0x2000)
    package static let noReplyToMail = MilterProtocol(rawValue: 0x4000)
    package static let noReplyToRecipients = MilterProtocol(rawValue: 0x8000)
    package static let noReplyToData = MilterProtocol(rawValue: 0x1_0000)
    package static let noReplyToUnknown = MilterProtocol(rawValue: 0x2_0000)
    package static let noReplyToEndOfHeaders = MilterProtocol(rawValue: 0x4_0000)
    package static let noReplyToBody = MilterProtocol(rawValue: 0x8_0000)
    /// Values of header fields keep the blank behind the colon, and bring one.
    package static let leadingSpace = MilterProtocol(rawValue: 0x10_0000)

    /// All that this server knows how to do.
    ///
    /// It never tells of recipients that were refused.
    package static let offered: MilterProtocol = [
        .noConnect, .noHello, .noMail, .noRecipients, .noBody, .noHeaders, .noEndOfHeaders, .noReplyToHeaders,
        .noUnknown, .noData, .skip, .noReplyToConnect, .noReplyToHello, .noReplyToMail, .noReplyToRecipients,
        .noReplyToData, .noReplyToUnknown, .noReplyToEndOfHeaders, .noReplyToBody, .leadingSpace,
    ]
}

/// A moment at which macros are sent.
package enum MilterStage: UInt32, Sendable, Hashable, CaseIterable {
    case connect = 0
    case hello = 1
    case mail = 2
    case recipient = 3
    case data = 4
    case endOfMessage = 5
    case endOfHeaders = 6
}

/// What a filter answers to the offer that begins a connection.
package struct MilterTerms: Sendable, Hashable {
    package static let newestVersion: UInt32 = 6
    /// From this one on filters are as this module has them.
    package static let oldestVersion: UInt32 = 2

    package var version: UInt32
    package var actions: MilterActions
    package var omissions: MilterProtocol
    /// Macros that the filter wants, by stage; where it names none, the usual ones are sent.
    package var macros: [MilterStage: [String]]

    package init(
        version: UInt32,
        actions: MilterActions,
        omissions: MilterProtocol,
        macros: [MilterStage: [String]] = [:]
    ) {
        self.version = version
        self.actions = actions
        self.omissions = omissions
        self.macros = macros
    }

    /// Whether what the filter wants is within what it was offered.
    package var isWithinOffer: Bool {
        (Self.oldestVersion...Self.newestVersion).contains(version) && actions.isSubset(of: .all)
            && omissions.isSubset(of: .offered)
    }
}
