// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

/// What came of a command before log-on.
enum PreAuthenticationStep {
    case answer(StatusResponse)
    /// The command has sent its own answer.
    case answered
    case authenticated(IMAPLogOn)
    /// Answer, then close.
    case leave(StatusResponse)
}

/// A command that is valid before log-on.
protocol PreAuthenticationCommand: IMAPCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) async throws -> PreAuthenticationStep
}

/// The commands that are valid before log-on, by name.
enum PreAuthenticationTable {
    private static let commands: [String: any PreAuthenticationCommand.Type] = [
        "AUTHENTICATE": AuthenticateCommand.self,
        "CAPABILITY": CapabilityCommand.self,
        "ID": IDCommand.self,
        "LOGIN": LoginCommand.self,
        "LOGOUT": LogoutCommand.self,
        "NOOP": NoopCommand.self,
        "STARTTLS": StartTLSCommand.self,
    ]

    static func perform(
        _ head: CommandHead,
        _ scanner: inout WireScanner,
        in state: IMAPPreAuthentication
    ) async throws -> PreAuthenticationStep {
        guard let type = commands[head.name] else {
            guard SessionTable.knows(head.name) else { throw CommandRefusal.bad(SessionTable.unknown(head.name)) }
            throw CommandRefusal.bad("\(head.name) needs a log-on first")
        }
        return try await perform(type, head, &scanner, state)
    }

    private static func perform<Command: PreAuthenticationCommand>(
        _ type: Command.Type,
        _ head: CommandHead,
        _ scanner: inout WireScanner,
        _ state: IMAPPreAuthentication
    ) async throws -> PreAuthenticationStep {
        try await type.parse(&scanner, isUID: head.isUID).perform(in: state, tag: head.tag)
    }
}
