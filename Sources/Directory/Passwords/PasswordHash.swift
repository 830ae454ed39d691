// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CCrypt
internal import Glibc
internal import Runtime

/// A password as it is kept: the text of crypt(5), such as `$y$j9T$...`.
///
/// Every scheme of libxcrypt can be read; new ones are yescrypt.
package struct PasswordHash: Sendable, Hashable {
    /// Octets of a password that crypt(3) takes at most.
    package static let maximumPasswordOctets = Int(CRYPT_MAX_PASSPHRASE_SIZE) - 1

    package let text: String

    private init(unchecked text: String) { self.text = text }

    /// Takes a hash made elsewhere: /etc/shadow's form, or Dovecot's with a scheme in front (`{BLF-CRYPT}$2y$...`).
    ///
    /// `nil` when no scheme of crypt(3) reads it.
    package init?(imported: String) {
        var text = Substring(imported)
        if text.hasPrefix("{"), let brace = text.firstIndex(of: "}") {
            guard ASCII.uppercased(String(text[..<brace])).hasSuffix("CRYPT") else { return nil }
            text = text[text.index(after: brace)...]
        }
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !":*!".utf8.contains($0) }
        guard isPlain, (13...Int(CRYPT_OUTPUT_SIZE)).contains(text.utf8.count) else { return nil }
        self.init(unchecked: String(text))
        // A salt without a hash behind it gives a longer text than itself.
        guard Self.crypt([], setting: self.text)?.utf8.count == self.text.utf8.count else { return nil }
    }

    /// What was read back from the database, which took it from one of the others.
    init(stored text: String) { self.init(unchecked: text) }

    /// Hashes a new password with yescrypt at the library's own cost.
    ///
    /// Takes some 10 ms of CPU and 16 MiB of memory for that time. `nil` when the password is empty, too long, or holds
    /// NUL.
    package init?(of password: [UInt8]) {
        guard Self.accepts(password) else { return nil }
        guard let setting = unsafe crypt_gensalt_ra("$y$", 0, nil, 0) else { return nil }
        defer { unsafe free(setting) }
        guard let text = Self.crypt(password, setting: unsafe String(cString: setting)) else { return nil }
        self.init(unchecked: text)
    }

    /// Whether this is the hash of `password`.
    ///
    /// As slow as making it was.
    package func matches(_ password: [UInt8]) -> Bool {
        let isPossible = Self.accepts(password)
        guard let text = Self.crypt(isPossible ? password : [], setting: self.text) else { return false }
        return constantTimeEqual(Array(text.utf8), Array(self.text.utf8)) && isPossible
    }

    /// Whether crypt(3) can take all of the password.
    package static func accepts(_ password: [UInt8]) -> Bool {
        (1...maximumPasswordOctets).contains(password.count) && !password.contains(0)
    }

    private static func crypt(_ password: [UInt8], setting: String) -> String? {
        var work: UnsafeMutableRawPointer?
        var size: Int32 = 0
        defer { unsafe free(work) }
        let phrase = password.map(CChar.init(bitPattern:)) + [0]
        guard let output = unsafe crypt_ra(phrase, setting, &work, &size) else { return nil }
        return unsafe String(cString: output)
    }
}

extension PasswordHash: CustomStringConvertible {
    /// The scheme only: a hash is not for logs.
    package var description: String {
        text.hasPrefix("$") ? "$\(text.dropFirst().prefix { $0 != "$" })$..." : "DES..."
    }
}
