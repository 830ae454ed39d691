// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Journal
internal import MailStore

extension FolderLock {
    /// The lock of a store folder, with errors in the store's words.
    ///
    /// Waits up to two seconds for an owner that is ending. Blocks.
    static func ofStore(_ directory: String) throws(MailStoreError) -> FolderLock {
        do throws(JournalError) {
            return try FolderLock(directory)
        } catch .system(EWOULDBLOCK, "flock") {
            throw MailStoreError(.busy, "another process uses the store", detail: "flock of \(directory)/lock")
        } catch {
            throw MailStoreError(.unavailable, "the store folder cannot be used", detail: "\(error)")
        }
    }
}
