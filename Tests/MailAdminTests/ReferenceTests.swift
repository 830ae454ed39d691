// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import JournalStore
internal import MailTypes
internal import ServiceControl
internal import Testing

@testable import MailAdmin

/// Operations that are only looked at.
private struct NoStore: StoreProvider {
    var number: Int { 1 }
    var folder: String { "/nonexistent" }

    func withStore<Answer: Sendable>(
        _ body: @Sendable (JournalStore) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        throw AdminError(.unavailable, "There is no store.")
    }
}

@Suite struct ReferenceTests {
    private static let reference: String = {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let fd = unsafe open(folder + "/docs/admin-api.md", O_RDONLY)
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = unsafe read(fd, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }()

    /// As callers name it: accounts by address, before `MailGateway` has found their store.
    private static func path(_ operation: AdminOperation) -> String {
        guard operation.pattern.starts(with: ["v1", "mail"]) else { return operation.pattern.joined(separator: "/") }
        return (["v1", "accounts", ":address", "mail"] + operation.pattern.dropFirst(3)).joined(separator: "/")
    }

    private static var operations: [AdminOperation] { MailOperations(NoStore()).all }

    @Test(arguments: operations.map { ("\($0.method.rawValue) /\(path($0))", $0.isLong) })
    func `The reference has every operation on mail, and says which are long`(name: String, isLong: Bool) {
        let line = Self.reference.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") }
        #expect(line != nil)
        #expect(line?.contains("| long: ") == isLong)
    }

    @Test func `The reference has what is answered without a store`() {
        for operation in MailGateway.operations(InstanceLayout(data: "/nonexistent"), directory: NoDirectory()) {
            #expect(Self.reference.contains("| `\(operation.method.rawValue) /\(Self.path(operation))` |"))
        }
    }

    @Test func `Every operation on mail is one that the gateway passes on`() {
        for operation in Self.operations {
            let path = Self.path(operation).split(separator: "/").map(String.init)
            #expect(MailGateway.isAboutMail(path), "\(path)")
        }
    }
}

/// A directory that is only named.
private struct NoDirectory: DirectoryAdministration {
    private var none: AdminError { AdminError(.unavailable, "There is no directory.") }

    func domainRecords() throws(AdminError) -> [DomainRecord] { throw none }
    func addDomainRecord(_: Domain, aliasOf: Domain?) throws(AdminError) -> DomainRecord { throw none }
    func removeDomainRecord(_: Domain) throws(AdminError) { throw none }
    func accountRecords(in: Domain?) throws(AdminError) -> [AccountRecord] { throw none }
    func accountRecord(_: MailboxAddress) throws(AdminError) -> AccountRecord { throw none }
    func addAccountRecord(_: MailboxAddress, secret: AccountSecret?, _: AccountChange) throws(AdminError)
        -> AccountRecord
    { throw none }
    func changeAccountRecord(_: MailboxAddress, _: AccountChange) throws(AdminError) -> AccountRecord { throw none }
    func setAccountSecret(_: MailboxAddress, _: AccountSecret?) throws(AdminError) { throw none }
    func removeAccountRecord(_: MailboxAddress, keepsMail: Bool) throws(AdminError) { throw none }
    func appPasswordRecords(of: MailboxAddress) throws(AdminError) -> [AppPasswordRecord] { throw none }
    func addAppPasswordRecord(_: MailboxAddress, name: String, services: [String]) throws(AdminError)
        -> AppPasswordRecord
    { throw none }
    func removeAppPasswordRecord(_: MailboxAddress, name: String) throws(AdminError) { throw none }
    func banRecords() throws(AdminError) -> [BanRecord] { throw none }
    func addBanRecord(_: String, seconds: Int64, reason: String) throws(AdminError) { throw none }
    func removeBanRecord(_: String) throws(AdminError) { throw none }
    func aliasRecords(in: Domain?) throws(AdminError) -> [AliasRecord] { throw none }
    func addAliasRecord(_: MailboxAddress, targets: [MailboxAddress]) throws(AdminError) -> AliasRecord { throw none }
    func setAliasRecord(_: MailboxAddress, targets: [MailboxAddress]) throws(AdminError) -> AliasRecord { throw none }
    func removeAliasRecord(_: MailboxAddress) throws(AdminError) { throw none }
    func setForwardRecord(_: MailboxAddress, targets: [MailboxAddress], keepsCopy: Bool) throws(AdminError)
        -> AccountRecord
    { throw none }
    func groupRecords(in: Domain?) throws(AdminError) -> [GroupRecord] { throw none }
    func groupRecord(_: MailboxAddress) throws(AdminError) -> GroupRecord { throw none }
    func addGroupRecord(_: MailboxAddress, _: GroupRecordChange) throws(AdminError) -> GroupRecord { throw none }
    func changeGroupRecord(_: MailboxAddress, _: GroupRecordChange) throws(AdminError) -> GroupRecord { throw none }
    func removeGroupRecord(_: MailboxAddress) throws(AdminError) { throw none }
    func writeCopy(to: String) throws(AdminError) { throw none }
}
