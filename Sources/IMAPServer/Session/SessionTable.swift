// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

/// The commands that are valid after log-on, by name.
enum SessionTable {
    static let commands: [String: any SessionCommand.Type] = {
        let types: [any SessionCommand.Type] = [
            CancelUpdateCommand.self, CapabilityCommand.self, CheckCommand.self, CloseCommand.self,
            CompressCommand.self, CopyCommand.self, CreateCommand.self, DeleteACLCommand.self, DeleteCommand.self,
            ESearchCommand.self, EnableCommand.self, ExamineCommand.self, ExpungeCommand.self, FetchCommand.self,
            GetACLCommand.self, GetMetadataCommand.self, GetQuotaCommand.self, GetQuotaRootCommand.self,
            IDCommand.self, IdleCommand.self, ListCommand.self, ListRightsCommand.self, LogoutCommand.self,
            LsubCommand.self, MoveCommand.self, MyRightsCommand.self, NamespaceCommand.self, NoopCommand.self,
            NotifyCommand.self, RenameCommand.self, SearchCommand.self, SelectCommand.self, SetACLCommand.self,
            SetMetadataCommand.self, SortCommand.self, StatusCommand.self, StoreCommand.self, SubscribeCommand.self,
            ThreadCommand.self, UnauthenticateCommand.self, UnselectCommand.self, UnsubscribeCommand.self,
        ]
        return Dictionary(uniqueKeysWithValues: types.map { ("\($0.name)", $0) })
    }()

    private static let beforeLogOn: Set<String> = ["AUTHENTICATE", "LOGIN", "STARTTLS"]

    /// Read in another way, since their messages are in no frame.
    private static let withMessages: Set<String> = ["APPEND", "REPLACE"]

    static func knows(_ name: String) -> Bool { commands[name] != nil || withMessages.contains(name) || name == "UID" }

    /// Why there is no such command here.
    static func unknown(_ name: String) -> String {
        if beforeLogOn.contains(name) { return "\(name) is valid before log-on only" }
        if withMessages.contains(name) { return "\(name): expected the message as a literal" }
        return "Unknown command \(String(decoding: name.utf8.prefix(32), as: UTF8.self))"
    }
}
