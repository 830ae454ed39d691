// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Every command that the grammar knows, for those who take any: proxies, tools, tests.
package enum AnyCommand {
    package static let types: [any IMAPCommand.Type] = [
        AppendCommand.self, AuthenticateCommand.self, CancelUpdateCommand.self, CapabilityCommand.self,
        CheckCommand.self, CloseCommand.self, CompressCommand.self, ESearchCommand.self,
        CopyCommand.self, CreateCommand.self, DeleteACLCommand.self, DeleteCommand.self, EnableCommand.self,
        ExamineCommand.self, ExpungeCommand.self, FetchCommand.self, GetACLCommand.self, GetMetadataCommand.self,
        GetQuotaCommand.self, GetQuotaRootCommand.self, IDCommand.self, IdleCommand.self, ListCommand.self,
        ListRightsCommand.self, LoginCommand.self, LogoutCommand.self, LsubCommand.self, MoveCommand.self,
        MyRightsCommand.self, NamespaceCommand.self, NoopCommand.self, NotifyCommand.self, RenameCommand.self,
        ReplaceCommand.self, SearchCommand.self, SelectCommand.self, SetACLCommand.self, SetMetadataCommand.self,
        SortCommand.self, StartTLSCommand.self, StatusCommand.self, StoreCommand.self,
        SubscribeCommand.self, ThreadCommand.self, UnauthenticateCommand.self, UnselectCommand.self,
        UnsubscribeCommand.self,
    ]

    private static let table: [String: any IMAPCommand.Type] = Dictionary(
        uniqueKeysWithValues: types.map { ("\($0.name)", $0) }
    )

    /// Reads one whole frame: tag, name, arguments.
    package static func parse(_ frame: [UInt8]) throws(IMAPSyntaxError) -> (tag: [UInt8], command: any IMAPCommand) {
        var scanner = WireScanner(frame)
        let tag = try CommandHead.tag(parsing: &scanner)
        let start = scanner.offset
        let head = try CommandHead(tag: tag, parsing: &scanner)
        guard let type = table[head.name] else { throw scanner.failure("a command that exists", at: start + 1) }
        return (tag, try parse(type, &scanner, head.isUID))
    }

    private static func parse<Command: IMAPCommand>(
        _ type: Command.Type,
        _ scanner: inout WireScanner,
        _ isUID: Bool
    ) throws(IMAPSyntaxError) -> any IMAPCommand {
        try type.parse(&scanner, isUID: isUID)
    }
}
