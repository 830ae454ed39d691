// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Files of other parts that are read and replaced as a whole; by blocking calls, so not on a loop.
package enum SmallFile {
    /// The octets of a file of at most `maximum`; `nil` when there is no file.
    package static func read(_ path: String, maximum: Int) throws(FileFailure) -> [UInt8]? {
        try WholeFile.read(path, maximum: maximum)
    }

    /// Puts `bytes` in place of the file at `path`: after a crash there is the old file or the new one, whole.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(FileFailure) {
        try WholeFile.replace(path, with: bytes)
    }
}
