// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import ServiceControl
internal import Settings

/// The program that other programs send mail with: `martlet sendmail`, or `martlet` called as `sendmail`, `mailq` or
/// `newaliases` through a link.
///
/// It leaves messages in the pickup folder, whether a server runs or not.
struct SendmailProgram: Sendable {
    /// Names under which the program is this one.
    static let names: Set<String> = ["sendmail", "mailq", "newaliases"]
    /// Octets of a message; the server's own bound is lower.
    private static let maximumOctets = 1 << 30

    let composition: Composition
    let terminal: Terminal
    let environment: [String: String]

    /// Sends a message, or speaks SMTP; the exit code, in the numbers of sysexits.h.
    func run(_ options: SendmailOptions) throws(CommandError) -> Int32 {
        switch options.mode {
        case .dialogue: return SendmailDialogue(port: port(options)).run()
        case .message: try send(options)
        case .help, .queue, .nothing: break
        }
        return ExitCode.success.rawValue
    }

    /// The data folder that the options, else the environment, name.
    func dataFolder(_ options: SendmailOptions) -> String {
        let named = options.data ?? environment["MARTLET_DATA"]
        return named.flatMap { $0.isEmpty ? nil : $0 } ?? InstanceLayout.installedFolder
    }

    private func settings(_ options: SendmailOptions) -> SettingsSnapshot {
        SettingsFile(dataFolder: dataFolder(options), tree: composition.settings).load().snapshot
    }

    private func port(_ options: SendmailOptions) -> UInt16 {
        UInt16(clamping: 25 + settings(options)[ServiceSettings.portBase])
    }

    // MARK: A message

    private func send(_ options: SendmailOptions) throws(CommandError) {
        guard let input = Self.readAll() else {
            throw CommandError(.data, "sendmail: the message is too large, or could not be read.")
        }
        let message = try SendmailMessage(input, options, user: Self.userName, host: Self.hostName)
        let folder = try folder(options)
        let name = try Self.leave(message.file, in: folder)
        if options.isVerbose { terminal.complain("sendmail: left for the server as \(name)\n") }
    }

    private func folder(_ options: SendmailOptions) throws(CommandError) -> String {
        if let named = options.pickup ?? environment["MARTLET_PICKUP"], !named.isEmpty { return named }
        let data = dataFolder(options)
        let chosen = settings(options).texts["pickup/folder"] ?? ""
        let folder = InstanceLayout(data: data).pickup(chosen)
        if unsafe access(folder, W_OK | X_OK) == 0 { return folder }
        // Users who cannot look into the data folder find the one that is made for them.
        if unsafe access(Self.usersFolder, W_OK | X_OK) == 0 { return Self.usersFolder }
        let canEnter = unsafe access(data, X_OK) == 0
        let isMissing = canEnter && !Files.exists(folder)
        // Before its first start a server has none.
        if isMissing, unsafe mkdir(folder, 0o700) == 0 { return folder }
        throw CommandError(
            .noPermission,
            "sendmail: mail cannot be left in \(folder). Set pickup/folder and pickup/access for all users, or name a "
                + "folder with --pickup or MARTLET_PICKUP."
        )
    }

    /// Where packages put the pickup folder for all users.
    static let usersFolder = "/var/spool/martlet/pickup"

    /// Writes the file under a name that is not taken, syncs it, and renames it.
    private static func leave(_ octets: [UInt8], in folder: String) throws(CommandError) -> String {
        let name = Hex.encode((0..<12).map { _ in UInt8.random(in: 0...255) })
        let (temporary, final) = ("\(folder)/.\(name).tmp", "\(folder)/\(name).eml")
        let fd = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard fd >= 0 else { throw failure(errno) }
        var rest = octets[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = errno
                close(fd)
                unsafe unlink(temporary)
                throw failure(code)
            }
            rest = rest.dropFirst(count)
        }
        // The server may run as another user; nobody else can list the folder.
        fchmod(fd, 0o644)
        let isSynced = fsync(fd) == 0
        let code = errno
        close(fd)
        guard isSynced, unsafe rename(temporary, final) == 0 else {
            let reason = isSynced ? errno : code
            unsafe unlink(temporary)
            throw failure(reason)
        }
        let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
        return name
    }

    private static func failure(_ code: Int32) -> CommandError {
        let exitCode: ExitCode =
            switch code {
            case EACCES, EPERM, EROFS: .noPermission
            case ENOSPC, EDQUOT, EIO, EMFILE, ENFILE: .temporary
            default: .cannotCreate
            }
        return CommandError(exitCode, "sendmail: the message cannot be left: \(unsafe String(cString: strerror(code)))")
    }

    private static func readAll() -> [UInt8]? {
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, octets.count + count <= maximumOctets else { return nil }
            if count == 0 { return octets }
            octets += piece[..<count]
        }
    }

    private static var userName: String {
        if let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name {
            return unsafe String(cString: name)
        }
        return "user\(getuid())"
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
