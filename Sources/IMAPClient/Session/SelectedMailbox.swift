// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
package import MailTypes

/// What the server has told of the mailbox that is selected.
package struct SelectedMailbox: Sendable, Hashable {
    package var name: String
    package var isReadOnly: Bool
    /// Messages in this session's view.
    package internal(set) var exists: UInt32 = 0
    package internal(set) var uidValidity: UIDValidity?
    package internal(set) var uidNext: UID?
    package internal(set) var highestModSeq: ModSeq?
    package internal(set) var firstUnseen: SequenceNumber?
    package internal(set) var flags: [String] = []
    package internal(set) var permanentFlags: [String] = []

    init(name: String, isReadOnly: Bool) {
        self.name = name
        self.isReadOnly = isReadOnly
    }

    /// Takes what a response tells; throws what may not be.
    mutating func note(_ response: Response) throws(IMAPClientError) {
        switch response {
        case .exists(let count):
            guard count >= exists else { throw .unexpected("EXISTS \(count) after \(exists), without EXPUNGE") }
            exists = count
        case .expunge(let number):
            try check(number, "EXPUNGE")
            exists -= 1
        case .fetch(let number, _): try check(number, "FETCH")
        case .vanished(let uids, isEarlier: false):
            guard uids.count <= exists else { throw .unexpected("VANISHED of \(uids.count) of \(exists) messages") }
            exists -= UInt32(clamping: uids.count)
        case .flags(let flags): self.flags = flags
        case .untagged(let status): note(status.code)
        default: break
        }
    }

    private func check(_ number: SequenceNumber, _ what: String) throws(IMAPClientError) {
        guard number.rawValue <= exists else { throw .unexpected("\(what) of \(number), of \(exists) messages") }
    }

    mutating func note(_ code: ResponseCode?) {
        switch code {
        case .uidValidity(let validity): uidValidity = validity
        case .uidNext(let uid): uidNext = uid
        case .highestModSeq(let modSeq): highestModSeq = modSeq
        case .unseen(let number): firstUnseen = number
        case .permanentFlags(let flags): permanentFlags = flags
        case .word(.readOnly): isReadOnly = true
        case .word(.readWrite): isReadOnly = false
        default: break
        }
    }
}
