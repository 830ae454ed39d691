// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a reply code and an enhanced status code have in common: whether it worked, and whether to try again.
package enum Severity: UInt8, Sendable, Hashable {
    case success = 2
    /// The server waits for more (`354`, `334`); there is no enhanced status code of this class.
    case intermediate = 3
    case transient = 4
    case permanent = 5
}

/// Subject and detail of an enhanced status code (RFC 3463 §2); its class is the severity of the reply that carries it.
package struct StatusDetail: Sendable, Hashable {
    /// 0 to 999.
    package var subject: UInt16
    /// 0 to 999.
    package var detail: UInt16

    package init(_ subject: UInt16, _ detail: UInt16) {
        self.subject = subject
        self.detail = detail
    }

    /// X.0.0.
    package static let other = StatusDetail(0, 0)
    /// X.1.0.
    package static let otherAddress = StatusDetail(1, 0)
    /// X.1.1.
    package static let noSuchMailbox = StatusDetail(1, 1)
    /// X.1.3.
    package static let badRecipientSyntax = StatusDetail(1, 3)
    /// X.1.5: the recipient is valid.
    package static let recipientValid = StatusDetail(1, 5)
    /// X.1.7.
    package static let badSenderSyntax = StatusDetail(1, 7)
    /// X.2.0.
    package static let otherMailbox = StatusDetail(2, 0)
    /// X.2.1.
    package static let mailboxDisabled = StatusDetail(2, 1)
    /// X.2.2.
    package static let mailboxFull = StatusDetail(2, 2)
    /// X.3.0.
    package static let mailSystem = StatusDetail(3, 0)
    /// X.3.1.
    package static let mailSystemFull = StatusDetail(3, 1)
    /// X.3.2.
    package static let notAccepting = StatusDetail(3, 2)
    /// X.3.3: the system is not capable of what was asked for.
    package static let notCapable = StatusDetail(3, 3)
    /// X.3.6 (RFC 6710 §7): the priority is another one than was asked for.
    package static let priorityChanged = StatusDetail(3, 6)
    /// X.3.4.
    package static let messageTooBig = StatusDetail(3, 4)
    /// X.4.2.
    package static let badConnection = StatusDetail(4, 2)
    /// X.4.6.
    package static let routingLoop = StatusDetail(4, 6)
    /// X.4.1.
    package static let noAnswerFromHost = StatusDetail(4, 1)
    /// X.4.4.
    package static let unableToRoute = StatusDetail(4, 4)
    /// X.5.0.
    package static let protocolOther = StatusDetail(5, 0)
    /// X.5.1.
    package static let badSequence = StatusDetail(5, 1)
    /// X.5.2: the syntax is wrong, or the line is too long.
    package static let invalidCommand = StatusDetail(5, 2)
    /// X.5.3.
    package static let tooManyRecipients = StatusDetail(5, 3)
    /// X.5.4.
    package static let invalidArguments = StatusDetail(5, 4)
    /// X.5.6 (RFC 4954 §6): a line of an authentication exchange is too long.
    package static let lineTooLong = StatusDetail(5, 6)
    /// X.6.0.
    package static let contentOther = StatusDetail(6, 0)
    /// X.6.3: a conversion would be needed, and cannot be made.
    package static let conversionNotSupported = StatusDetail(6, 3)
    /// X.6.7 (RFC 6531 §3.7): an address is not ASCII and SMTPUTF8 was not asked for.
    package static let nonASCIIAddress = StatusDetail(6, 7)
    /// X.6.9 (RFC 6531 §3.7): a header in UTF-8 cannot go where SMTPUTF8 is not known.
    package static let utf8HeaderNotTaken = StatusDetail(6, 9)
    /// X.6.11 (IANA "Enumerated Status Codes"): the content is not formed as this transport needs it.
    package static let invalidContent = StatusDetail(6, 11)
    /// X.7.0.
    package static let security = StatusDetail(7, 0)
    /// X.7.1.
    package static let notAuthorized = StatusDetail(7, 1)
    /// X.7.4: a security feature that is needed is not there.
    package static let securityNotSupported = StatusDetail(7, 4)
    /// X.7.5: the cryptography failed.
    package static let cryptographicFailure = StatusDetail(7, 5)
    /// X.7.8 (RFC 4954 §6).
    package static let badCredentials = StatusDetail(7, 8)
    /// X.7.11 (RFC 4954 §6).
    package static let encryptionNeeded = StatusDetail(7, 11)
    /// X.7.27 (RFC 7505 §6): the sender's domain takes no mail.
    package static let senderTakesNoMail = StatusDetail(7, 27)
    /// X.7.30 (RFC 8689 §4.2.1).
    package static let requireTLSNeeded = StatusDetail(7, 30)
}

/// Class, subject and detail of a result (RFC 3463 §2), such as `5.1.1`.
package struct EnhancedStatusCode: Sendable, Hashable, CustomStringConvertible {
    package var severity: Severity
    package var status: StatusDetail

    package init(_ severity: Severity, _ status: StatusDetail) {
        self.severity = severity
        self.status = status
    }

    package var description: String { "\(severity.rawValue).\(status.subject).\(status.detail)" }
}
