// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import MailTypes
internal import POP3Server

/// LOGIN-DELAY of POP3 by what the directory keeps of log-ons.
struct LogOnPace: POP3LogOnPace {
    private let directory: AccountDirectory

    init(_ directory: AccountDirectory) { self.directory = directory }

    func admit(_ account: AccountID, every seconds: Int64) async -> Bool {
        await directory.admitLogOn(of: account, every: seconds)
    }

    func withdraw(_ account: AccountID) async { await directory.withdrawLogOn(of: account) }
}
