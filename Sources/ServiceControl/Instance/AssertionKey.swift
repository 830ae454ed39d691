// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime

/// The key with which front-ends sign, and back-ends check, who a session belongs to.
///
/// New at every start.
package enum AssertionKey {
    static let octets = 32

    static func renew(_ layout: InstanceLayout) throws(InstanceError) {
        try Files.replace(layout.assertionKeyFile, with: secureRandom(octets))
    }

    /// The key of the running instance.
    ///
    /// Throws when the file is missing or not whole.
    package static func read(_ layout: InstanceLayout) throws(InstanceError) -> [UInt8] {
        guard let key = Files.read(layout.assertionKeyFile, maximum: octets), key.count == octets else {
            throw InstanceError("cannot read \(layout.assertionKeyFile)", exitCode: 74)
        }
        return key
    }
}
