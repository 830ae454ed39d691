// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime

extension Option {
    static let passwordInput = Option("--password-stdin", help: "Read the password from standard input, one line")
    static let passwordHash = Option(
        "--hash-stdin",
        help: "Take over a hash of crypt(5), as in /etc/shadow, from standard input"
    )
    static let passwordGenerate = Option("--generate", help: "Make up a password and show it")
    static let passwordNone = Option("--no-password", help: "No password: nobody can log on")
    /// Known only to be refused with a reason.
    static let passwordArgument = Option("--password", value: "TEXT", help: "Not accepted", isHidden: true)
    static let passwordOptions: [Option] = [
        .passwordInput, .passwordHash, .passwordGenerate, .passwordNone, .passwordArgument,
    ]
}

/// A password as it was had.
struct NewPassword {
    /// `nil`: there is to be none.
    let text: String?
    /// Whether it was made up here and must be shown.
    var isGenerated = false
    /// Whether it is not the password, but its hash.
    var isHash = false

    /// How the admin API takes it.
    var members: [JSONMember] {
        text.map { [JSONMember(isHash ? "passwordHash" : "password", .string($0))] } ?? []
    }
}

extension Invocation {
    /// A new password, by the way that was asked for; else typed twice on the terminal; without one, made up.
    func newPassword(for address: String) throws(CommandError) -> NewPassword {
        guard !has(.passwordArgument) else {
            throw CommandError(
                .usage,
                "A password on the command line can be seen by every user of this machine and stays in the shell's "
                    + "history. Leave --password out to be asked for it, or pipe it in: "
                    + "printf '%s\\n' PASSWORD | \(parsed.name) \(address) --password-stdin"
            )
        }
        if [Option.passwordInput, .passwordHash, .passwordGenerate, .passwordNone].filter(has).count > 1 {
            throw CommandError(
                .usage,
                "Only one of --password-stdin, --hash-stdin, --generate and --no-password can hold."
            )
        }
        if has(.passwordNone) { return NewPassword(text: nil) }
        if has(.passwordInput) { return NewPassword(text: try Self.checked(firstLine())) }
        if has(.passwordHash) { return NewPassword(text: try Self.checked(firstLine()), isHash: true) }
        if !has(.passwordGenerate), let typed = terminal.readSecret("Password for \(PrintableText.escaped(address)): ")
        {
            guard let again = terminal.readSecret("Again: "), again == typed else {
                throw CommandError(.data, "The two are not the same. Nothing was changed.")
            }
            return NewPassword(text: try Self.checked(typed))
        }
        return NewPassword(text: Self.generated(), isGenerated: true)
    }

    private func firstLine() -> [UInt8] {
        let line = terminal.readInput().prefix { $0 != ASCII.lf }
        return Array(line.last == ASCII.cr ? line.dropLast() : line)
    }

    private static func checked(_ bytes: [UInt8]) throws(CommandError) -> String {
        guard !bytes.isEmpty else { throw CommandError(.data, "The password is empty. Nothing was changed.") }
        guard bytes.count <= 1024, let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw CommandError(.data, "A password is at most 1024 octets of UTF-8 without NUL.")
        }
        return text
    }

    /// 20 characters of 32: 100 bits, without letters and digits that look alike.
    private static func generated() -> String {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789-".utf8)
        let drawn = secureRandom(20).map { alphabet[Int($0 & 31)] }
        let groups = [drawn[0..<5], drawn[5..<10], drawn[10..<15], drawn[15..<20]]
        return groups.map { String(decoding: $0.map { $0 == 0x2D ? UInt8(ascii: "x") : $0 }, as: UTF8.self) }
            .joined(separator: "-")
    }
}
