// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What stands in brackets in front of a status response's text (RFC 9051 §7.1, RFC 5530 §3).
package enum ResponseCode: Hashable, Sendable {
    /// Codes without arguments.
    package enum Word: String, Hashable, Sendable, CaseIterable {
        case alert = "ALERT"
        case alreadyExists = "ALREADYEXISTS"
        case authenticationFailed = "AUTHENTICATIONFAILED"
        case authorizationFailed = "AUTHORIZATIONFAILED"
        case cannot = "CANNOT"
        case clientBug = "CLIENTBUG"
        case closed = "CLOSED"
        case compressionActive = "COMPRESSIONACTIVE"
        case contactAdmin = "CONTACTADMIN"
        case corruption = "CORRUPTION"
        case expired = "EXPIRED"
        case expungeIssued = "EXPUNGEISSUED"
        case inUse = "INUSE"
        case limit = "LIMIT"
        case noModSeq = "NOMODSEQ"
        case nonexistent = "NONEXISTENT"
        case noPermission = "NOPERM"
        case notificationOverflow = "NOTIFICATIONOVERFLOW"
        case overQuota = "OVERQUOTA"
        case parse = "PARSE"
        case privacyRequired = "PRIVACYREQUIRED"
        case readOnly = "READ-ONLY"
        case readWrite = "READ-WRITE"
        case serverBug = "SERVERBUG"
        case tooBig = "TOOBIG"
        case tryCreate = "TRYCREATE"
        case uidNotSticky = "UIDNOTSTICKY"
        case uidRequired = "UIDREQUIRED"
        case unknownTransferEncoding = "UNKNOWN-CTE"
        case unavailable = "UNAVAILABLE"
        case useAttribute = "USEATTR"
    }

    case word(Word)
    /// One UID for each message.
    case appendUID(UIDValidity, UIDSet)
    /// Names of the events that NOTIFY knows, since one was asked for that it does not (RFC 5465 §3.1).
    case badEvent([String])
    /// The URL of a CATENATE that names nothing (RFC 4469 §4.1).
    case badURL([UInt8])
    /// Charsets that SEARCH takes.
    case badCharset([String])
    case capability([String])
    /// UIDs there and here, pair by pair.
    case copyUID(UIDValidity, source: UIDSet, target: UIDSet)
    /// An object identifier (RFC 8474 §4.1, §4.2).
    case mailboxID(String)
    /// RFC 7162 §3.1.2.1.
    case highestModSeq(ModSeq)
    /// How far a long command is; `nil` where only that it goes on is told (RFC 9585 §4).
    case inProgress(CommandProgress?)
    /// No more than so many messages are handled by one command; the least UID that was, where that is known
    /// (RFC 9738 §3.1).
    case messageLimit(UInt32, lowest: UID?)
    /// RFC 5464 §5.
    case metadata(MetadataCode)
    /// Messages that a conditional STORE left as they are, by the numbers of the command (RFC 7162 §3.1.3).
    case modified(UIDSet)
    /// The search with this tag is not kept up to date (RFC 5267 §4.3.1).
    case noUpdate([UInt8])
    case permanentFlags([String])
    case uidNext(UID)
    case uidValidity(UIDValidity)
    case unseen(SequenceNumber)
    /// One that only other servers send: its name in upper case, and what follows it.
    case other(String, [UInt8]?)
}

extension WireEncoder {
    package mutating func responseCode(_ code: ResponseCode) {
        raw("[")
        switch code {
        case .word(let word): raw(word.rawValue.utf8)
        case .appendUID(let validity, let uids):
            numbered("APPENDUID ", validity.rawValue)
            space()
            raw(uids.description.utf8)
        case .badEvent(let names):
            raw("BADEVENT ")
            list(names) { encoder, name in encoder.raw(name.utf8) }
        case .badURL(let url):
            raw("BADURL ")
            codeText(url)
        case .badCharset(let charsets):
            raw("BADCHARSET ")
            list(charsets) { encoder, charset in encoder.astring(charset.utf8) }
        case .capability(let capabilities):
            raw("CAPABILITY")
            words(capabilities)
        case .copyUID(let validity, let source, let target):
            numbered("COPYUID ", validity.rawValue)
            space()
            raw(source.description.utf8)
            space()
            raw(target.description.utf8)
        case .mailboxID(let id):
            raw("MAILBOXID (")
            raw(id.utf8)
            raw(")")
        case .highestModSeq(let modSeq):
            raw("HIGHESTMODSEQ ")
            number(modSeq.rawValue)
        case .inProgress(let progress):
            raw("INPROGRESS")
            if let progress { commandProgress(progress) }
        case .messageLimit(let limit, let lowest):
            numbered("MESSAGELIMIT ", limit)
            guard let lowest else { break }
            space()
            number(lowest.rawValue)
        case .metadata(let code): metadataCode(code)
        case .modified(let numbers):
            raw("MODIFIED ")
            raw(numbers.description.utf8)
        case .noUpdate(let tag):
            raw("NOUPDATE ")
            string(tag)
        case .permanentFlags(let flags):
            raw("PERMANENTFLAGS ")
            list(flags) { encoder, flag in encoder.raw(flag.utf8) }
        case .uidNext(let uid): numbered("UIDNEXT ", uid.rawValue)
        case .uidValidity(let validity): numbered("UIDVALIDITY ", validity.rawValue)
        case .unseen(let number): numbered("UNSEEN ", number.rawValue)
        case .other(let name, let argument):
            raw(name.utf8)
            guard let argument else { break }
            space()
            raw(argument)
        }
        raw("]")
    }

    private mutating func numbered(_ keyword: StaticString, _ value: UInt32) {
        raw(keyword)
        number(value)
    }

    // url-resp-text = 1*(%x01-09 / %x0B-0C / %x0E-5B / %x5D-FE)    RFC 4469 §5
    /// A URL, of which what may not stand in a code, and in no URL either, is written `%xx`.
    private mutating func codeText(_ url: [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for octet in url {
            let isPlain = octet > 0x20 && octet < 0x7F && octet != 0x5C && octet != 0x5D
            raw(isPlain ? [octet] : [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]])
        }
    }

    /// Each with a space in front.
    mutating func words(_ words: [String]) {
        for word in words {
            space()
            raw(word.utf8)
        }
    }
}
