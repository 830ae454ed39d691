// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Which back-end worker owns an account.
///
/// Accounts are divided over the workers by their number, and every worker has a store of its own. The number of
/// workers is therefore fixed when an instance first starts (in the file `store/workers`).
package struct AccountOwners: Sendable, Hashable {
    private let layout: InstanceLayout
    package let workers: Int

    /// What the instance has; one worker when it never started.
    package init(_ layout: InstanceLayout) {
        self.layout = layout
        workers = Self.recorded(layout) ?? 1
    }

    /// Fixes the number of workers, unless it is fixed already.
    ///
    /// False when it is, as another.
    static func fix(_ workers: Int, _ layout: InstanceLayout) throws(InstanceError) -> Bool {
        if let recorded = recorded(layout) { return recorded == workers }
        try Files.replace(file(layout), with: Array("\(workers)\n".utf8))
        return true
    }

    /// From 1.
    package func worker(of account: AccountID) -> Int { Int(account.rawValue % UInt64(workers)) + 1 }

    package func sessionSocket(of account: AccountID) -> String {
        layout.sessionSocket(backEnd: worker(of: account))
    }

    package func deliverySocket(of account: AccountID) -> String {
        layout.deliverySocket(backEnd: worker(of: account))
    }

    private static func file(_ layout: InstanceLayout) -> String { layout.store + "/workers" }

    private static func recorded(_ layout: InstanceLayout) -> Int? {
        guard let bytes = Files.read(file(layout), maximum: 16) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
        return Int(text).flatMap { (1...64).contains($0) ? $0 : nil }
    }
}
