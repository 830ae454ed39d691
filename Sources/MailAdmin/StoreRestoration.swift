// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
package import ByteTools
internal import JournalStore
internal import MailStore

/// Makes a store of a backup, where no server runs.
package enum StoreRestoration {
    /// Compares every file of the backup of one store with the backup's list, and makes a store of them in `folder`,
    /// which must be missing or empty; nothing is made when there is none.
    package static func run(
        _ backup: String,
        to folder: String?,
        observe: @escaping @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void
    ) async throws(AdminError) -> JSONValue {
        let observe: UpkeepObserver = { progress in
            observe(progress.stage.rawValue, Int64(clamping: progress.done), Int64(clamping: progress.total))
        }
        do {
            let report =
                if let folder {
                    try await JournalStore.restore(backup, to: folder, observe: observe)
                } else {
                    try await JournalStore.verify(backup: backup, observe: observe)
                }
            return StoreRows.json(report)
        } catch let error as MailStoreError {
            throw AdminError(error)
        } catch {
            throw AdminError(.failure, "\(error)")
        }
    }
}
